"""Scores photos, and photos in folders.

    python -m rankiqa_tf.score --model=model.keras PATH...

The model may be a TFLite file, which needs no TensorFlow (the extra `mobile`).

Scores come out in order, a few photos' at a time. A path that is missing and a file
that cannot be read are named and passed over; what is doubtful about a photo that could
be read is told beside its score. Exit code: 0 if all were scored, 1 if some were not, 2
if nothing could be begun.
"""

import contextlib
import csv
import dataclasses
import json
import sys
from collections.abc import Callable
from collections.abc import Iterator
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING
from typing import TextIO

from rankiqa_tf import surroundings

# A TFLite file is scored by without Keras, and without TensorFlow.
if not surroundings.settle("distortions", keras=False):
    sys.exit(surroundings.FAILED)

from absl import flags

from distortions import photo_files
from distortions import program
from distortions import unread_kinds
from distortions.photo_header import PhotoError
from rankiqa_tf import scoring_flags
from rankiqa_tf.metadata import Metadata
from rankiqa_tf.scoring import ScoreMany
from rankiqa_tf.scoring import ScoresPlaces

if TYPE_CHECKING:
    from rankiqa_tf.scores.map_folder import MapFolder
    from rankiqa_tf.scores.page import Page

_scorer = scoring_flags.define_scorer()
flags.adopt_module_key_flags(scoring_flags)
_FORMAT = flags.DEFINE_enum(
    "format", "table", ["table", "csv", "jsonl"], "How scores are written."
)
_OUTPUT = flags.DEFINE_string(
    "output", None, "A file to write to; the standard output if not given."
)
_QUIET = flags.DEFINE_bool(
    "quiet",
    False,
    "Do not tell which photos in folders are of kinds that are not read.",
)
_REPORT = flags.DEFINE_string(
    "report",
    None,
    "An HTML page to write: the photos, worst first, a histogram of their scores, and "
    "where the worst are good and bad.",
)
_MAP = flags.DEFINE_string(
    "map",
    None,
    "A folder to write heat maps into, of where each photo is good and bad, as PNG; it "
    "takes several times as long as scoring.",
)


@dataclasses.dataclass(frozen=True)
class Row:
    """What is written of a photo.

    Attributes:
        path: the file.
        score: None if it could not be read.
        error: what was wrong then; empty if it could.
        warning: what is doubtful about it, though it could be read; mostly empty.
    """

    path: Path
    score: float | None
    error: str
    warning: str


def score_all(score_many: ScoreMany, photos: Sequence[Path]) -> Iterator[Row]:
    """Yields a row for each photo as soon as it is scored."""
    doubts: list[str] = []
    scores = score_many(photos, warn=lambda _, doubt: doubts.append(doubt))
    for path, score in zip(photos, scores, strict=True):
        warning = "; ".join(dict.fromkeys(doubts))
        doubts.clear()
        if isinstance(score, PhotoError):
            yield Row(path, None, str(score).removeprefix(f"{path}: "), warning)
        else:
            yield Row(path, score, "", warning)


def table_writer(file: TextIO, metadata: Metadata) -> Callable[[Row], object]:
    """Writes lines for people, under a heading that tells the scale."""
    scale = "an order without a scale, as it was trained by ranking only"
    if metadata.score_range is not None:
        scale = "trained on scores from {:g} to {:g}".format(*metadata.score_range)
    print(f"{'score':>10}  photo ({metadata.direction}; {scale})", file=file)

    def write(row: Row) -> None:
        if row.score is None:
            print(f"{'-':>10}  {row.path}: {row.error}", file=file)
        elif row.warning:
            print(f"{row.score:10.4f}! {row.path}: {row.warning}", file=file)
        else:
            print(f"{row.score:10.4f}  {row.path}", file=file)

    return write


def csv_writer(file: TextIO, _: Metadata) -> Callable[[Row], object]:
    """Writes path,score,error,warning, what there is not empty."""
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow([field.name for field in dataclasses.fields(Row)])
    return lambda row: writer.writerow(dataclasses.astuple(row))


def jsonl_writer(file: TextIO, _: Metadata) -> Callable[[Row], object]:
    """Writes an object a line: path, either score or error, and any warning."""

    def write(row: Row) -> None:
        found = dataclasses.asdict(row) | {"path": str(row.path)}
        there = {
            name: value for name, value in found.items() if value not in ("", None)
        }
        print(json.dumps(there), file=file)

    return write


WRITERS = {"table": table_writer, "csv": csv_writer, "jsonl": jsonl_writer}


def _page(metadata: Metadata) -> "Page | None":
    if _REPORT.value is None:
        return None
    from rankiqa_tf.scores import page  # With matplotlib.

    page.check_path(_REPORT.value)
    return page.Page(flags.FLAGS.model, metadata)


def _maps(paths: Sequence[str], model: ScoresPlaces) -> "MapFolder | None":
    if _MAP.value is None:
        return None
    from rankiqa_tf.scores import map_folder  # Likewise.

    return map_folder.MapFolder(Path(_MAP.value), map(Path, paths), model)


def _draw(maps: "MapFolder", photo: Path) -> bool:
    try:
        maps.add(photo)
    except PhotoError as error:  # It was changed since it was scored.
        print(f"no map: {error}", file=sys.stderr)
        return False
    return True


def main(argv: list[str]) -> int:
    """Scores what the flags and argv[1:] say, and returns the exit code."""
    with contextlib.ExitStack() as stack:
        try:
            if not argv[1:]:
                raise ValueError("name photos or folders to score")
            found = photo_files.search(argv[1:])
            if not found.photos:
                raise ValueError("; ".join(found.problems))
            scorer = _scorer()
            page = _page(scorer.model.metadata)
            maps = _maps(argv[1:], scorer.model)
            file = sys.stdout
            if _OUTPUT.value:
                output = Path(_OUTPUT.value)
                file = stack.enter_context(
                    # Names of files may hold bytes that are no UTF-8.
                    output.open(
                        "w", encoding="utf-8", errors=program.ERRORS, newline=""
                    )
                )
        except (ValueError, ImportError, OSError) as error:
            print(f"error: {error}", file=sys.stderr)
            return 2

        failed = doubtful = 0
        write = WRITERS[_FORMAT.value](file, scorer.model.metadata)
        for row in score_all(scorer.score_many, found.photos):
            write(row)
            file.flush()  # So that nothing is lost when it is stopped.
            failed += row.score is None
            doubtful += row.score is not None and bool(row.warning)
            if page:
                page.add(row)
            if maps and row.score is not None:
                failed += not _draw(maps, row.path)
    if page and _REPORT.value:
        page.write(_REPORT.value, scorer.model)
    for problem in found.problems:
        print(f"passed over: {problem}", file=sys.stderr)
    count = len(found.photos)
    if doubtful:
        print(f"{doubtful} of {count} photos were read with a warning", file=sys.stderr)
    if failed:
        print(f"{failed} of {count} photos could not be read", file=sys.stderr)
    if found.passed_over and not _QUIET.value:
        print(unread_kinds.passed_over(found.passed_over), file=sys.stderr)
    return 1 if failed or found.problems else 0


if __name__ == "__main__":
    program.run(main)
