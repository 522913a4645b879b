import java.io.ByteArrayInputStream;
import java.io.File;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.Paths;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.Supplier;
import org.edgernn.Classifier;
import org.edgernn.EdgernnException;
import org.edgernn.Prediction;
import org.edgernn.SelfTest;
import org.edgernn.Status;

/** What the corpus does not replay: java Checks BUNDLE [leaks], which prints a line per check. */
public final class Checks {
  private interface Check {
    boolean passes() throws Exception;
  }

  private static String path;
  private static byte[] data;

  public static void main(String[] arguments) throws Exception {
    path = arguments[0];
    data = Files.readAllBytes(Paths.get(path));
    if (arguments.length > 1) {
      print("predictions", Checks::keepsMemoryOfPredictions);
      print("open and close", Checks::keepsMemoryOfOpening);
      return;
    }
    print("ways to load", Checks::loadsEveryWay);
    print("buffer position", Checks::readsFromThePosition);
    print("surrogates", Checks::replacesLoneSurrogates);
    print("outside the BMP", Checks::readsFourByteCharacters);
    print("self-test", Checks::passesTheSelfTest);
    print("missing file", () -> statusOf(() -> Classifier.load("no-such-file")) == Status.NOT_FOUND);
    print("path in messages", Checks::namesThePath);
    print("long text", Checks::rejectsLongTexts);
    print("null", Checks::rejectsNull);
    print("closed", Checks::rejectsClosed);
    print("threads", Checks::sharesBetweenThreads);
    print("close under load", Checks::closesWhileOthersPredict);
  }

  private static void print(String name, Check check) throws Exception {
    System.out.println(name + ": " + (check.passes() ? "passed" : "failed"));
  }

  private static Status statusOf(Supplier<?> call) {
    try {
      call.get();
    } catch (EdgernnException error) {
      return error.getMessage().isEmpty() ? null : error.getStatus();
    }
    return Status.OK;
  }

