"""The benchmark: each form of the model in a process of its own, on the same texts."""
