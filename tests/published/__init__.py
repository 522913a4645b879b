"""Models as people publish them, written after public patterns, each with its own pipeline."""
