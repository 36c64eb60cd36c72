"""Scores in bulk: the pipeline of Apache Beam that scores photos, on many machines."""
