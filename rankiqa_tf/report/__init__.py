"""Figures of a run, and the page of a benchmark."""
