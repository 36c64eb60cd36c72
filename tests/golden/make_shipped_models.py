"""Writes shipped_models.json: what each model of the package scores some photos.

    PYTHONPATH=.:tests python tests/golden/make_shipped_models.py

To be run when a model that ships has changed, and then only: it is what tells that one
has changed without anybody meaning it.
"""

import json
from pathlib import Path

import shipped_models

import rankiqa_tf


def main() -> None:
    """Scores the photos by each model."""
    found = {}
    for name in rankiqa_tf.list_models():
        score = rankiqa_tf.load(name).score
        found[name] = {path.name: score(path) for path in shipped_models.PHOTOS}
    path = Path(__file__).with_name("shipped_models.json")
    path.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
