// In place of ONNX Runtime's class: the signatures that the example calls.
package ai.onnxruntime;

public class OrtException extends Exception {
  private static final long serialVersionUID = 1;
}
