package org.edgernn;

import java.io.ByteArrayOutputStream;
import java.io.FileInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.locks.ReentrantReadWriteLock;

/**
 * A text classifier from a {@code .edgernn} bundle of the format {@code native}.
 *
 * <pre>{@code
 * try (Classifier classifier = Classifier.load("model.edgernn")) {
 *   Prediction prediction = classifier.predict("A film to remember.");
 *   System.out.println(prediction.getLabel() + " " + prediction.getProbability());
 * }
 * }</pre>
 *
 * <p>Threads may share a classifier and call every method at the same time. {@link #close} waits
 * for calls that are running; later calls throw an {@link IllegalStateException}.
 */
public final class Classifier implements AutoCloseable {
  private final ReentrantReadWriteLock lock = new ReentrantReadWriteLock();
  private final List<String> labels;
  /** A buffer that is used in place must stay reachable. */
  private ByteBuffer data;
  /** 0 when closed. Read with the read lock, written with the write lock. */
  private long handle;

  private Classifier(ByteBuffer direct, byte[] copied, int size) {
    long[] found = new long[1];
    Native.check(Native.open(direct, copied, size, found));
    handle = found[0];
    data = direct;
    List<String> names = new ArrayList<>();
    for (int i = 0; i < Native.labelCount(handle); i++) {
      names.add(Utf8.decode(Native.label(handle, i)));
    }
    labels = Collections.unmodifiableList(names);
  }

  /**
   * Opens a bundle. Everything in the file is checked first.
   *
   * @throws EdgernnException the file cannot be read, or is rejected; its message begins with the
   *     path
   */
  public static Classifier load(String path) {
    try (InputStream stream = new FileInputStream(path)) {
      return load(stream);
    } catch (EdgernnException error) {
      throw new EdgernnException(error.getStatus(), path + ": " + error.getMessage(), error);
    } catch (IOException error) {
      String message = path + ": the file cannot be opened or read";
      throw new EdgernnException(Status.NOT_FOUND, message, error);
    }
  }

  /**
   * Opens a bundle that is read from a stream to its end. The stream stays open.
   *
   * @throws EdgernnException the data is rejected
   */
  public static Classifier load(InputStream stream) throws IOException {
    ByteArrayOutputStream all = new ByteArrayOutputStream();
    byte[] part = new byte[1 << 16];
    for (int count = stream.read(part); count >= 0; count = stream.read(part)) {
      all.write(part, 0, count);
    }
    return new Classifier(null, all.toByteArray(), all.size());
  }

  /**
   * Opens a bundle in the remaining bytes of a buffer, whose position is not changed.
   *
   * <p>A read-only direct buffer, such as a file mapped with {@code READ_ONLY}, is used in place if
   * it starts at a multiple of 4. Its bytes must not change while the classifier is open. Any other
   * buffer is copied.
   *
   * @throws EdgernnException the data is rejected
   */
  public static Classifier load(ByteBuffer buffer) {
    ByteBuffer view = buffer.slice();
    if (view.isDirect() && view.isReadOnly()) {
      return new Classifier(view, null, view.remaining());
    }
    byte[] copy = new byte[view.remaining()];
    view.get(copy);
    return new Classifier(null, copy, copy.length);
  }

  /**
   * Classifies a text. A lone surrogate counts as U+FFFD.
   *
   * @throws EdgernnException the text has more than 1 MiB of UTF-8, or the output is invalid
   * @throws IllegalStateException the classifier is closed
   */
  public Prediction predict(String text) {
    return predict(Utf8.encode(text));
  }

  /** Classifies a text of UTF-8 bytes, valid or not. */
  public Prediction predict(byte[] text) {
    Objects.requireNonNull(text);
    float[] probabilities = new float[labels.size()];
    int[] chosen = new int[4 + labels.size()];
    lock.readLock().lock();
    try {
      Native.check(Native.predict(getHandle(), text, probabilities, chosen));
      return new Prediction(labels, probabilities, chosen);
    } finally {
      lock.readLock().unlock();
    }
  }

  /**
   * Returns the ids of a text as the model reads them, padding included, for use with another
   * engine.
   */
  public int[] tokenize(String text) {
    return tokenize(Utf8.encode(text));
  }

  /** Returns the ids of a text of UTF-8 bytes, valid or not. */
  public int[] tokenize(byte[] text) {
    Objects.requireNonNull(text);
    int[][] ids = new int[1][];
    lock.readLock().lock();
    try {
      Native.check(Native.tokenize(getHandle(), text, ids));
      return ids[0];
    } finally {
      lock.readLock().unlock();
    }
  }

  /**
   * Replays the test vectors of the bundle, to check that this device gives the exported outputs.
   *
   * @throws EdgernnException there are no test vectors
   */
  public SelfTest selfTest() {
    float[] found = new float[2];
    lock.readLock().lock();
    try {
      int status = Native.selfTest(getHandle(), found);
      if (status != Status.SELF_TEST.ordinal()) {
        Native.check(status);
      }
      return new SelfTest(status == 0, (int) found[0], found[1]);
    } finally {
      lock.readLock().unlock();
    }
  }

  /** Returns the labels. A prediction's probabilities are in this order. */
  public List<String> getLabels() {
    return labels;
  }

  /** Returns the name of the kernels that this processor uses, such as "avx2". */
  public String getKernels() {
    lock.readLock().lock();
    try {
      return Utf8.decode(Native.kernels(getHandle()));
    } finally {
      lock.readLock().unlock();
    }
  }

  /** Releases the memory of the classifier. A second call has no effect. */
  @Override
  public void close() {
    lock.writeLock().lock();
    try {
      if (handle != 0) {
        Native.close(handle);
      }
      handle = 0;
      data = null;
    } finally {
      lock.writeLock().unlock();
    }
  }

  private long getHandle() {
    if (handle == 0) {
      throw new IllegalStateException("the classifier is closed");
    }
    return handle;
  }
}
