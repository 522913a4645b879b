package org.edgernn;

import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Locale;

/** The functions of the JNI library. A returned int is a status, unless a function says otherwise. */
final class Native {
  private static final String NAME = "edgernn_jni";

  static {
    load();
  }

  private Native() {}

  /**
   * Opens a classifier.
   *
   * @param direct a direct buffer that is used in place, or null
   * @param copied an array that is copied, or null
   * @param handle set to the handle: [1]
   */
  static native int open(ByteBuffer direct, byte[] copied, int size, long[] handle);

  static native void close(long handle);

  static native int labelCount(long handle);

  static native byte[] label(long handle, int index);

  static native byte[] kernels(long handle);

  static native byte[] message(int status);

  /**
   * Classifies a text.
   *
   * @param probabilities set to the probability of each label: [L]
   * @param chosen set to the indices of the label, the most probable label and the runner-up, the
   *     number of labels that apply, and their indices; -1 is none: [4 + L]
   */
  static native int predict(long handle, byte[] text, float[] probabilities, int[] chosen);

  /** Sets {@code ids[0]}. */
  static native int tokenize(long handle, byte[] text, int[][] ids);

  /** Sets the number of texts and the largest error: [2]. */
  static native int selfTest(long handle, float[] found);

  static EdgernnException exception(int status) {
    return new EdgernnException(Status.values()[status], Utf8.decode(message(status)), null);
  }

  static void check(int status) {
    if (status != 0) {
      throw exception(status);
    }
  }

  private static void load() {
    String path = System.getProperty("edgernn.library");
    if (path != null) {
      System.load(new File(path).getAbsolutePath());
    } else if ("The Android Project".equals(System.getProperty("java.specification.vendor"))) {
      System.loadLibrary(NAME);
    } else {
      loadFromJar();
    }
  }

  /** Returns the folder of this platform's library in the jar, such as "linux-x86_64". */
  static String platform(String systemName, String processorName) {
    String system = systemName.toLowerCase(Locale.ROOT);
    String processor = processorName.toLowerCase(Locale.ROOT);
    if (system.startsWith("mac")) {
      system = "macos";
    } else if (system.startsWith("windows")) {
      system = "windows";
    }
    if (processor.equals("amd64") || processor.equals("x86-64")) {
      processor = "x86_64";
    } else if (processor.equals("arm64")) {
      processor = "aarch64";
    }
    return system + "-" + processor;
  }

  private static void loadFromJar() {
    String platform = platform(System.getProperty("os.name"), System.getProperty("os.arch"));
    String file = System.mapLibraryName(NAME);
    try (InputStream stream = Native.class.getResourceAsStream("native/" + platform + "/" + file)) {
      if (stream == null) {
        throw new UnsatisfiedLinkError(
            "the jar of edgernn has no library for this platform\n  found:    " + platform
                + "\n  next:     build the jar on this machine with `make java PLATFORM=host`,"
                + "\n            or run java with -Dedgernn.library=PATH");
      }
      Path copy = Files.createTempFile("edgernn", file);
      try {
        Files.copy(stream, copy, StandardCopyOption.REPLACE_EXISTING);
        System.load(copy.toString());
      } finally {
        // Windows cannot delete a library that is loaded.
        if (!copy.toFile().delete()) {
          copy.toFile().deleteOnExit();
        }
      }
    } catch (IOException error) {
      throw (Error) new UnsatisfiedLinkError("edgernn cannot unpack its library").initCause(error);
    }
  }
}
