"""Benchmark of bundles beside the full model, each variant in its own process."""
