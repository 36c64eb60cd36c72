"""Reads what was written for TensorBoard."""

import tensorflow as tf


def values_of(folder):
    """All values of the files of a folder: {tag: {step: array}}."""
    found = {}
    for file in sorted(folder.glob("events.out.tfevents.*")):
        for record in tf.data.TFRecordDataset(str(file)):
            event = tf.compat.v1.Event.FromString(record.numpy())
            for value in event.summary.value:
                array = tf.make_ndarray(value.tensor)
                found.setdefault(value.tag, {})[event.step] = array
    return found
