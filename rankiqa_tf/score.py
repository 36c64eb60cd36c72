"""Scores photos, and photos in folders.

    python -m rankiqa_tf.score --model=model.keras PATH...

Scores come out in order, a few photos' at a time. A file that cannot be read is named
and passed over. Exit code: 0 if all were scored, 1 if some were not, 2 if nothing could
be begun.
"""

import contextlib
import csv
import json
import os
import sys
from collections.abc import Callable
from collections.abc import Iterator
from collections.abc import Sequence
from pathlib import Path
from typing import TextIO

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # Read when TensorFlow is imported.

from absl import flags

from distortions import program
from rankiqa_tf import scoring_flags
from rankiqa_tf.data import decode
from rankiqa_tf.models.metadata import Metadata

# A photo's path, its score or None, and what was wrong or None.
Row = tuple[Path, float | None, str | None]

_scorer = scoring_flags.define_scorer()
flags.adopt_module_key_flags(scoring_flags)
_FORMAT = flags.DEFINE_enum(
    "format", "table", ["table", "csv", "jsonl"], "How scores are written."
)
_OUTPUT = flags.DEFINE_string(
    "output", None, "A file to write to; the standard output if not given."
)


def score_all(
    score_many: scoring_flags.ScoreMany, photos: Sequence[Path]
) -> Iterator[Row]:
    """Yields a row for each photo as soon as it is scored."""
    for path, score in zip(photos, score_many(photos), strict=True):
        if isinstance(score, decode.PhotoError):
            yield path, None, str(score).removeprefix(f"{path}: ")
        else:
            yield path, score, None


def table_writer(file: TextIO, metadata: Metadata) -> Callable[[Row], object]:
    """Writes lines for people, under a heading that tells the scale."""
    scale = "an order without a scale, as it was trained by ranking only"
    if metadata.score_range is not None:
        scale = "trained on scores from {:g} to {:g}".format(*metadata.score_range)
    print(f"{'score':>10}  photo ({metadata.direction}; {scale})", file=file)

    def write(row: Row) -> None:
        path, score, error = row
        if score is None:
            print(f"{'-':>10}  {path}: {error}", file=file)
        else:
            print(f"{score:10.4f}  {path}", file=file)

    return write


def csv_writer(file: TextIO, _: Metadata) -> Callable[[Row], object]:
    """Writes path,score,error, the score or the error empty."""
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(["path", "score", "error"])
    return writer.writerow


def jsonl_writer(file: TextIO, _: Metadata) -> Callable[[Row], object]:
    """Writes an object a line, with path and either score or error."""

    def write(row: Row) -> None:
        path, score, error = row
        result = {"score": score} if error is None else {"error": error}
        print(json.dumps({"path": str(path), **result}), file=file)

    return write


WRITERS = {"table": table_writer, "csv": csv_writer, "jsonl": jsonl_writer}


def main(argv: list[str]) -> int:
    """Scores what the flags and argv[1:] say, and returns the exit code."""
    with contextlib.ExitStack() as stack:
        try:
            if not argv[1:]:
                raise ValueError("name photos or folders to score")
            photos = decode.find_photos(argv[1:])
            scorer = _scorer()
            file = sys.stdout
            if _OUTPUT.value:
                file = stack.enter_context(
                    Path(_OUTPUT.value).open("w", encoding="utf-8", newline="")
                )
        except (ValueError, OSError) as error:
            print(f"error: {error}", file=sys.stderr)
            return 2

        failed = 0
        write = WRITERS[_FORMAT.value](file, scorer.model.metadata)
        for row in score_all(scorer.score_many, photos):
            write(row)
            file.flush()  # So that nothing is lost when it is stopped.
            failed += row[1] is None
    if failed:
        print(f"{failed} of {len(photos)} photos could not be read", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    program.run(main)
