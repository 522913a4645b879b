// In place of ONNX Runtime's class: the signatures that the example calls.
package ai.onnxruntime;

public final class OrtEnvironment implements AutoCloseable {
  public static OrtEnvironment getEnvironment() {
    return new OrtEnvironment();
  }

  public OrtSession createSession(String path) throws OrtException {
    return new OrtSession();
  }

  @Override
  public void close() {}
}
