// In place of ONNX Runtime's class: the signatures that the example calls.
package ai.onnxruntime;

import java.util.Arrays;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

public class OrtSession implements AutoCloseable {
  /** Print the inputs, and return 0.25. */
  public Result run(Map<String, ? extends OnnxTensorLike> inputs, Set<String> outputs)
      throws OrtException {
    System.out.println(Arrays.deepToString((int[][]) inputs.get("ids").getValue()));
    System.out.println(Arrays.toString((int[]) inputs.get("lengths").getValue()));
    System.out.println(new TreeSet<>(inputs.keySet()) + " " + outputs);
    return new Result();
  }

  @Override
  public void close() throws OrtException {}

  public static class Result implements AutoCloseable {
    public OnnxValue get(int index) {
      return new OnnxTensor(new float[][] {{0.25f}});
    }

    @Override
    public void close() {}
  }
}
