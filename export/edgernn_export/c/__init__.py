"""The target `c`: a folder of C source files."""
