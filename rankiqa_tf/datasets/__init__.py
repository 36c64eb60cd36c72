"""Photos with human scores: what a data set is here, and its readers."""
