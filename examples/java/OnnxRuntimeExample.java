import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import java.util.Collections;
import java.util.HashMap;
import java.util.Map;
import org.edgernn.Classifier;

/** The tokenizer of a bundle in front of ONNX Runtime: MODEL.edgernn MODEL.onnx TEXT. */
public final class OnnxRuntimeExample {
  public static void main(String[] arguments) throws OrtException {
    OrtEnvironment environment = OrtEnvironment.getEnvironment();
    try (Classifier tokenizer = Classifier.load(arguments[0]);
        OrtSession session = environment.createSession(arguments[1])) {
      float[] probabilities = run(environment, session, tokenizer.tokenize(arguments[2]));
      // A binary model has one output, the probability of its second label.
      if (probabilities.length == 1) {
        probabilities = new float[] {1 - probabilities[0], probabilities[0]};
      }
      int best = 0;
      for (int i = 1; i < probabilities.length; i++) {
        if (probabilities[i] > probabilities[best]) best = i;
      }
      System.out.println(tokenizer.getLabels().get(best) + " " + probabilities[best]);
    }
  }

  /** Return the outputs for the ids of a text, of which there is at least one. */
  private static float[] run(OrtEnvironment environment, OrtSession session, int[] ids)
      throws OrtException {
    try (OnnxTensor tokens = OnnxTensor.createTensor(environment, new int[][] {ids});
        OnnxTensor lengths = OnnxTensor.createTensor(environment, new int[] {ids.length})) {
      Map<String, OnnxTensor> inputs = new HashMap<>();
      inputs.put("ids", tokens);
      inputs.put("lengths", lengths);
      try (OrtSession.Result result =
          session.run(inputs, Collections.singleton("probabilities"))) {
        return ((float[][]) result.get(0).getValue())[0];
      }
    }
  }
}
