"""What the tests of the models that ship, and their golden scores, are made on."""

from rankiqa_tf.data import references

# Four of the sample photos that the package carries.
PHOTOS = references.embedded_photos()[::6]
