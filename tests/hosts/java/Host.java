import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.Paths;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import org.edgernn.Classifier;
import org.edgernn.EdgernnException;
import org.edgernn.Prediction;

/** The Java host: java Host FOLDER, which prints what it replayed and what passed. */
public final class Host {
  private interface Replay {
    boolean passes(String[] words) throws IOException;
  }

  private static Path folder;
  private static final Map<String, Classifier> OPEN = new HashMap<>();

  public static void main(String[] arguments) throws IOException {
    folder = Paths.get(arguments[0]);
    replay("predictions", Host::replayPrediction);
    replay("tokens", Host::replayToken);
    replay("broken", Host::replayBroken);
  }

  private static void replay(String name, Replay replay) throws IOException {
    List<String> lines = Files.readAllLines(folder.resolve(name + ".txt"), StandardCharsets.US_ASCII);
    int passed = 0;
    for (String line : lines) {
      String[] words = line.split(" ");
      if (replay.passes(words)) {
        passed++;
      } else {
        System.err.println(name + ": " + words[0] + " failed");
      }
    }
    System.out.println(name + " " + lines.size() + " " + passed);
  }

  private static Classifier find(String bundle) {
    return OPEN.computeIfAbsent(
        bundle, name -> Classifier.load(folder.resolve("bundles").resolve(name).toString()));
  }

  private static byte[] decode(String word) {
    if (word.equals("-")) {
      return new byte[0];
    }
    byte[] found = new byte[word.length() / 2];
    for (int i = 0; i < found.length; i++) {
      found[i] = (byte) Integer.parseInt(word.substring(2 * i, 2 * i + 2), 16);
    }
    return found;
  }

  /** Returns whether a text survives a String, so that both ways into the library are replayed. */
  private static boolean isText(byte[] bytes) {
    return Arrays.equals(text(bytes).getBytes(StandardCharsets.UTF_8), bytes);
  }

  private static String text(byte[] bytes) {
    return new String(bytes, StandardCharsets.UTF_8);
  }

  private static boolean replayPrediction(String[] words) {
    Classifier classifier = find(words[0]);
    byte[] bytes = decode(words[1]);
    if (isText(bytes) && !isExpected(classifier, classifier.predict(text(bytes)), words)) {
      return false;
    }
    return isExpected(classifier, classifier.predict(bytes), words);
  }

  private static boolean isExpected(Classifier classifier, Prediction found, String[] words) {
    String[] expected = words[6].split(",");
    Iterator<Float> values = found.getProbabilities().values().iterator();
    if (found.getProbabilities().size() != expected.length) {
      return false;
    }
    for (String value : expected) {
      if (!(Math.abs(values.next() - Float.parseFloat(value)) <= Float.parseFloat(words[7]))) {
        return false;
      }
    }
    String[] chosen = Arrays.copyOfRange(words, 2, 6);
    String label = found.getLabel() == null ? found.getBest() : found.getLabel();
    return Arrays.equals(describe(found, classifier.getLabels()), chosen)
        && found.getProbability() == found.getProbabilities().get(label);
  }

  /** Returns the label, the best one, the runner-up and those that apply, as the corpus has them. */
  private static String[] describe(Prediction found, List<String> names) {
    StringBuilder applying = new StringBuilder();
    for (String label : found.getLabels()) {
      applying.append(applying.length() == 0 ? "" : ",").append(names.indexOf(label));
    }
    return new String[] {
      number(names, found.getLabel()),
      number(names, found.getBest()),
      number(names, found.getRunnerUp()),
      applying.length() == 0 ? "-" : applying.toString()
    };
  }

  private static String number(List<String> names, String label) {
    return label == null ? "-" : Integer.toString(names.indexOf(label));
  }

  private static boolean replayToken(String[] words) {
    byte[] bytes = decode(words[1]);
    Classifier classifier = find(words[0]);
    int[] expected = {};
    if (!words[2].equals("-")) {
      expected = Arrays.stream(words[2].split(",")).mapToInt(Integer::parseInt).toArray();
    }
    if (isText(bytes) && !Arrays.equals(classifier.tokenize(text(bytes)), expected)) {
      return false;
    }
    return Arrays.equals(classifier.tokenize(bytes), expected);
  }

  /** Puts the parts of a broken file together. */
  private static byte[] assemble(byte[] base, String[] words) throws IOException {
    ByteArrayOutputStream found = new ByteArrayOutputStream();
    for (String part : Arrays.copyOfRange(words, 3, words.length)) {
      if (part.startsWith("=")) {
        String[] range = part.substring(1).split(",");
        found.write(base, Integer.parseInt(range[0]), Integer.parseInt(range[1]));
      } else {
        found.write(decode(part.substring(1)));
      }
    }
    return found.toByteArray();
  }

  private static boolean replayBroken(String[] words) throws IOException {
    byte[] base = Files.readAllBytes(folder.resolve("bundles").resolve(words[2]));
    byte[] data = assemble(base, words);
    ByteBuffer direct = ByteBuffer.allocateDirect(data.length).put(data);
    direct.flip();
    String copied = status(ByteBuffer.wrap(data));
    return copied.equals(words[1]) && status(direct.asReadOnlyBuffer()).equals(words[1]);
  }

  private static String status(ByteBuffer data) {
    try {
      Classifier.load(data).close();
    } catch (EdgernnException error) {
      return error.getStatus().name();
    }
    return "OK";
  }
}
