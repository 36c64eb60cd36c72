"""What the tests of shipped models and their golden scores are based on."""

from rankiqa_tf.data import references

# Four of the sample photos that the package carries.
PHOTOS = references.embedded_photos()[::6]
