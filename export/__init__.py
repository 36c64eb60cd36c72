"""Exporting trained models for other programs, and checking that scores agree."""