  private static boolean loadsEveryWay() throws IOException {
    ByteBuffer direct = ByteBuffer.allocateDirect(data.length + 1);
    direct.position(1);
    direct.put(data).position(1);
    List<Float> found = new ArrayList<>();
    try (FileChannel channel = FileChannel.open(Paths.get(path))) {
      ByteBuffer mapped = channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size());
      for (Classifier each :
          Arrays.asList(
              Classifier.load(path),
              Classifier.load(new ByteArrayInputStream(data)),
              Classifier.load(ByteBuffer.wrap(data)),
              Classifier.load(direct),
              Classifier.load(direct.asReadOnlyBuffer()),
              Classifier.load(mapped))) {
        found.add(each.predict("A film to remember.").getProbability());
        each.close();
      }
    }
    return found.size() == 6 && found.stream().allMatch(found.get(0)::equals);
  }

  private static boolean readsFromThePosition() {
    ByteBuffer buffer = ByteBuffer.allocate(data.length + 10);
    buffer.position(7);
    buffer.put(data).flip().position(7);
    Classifier.load(buffer).close();
    return buffer.position() == 7 && buffer.remaining() == data.length;
  }

  private static boolean replacesLoneSurrogates() {
    try (Classifier classifier = Classifier.load(path)) {
      String[] broken = {"\ud800", "good \udc00film", "\ud800\ud800\udc00", "\udc00\ud800 x", "film\udfff"};
      String[] whole = {"\ufffd", "good \ufffdfilm", "\ufffd\ud800\udc00", "\ufffd\ufffd x", "film\ufffd"};
      for (int i = 0; i < broken.length; i++) {
        if (!Arrays.equals(classifier.tokenize(broken[i]), classifier.tokenize(whole[i]))) {
          return false;
        }
      }
      // '?' is punctuation and would vanish.
      return !Arrays.equals(classifier.tokenize("film\ud800"), classifier.tokenize("film?"));
    }
  }

  /** Modified UTF-8 would write six bytes, and two for U+0000. */
  private static boolean readsFourByteCharacters() {
    try (Classifier classifier = Classifier.load(path)) {
      String text = "film \ud83c\udfac a\u0000b";
      byte[] utf8 = {'f', 'i', 'l', 'm', ' ', (byte) 0xf0, (byte) 0x9f, (byte) 0x8e, (byte) 0xac, ' ', 'a', 0, 'b'};
      return Arrays.equals(classifier.tokenize(text), classifier.tokenize(utf8))
          && classifier.tokenize(text).length >= 3;
    }
  }

  private static boolean passesTheSelfTest() {
    try (Classifier classifier = Classifier.load(path)) {
      SelfTest found = classifier.selfTest();
      return found.isPassed() && found.getTexts() > 0 && found.getMaxError() < 1e-5;
    }
  }

  private static boolean namesThePath() throws IOException {
    byte[] damaged = data.clone();
    damaged[damaged.length / 2] ^= 1;
    Path file = Files.createTempFile("damaged", ".edgernn");
    try {
      Files.write(file, damaged);
      String plain = messageOf(() -> Classifier.load(ByteBuffer.wrap(damaged)));
      return plain.startsWith("a checksum")
          && messageOf(() -> Classifier.load(file.toString())).equals(file + ": " + plain)
          && messageOf(() -> Classifier.load("no-such-file")).startsWith("no-such-file: ");
    } finally {
      Files.delete(file);
    }
  }

  private static String messageOf(Supplier<?> call) {
    try {
      call.get();
    } catch (EdgernnException error) {
      return error.getMessage();
    }
    return "";
  }

  private static boolean rejectsLongTexts() {
    try (Classifier classifier = Classifier.load(path)) {
      byte[] most = new byte[1 << 20];
      Arrays.fill(most, (byte) ' ');
      Prediction empty = classifier.predict("");
      return classifier.predict(most).getProbability() == empty.getProbability()
          && statusOf(() -> classifier.predict(new byte[(1 << 20) + 1])) == Status.TEXT_TOO_LONG
          && statusOf(() -> classifier.tokenize(new byte[(1 << 20) + 1])) == Status.TEXT_TOO_LONG;
    }
  }

  private static boolean rejectsNull() {
    try (Classifier classifier = Classifier.load(path)) {
      return throwsError(NullPointerException.class, () -> classifier.predict((byte[]) null))
          && throwsError(NullPointerException.class, () -> classifier.tokenize((byte[]) null))
          && throwsError(NullPointerException.class, () -> classifier.predict((String) null));
    }
  }

  private static boolean rejectsClosed() {
    Classifier classifier = Classifier.load(path);
    classifier.close();
    classifier.close();
    return throwsError(IllegalStateException.class, () -> classifier.predict("film"))
        && throwsError(IllegalStateException.class, () -> classifier.tokenize("film"))
        && throwsError(IllegalStateException.class, classifier::selfTest)
        && throwsError(IllegalStateException.class, classifier::getKernels);
  }

  private static boolean throwsError(Class<?> expected, Supplier<?> call) {
    try {
      call.get();
    } catch (RuntimeException error) {
      return expected.isInstance(error);
    }
    return false;
  }

  private static boolean sharesBetweenThreads() throws Exception {
    String[] texts = {"A film to remember.", "not a good film", "", "boring, boring, boring"};
    ExecutorService pool = Executors.newFixedThreadPool(8);
    try (Classifier classifier = Classifier.load(path)) {
      List<Callable<Boolean>> calls = new ArrayList<>();
      for (String text : texts) {
        float expected = classifier.predict(text).getProbability();
        for (int i = 0; i < 500; i++) {
          calls.add(() -> classifier.predict(text).getProbability() == expected);
        }
      }
      for (Future<Boolean> found : pool.invokeAll(calls)) {
        if (!found.get()) {
          return false;
        }
      }
      return true;
    } finally {
      pool.shutdown();
    }
  }

  private static boolean closesWhileOthersPredict() throws Exception {
    ExecutorService pool = Executors.newFixedThreadPool(4);
    for (int round = 0; round < 50; round++) {
      Classifier classifier = Classifier.load(path);
      List<Future<Boolean>> calls = new ArrayList<>();
      for (int i = 0; i < 4; i++) {
        calls.add(pool.submit(() -> predictsUntilClosed(classifier)));
      }
      Thread.sleep(2);
      classifier.close();
      for (Future<Boolean> found : calls) {
        if (!found.get()) {
          return false;
        }
      }
    }
    pool.shutdown();
    return true;
  }

  private static boolean predictsUntilClosed(Classifier classifier) {
    while (!throwsError(IllegalStateException.class, () -> classifier.predict("A film"))) {
      Thread.yield();
    }
    return true;
  }

  /** Returns the resident memory of this process in KiB. */
  private static long residentMemory() throws IOException {
    for (String line : Files.readAllLines(Paths.get("/proc/self/status"))) {
      if (line.startsWith("VmRSS:")) {
        return Long.parseLong(line.replaceAll("\\D", ""));
      }
    }
    throw new IOException("no VmRSS");
  }

  private static boolean staysFlat(int warm, int count, Runnable call) throws IOException {
    for (int i = 0; i < warm; i++) {
      call.run();
    }
    System.gc();
    long before = residentMemory();
    for (int i = 0; i < count; i++) {
      call.run();
    }
    System.gc();
    long growth = residentMemory() - before;
    System.err.println(count + " calls: " + growth + " KiB");
    return growth < 2048;
  }

  private static boolean keepsMemoryOfPredictions() throws IOException {
    String text = String.join(" ", java.util.Collections.nCopies(5, "a film to remember"));
    try (Classifier classifier = Classifier.load(path)) {
      return staysFlat(20_000, 100_000, () -> classifier.predict(text));
    }
  }

  private static boolean keepsMemoryOfOpening() throws IOException {
    return staysFlat(
        200,
        1_000,
        () -> {
          try (Classifier classifier = Classifier.load(path)) {
            classifier.predict("A film to remember.");
          }
        });
  }
}
