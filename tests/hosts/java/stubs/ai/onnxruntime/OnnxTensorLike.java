// In place of ONNX Runtime's class: the signatures that the example calls.
package ai.onnxruntime;

public abstract class OnnxTensorLike implements OnnxValue {}
