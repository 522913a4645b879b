"""The target `native`: `model.bin` of our own C engine."""
