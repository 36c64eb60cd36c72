"""Scoring in bulk: an Apache Beam pipeline that scores photos on many machines."""
