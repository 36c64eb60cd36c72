"""Evaluation: metrics, the papers' protocol, and the tables and pages of figures."""
