"""Exports a model for servers, phones and the browser.

    python -m export --model=runs/tuned --output=exported --formats=saved_model,tflite

Each form is written, then scores photos and distorted versions of them beside the
Keras model, and is kept only if it agrees (see `gate`). README.md, the card, says of
each what it takes and how near it is. Exit code: 0 if all were written, 1 if some were
not, 2 if nothing could be begun.
"""

import json
import sys
from collections.abc import Callable
from pathlib import Path

from rankiqa_tf import surroundings

if not surroundings.settle("distortions", "export"):
    sys.exit(surroundings.FAILED)

from absl import flags

from distortions import photo_files
from distortions import program
from export import card
from export import gate
from export import saved_model
from export import tflite
from export import web
from export.formats import FORMATS
from rankiqa_tf import library
from rankiqa_tf.data import crop_grid
from rankiqa_tf.data import references
from rankiqa_tf.data import whole_file
from rankiqa_tf.model import Model
