"""RankIQA: no-reference image quality from rankings, in TensorFlow."""
