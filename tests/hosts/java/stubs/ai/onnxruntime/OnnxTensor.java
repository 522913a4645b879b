// In place of ONNX Runtime's class: the signatures that the example calls.
package ai.onnxruntime;

public class OnnxTensor extends OnnxTensorLike {
  private final Object data;

  OnnxTensor(Object data) {
    this.data = data;
  }

  public static OnnxTensor createTensor(OrtEnvironment environment, Object data)
      throws OrtException {
    return new OnnxTensor(data);
  }

  @Override
  public Object getValue() throws OrtException {
    return data;
  }

  @Override
  public void close() {}
}
