"""Training: presets, the wide path, the recurrent path, and their sum."""
