"""Shows what damaged TFLite files do: how many of them crash the process.

    python -m benchmarks.mutated_tflite --model=model.tflite --count=300

Each file is the model with one to eight bytes changed in its graph; changes to the
weights, most of the file, would only affect scores. Each is opened and scores one crop
in a separate process. TFLite checks offsets before it opens a file, but not everything
that operations read, and it is C++: anything unchecked may crash the process, or worse.
"""

import argparse
import collections
import multiprocessing
import random
import sys
import tempfile
from pathlib import Path

import numpy as np

from rankiqa_tf.tflite_model import TFLiteModel

_SECONDS = 60


def mutated(contents: bytes, generator: random.Random) -> bytes:
    """Changes some bytes in the file's first or last 8 kB, where the graph is."""
    changed = bytearray(contents)
    graph = contents.rindex(b"PK\x03\x04")  # Our metadata follows it.
    for _ in range(generator.randint(1, 8)):
        near = generator.randrange(8, min(8192, graph))
        changed[generator.choice((near, graph - near))] = generator.randrange(256)
    return bytes(changed)


def open_and_score(path: str) -> None:
    """Scores a crop; exit code 0, 3 if the file is rejected, 4 if the score is."""
    try:
        model = TFLiteModel.load(path, threads=1)
    except ValueError:
        sys.exit(3)
    try:
        model.score_crops(np.zeros((1, *model.input_size, 3), np.uint8))
    except (ValueError, RuntimeError):
        sys.exit(4)


def main() -> int:
    """Prints how many files ended in which way."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--count", type=int, default=300)
    given = parser.parse_args()
    contents, generator = given.model.read_bytes(), random.Random(0)
    ways: collections.Counter[str] = collections.Counter()
    named = {0: "scored", 3: "refused when opened", 4: "refused when run"}
    context = multiprocessing.get_context("fork")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "model.tflite")
        for _ in range(given.count):
            path.write_bytes(mutated(contents, generator))
            child = context.Process(target=open_and_score, args=(str(path),))
            child.start()
            child.join(_SECONDS)
            if child.exitcode is None:
                child.kill()
                child.join()
                ways["not ended after a minute"] += 1
            else:
                ended = f"ended the process ({child.exitcode})"
                ways[named.get(child.exitcode, ended)] += 1
    for way, count in ways.most_common():
        print(f"{count:5} {way}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
