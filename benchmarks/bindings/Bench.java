import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Paths;
import java.util.Arrays;
import org.edgernn.Classifier;

/** Prints the milliseconds to the first prediction, then the median microseconds of each text. */
public final class Bench {
  public static void main(String[] arguments) throws Exception {
    String[] texts = {read(arguments[1]), read(arguments[2])};
    long start = System.nanoTime();
    try (Classifier classifier = Classifier.load(arguments[0])) {
      classifier.predict(texts[0]);
      System.out.println((System.nanoTime() - start) / 1e6);
      for (String text : texts) {
        System.out.println(median(classifier, text));
      }
    }
  }

  private static String read(String path) throws Exception {
    return new String(Files.readAllBytes(Paths.get(path)), StandardCharsets.UTF_8);
  }

  private static double median(Classifier classifier, String text) {
    long[] found = new long[2000];
    for (int i = -2000; i < found.length; i++) {
      long start = System.nanoTime();
      classifier.predict(text);
      found[Math.max(i, 0)] = System.nanoTime() - start;
    }
    Arrays.sort(found);
    return found[found.length / 2] / 1e3;
  }
}
