"""Interpreting, ordering and writing scores; does not import TensorFlow."""
