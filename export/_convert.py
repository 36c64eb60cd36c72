"""Program: _convert.py SAVED_MODEL OUTPUT writes a TFLite file. See tflite.py."""

import sys
from pathlib import Path

import tensorflow as tf


def main(saved_model: str, output: str) -> None:
    """Converts the SavedModel's serving_default."""
    converter = tf.lite.TFLiteConverter.from_saved_model(
        saved_model, signature_keys=["serving_default"]
    )
    Path(output).write_bytes(converter.convert())


if __name__ == "__main__":
    main(*sys.argv[1:])
