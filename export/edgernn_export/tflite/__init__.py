"""The target `tflite`: fused TFLite files, and the fallback conversion."""
