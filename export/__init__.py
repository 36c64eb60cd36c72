"""Trained models for other programs: SavedModel, TFLite, and whether they agree."""
