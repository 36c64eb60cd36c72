"""Trained models for other programs: SavedModel, TFLite; how near they are."""
