"""The target `onnx`: fused ONNX files, `.ort` files, and the fallback conversion."""
