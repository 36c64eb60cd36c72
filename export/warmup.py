"""Warm-up requests stored with a SavedModel, which servers run before any others.

A model's first requests take seconds, while TensorFlow prepares its graph. So
TensorFlow Serving replays assets.extra/tf_serving_warmup_requests, a file of
PredictionLog records, before it reports a model as available; so does export.serve.

Needs the extra `serving`, which includes the protocol.
"""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
from tensorflow_serving.apis import predict_pb2
from tensorflow_serving.apis import prediction_log_pb2

from rankiqa_tf.data import crop_grid
from rankiqa_tf.model import Model

FILE = Path("assets.extra", "tf_serving_warmup_requests")


def write(model: Model, path: str | Path) -> None:
    """Writes warm-up requests into the folder of a SavedModel.

    For serving_default they are a JPEG and a PNG, one the size of a crop and one with
    the maximum number of crops; for pixels, the smaller of these.

    Args:
        model: the model that the SavedModel was made from.
        path: of the SavedModel.
    """
    side = model.metadata.crop_size
    small, large = _photo(side), _photo(side * crop_grid.MAX_CROPS_A_SIDE)
    files = [tf.io.encode_jpeg(small).numpy(), tf.io.encode_png(large).numpy()]
    given: list[tuple[str, str, Any]] = [
        *(("serving_default", "image_bytes", [file]) for file in files),
        ("pixels", "image", small),
    ]
    with tf.io.TFRecordWriter(str(Path(path, FILE))) as writer:
        for signature, name, value in given:
            log = prediction_log_pb2.PredictionLog()
            request = log.predict_log.request
            # TensorFlow Serving ignores the name and uses the model in whose folder
            # this is.
            request.model_spec.signature_name = signature
            request.inputs[name].CopyFrom(tf.make_tensor_proto(value))
            writer.write(log.SerializeToString())


def requests(path: str | Path) -> Iterator[predict_pb2.PredictRequest]:
    """Yields the warm-up requests in the folder of a SavedModel, if there are any.

    Raises:
        ValueError: if they cannot be read.
    """
    file = Path(path, FILE)
    if not file.is_file():
        return
    try:
        for record in tf.data.TFRecordDataset(str(file)).as_numpy_iterator():
            log = prediction_log_pb2.PredictionLog.FromString(record)
            if log.WhichOneof("log_type") == "predict_log":
                yield log.predict_log.request
    except Exception as error:  # TensorFlow's and protobuf's.
        raise ValueError(f"{file} cannot be read: {error}") from error


def _photo(side: int) -> np.ndarray:
    """Returns a smooth photo, uint8 [side, side, 3], which encodes to few bytes."""
    ramp = np.linspace(0, 255, side).astype(np.uint8)
    across, down = np.broadcast_arrays(ramp[np.newaxis], ramp[:, np.newaxis])
    return np.stack([across, down, across], axis=-1)


if __name__ == "__main__":
    sys.exit("export.warmup is a library; the program is python -m export")
