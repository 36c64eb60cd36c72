"""What the package carries with it: sample photos in `photos/`.

The photos are pristine, so that a ranker can be tried with no data at hand.
`photos/sources.csv` names the collection, the original name and the licence of each;
all are CC0-1.0. `rankiqa_tf.data.references.embedded_photos` finds them.
"""
