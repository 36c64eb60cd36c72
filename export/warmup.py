"""Warm-up requests beside a SavedModel, which servers send it before any other.

The first requests of a model take seconds, in which TensorFlow prepares its graph. So
TensorFlow Serving replays what is in assets.extra/tf_serving_warmup_requests, records
of its PredictionLog, before it says that a model is available; so does export.serve.

Needs the extra `serving`, which has the protocol.
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

    They are a JPEG and a PNG to serving_default, one as large as a crop, one of as many
    crops as there can be, and the smaller to pixels.

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
            # TensorFlow Serving sends it to the model it stands beside, whatever its
            # name there.
            request.model_spec.signature_name = signature
            request.inputs[name].CopyFrom(tf.make_tensor_proto(value))
            writer.write(log.SerializeToString())


def requests(path: str | Path) -> Iterator[predict_pb2.PredictRequest]:
    """Reads the requests that stand in the folder of a SavedModel, if there are any.

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
    """A smooth photo, uint8 [side, side, 3]: few bytes once it is encoded."""
    ramp = np.linspace(0, 255, side).astype(np.uint8)
    across, down = np.broadcast_arrays(ramp[np.newaxis], ramp[:, np.newaxis])
    return np.stack([across, down, across], axis=-1)


if __name__ == "__main__":
    sys.exit("export.warmup is a library; the program is python -m export")
