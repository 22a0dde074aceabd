"""Dipper's tables kept by Spark: the same model file, the same checks, the same rejects as `dipper serve`."""
