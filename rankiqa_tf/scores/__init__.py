"""What is made of scores: what they mean, and how they are written. No TensorFlow."""
