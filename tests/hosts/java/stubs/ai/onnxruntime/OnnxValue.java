// In place of ONNX Runtime's class: the signatures that the example calls.
package ai.onnxruntime;

public interface OnnxValue extends AutoCloseable {
  Object getValue() throws OrtException;

  @Override
  void close();
}
