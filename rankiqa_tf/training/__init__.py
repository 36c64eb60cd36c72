"""Training: the loop and its step, the stages, and a run's data and folder."""
