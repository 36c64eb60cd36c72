"""Scores photos, and photos in folders.

    python -m rankiqa_tf.score PATH...
    find . -newer last -name '*.jpg' | python -m rankiqa_tf.score -

Without --model it is the package's own model. It may be a TFLite file, which needs no
TensorFlow (the extra `mobile`).

In place of a path, - takes paths from the standard input: one a line, or with a NUL
after each as `find -print0` writes them. Folders are searched.

Scores come out in order, a few photos' at a time; with --sort and --worst all at the
end. A path that is missing and a file that cannot be read are named and passed over;
what is doubtful about a photo that could be read is told beside its score.

An --output in CSV or JSON lines that is there already is continued: photos whose rows
are in it are not scored again, and a last row that was half written is mended. Paths
are compared as they are written there. A file of another model, or of other --crops, is
refused. A table, and what is sorted, replaces what is there when all is done. While one
run writes to an --output, or to the folder of --map, others that would are refused.

Exit code: 0 if all photos were scored; 1 if some were not; 2 if nothing was begun; 3 if
all were scored and some score less than --min_score; 130 if it was stopped by Ctrl-C;
141 if the reader of the output, such as head, closed it.
"""

# ruff: noqa: E402 - what takes long to import comes after the command line is read.

from rankiqa_tf import surroundings

surroundings.settle("distortions")

from absl import flags

from distortions import exit_codes
from distortions import program
from rankiqa_tf import scoring_flags
from rankiqa_tf.scores import arrangement
from rankiqa_tf.scores import formats

_scorer = scoring_flags.define_scorer()
_FORMAT = flags.DEFINE_enum(
    "format",
    None,
    list(formats.FORMATS),
    "How scores are written. If not given, as the name of --output ends, else a table.",
)
_OUTPUT = flags.DEFINE_string(
    "output",
    None,
    "A file to write to; the standard output if not given. A CSV or JSON lines file "
    "that is there already is continued.",
)
_RECURSIVE = flags.DEFINE_bool("recursive", True, "Search folders within folders.")
_SORT = flags.DEFINE_enum(
    "sort",
    arrangement.AS_FOUND,
    list(arrangement.ORDERS),
    "The order of photos. Photos without a score come last.",
)
_WORST = flags.DEFINE_integer(
    "worst",
    None,
    "Write only this many of the worst photos, worst first. Photos that cannot be read "
    "are written too.",
    lower_bound=1,
)
_MIN_SCORE = flags.DEFINE_float(
    "min_score", None, "Exit with 3 if a photo scores less than this."
)
_QUIET = flags.DEFINE_bool(
    "quiet",
    False,
    "Print no progress, warnings or counts, only what makes the exit code other than "
    "0.",
)
_REPORT = flags.DEFINE_string(
    "report",
    None,
    "An HTML page to write: the photos, worst first, a histogram of their scores, and "
    "heat maps of the worst.",
)
_MAP = flags.DEFINE_string(
    "map",
    None,
    "A folder to write heat maps into, a PNG a photo: where it is good and where bad. "
    "This takes several times as long as scoring.",
)
program.begin(
    __name__,
    __doc__,
    {
        "What scores": ["model", "crops", "seed"],
        "Which photos": ["recursive", "sort", "worst", "min_score"],
        "What is written": ["output", "format", "report", "map", "quiet"],
    },
)

import contextlib
import sys
from collections.abc import Iterator
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from distortions import folder_lock
from distortions import progress as progress_lib
from distortions import unread_kinds
from distortions.photo_header import PhotoError
from rankiqa_tf.metadata import Metadata
from rankiqa_tf.scores import output as output_lib
from rankiqa_tf.scores import path_list
from rankiqa_tf.scores import rows as rows_lib
from rankiqa_tf.scores import scale
from rankiqa_tf.scoring import ScoresPlaces

if TYPE_CHECKING:
    from rankiqa_tf.scores.map_folder import MapFolder
    from rankiqa_tf.scores.page import Page


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


def _draw(maps: "MapFolder", row: rows_lib.Row, *, is_new: bool) -> bool:
    try:
        maps.add(row.path, anew=is_new)
    except PhotoError as error:  # It was changed since it was scored.
        print(f"no map: {error}", file=sys.stderr)
        return False
    return True


def main(argv: list[str]) -> int:
    """Scores what the flags and argv[1:] say, and returns the exit code."""
    order, worst = _SORT.value, _WORST.value
    all_first = arrangement.needs_all(order, worst)
    form = formats.FORMATS[_FORMAT.value or formats.of_name(_OUTPUT.value or "")]
    with contextlib.ExitStack() as stack:
        try:
            if not argv[1:]:
                raise ValueError("name photos or folders to score")
            asked = path_list.find(argv[1:], recursive=_RECURSIVE.value)
            scorer = _scorer()
            metadata = scorer.model.metadata
            if _MIN_SCORE.value is not None:
                scale.check_threshold(_MIN_SCORE.value, metadata)
            page = _page(metadata)
            if _MAP.value is not None:
                stack.enter_context(folder_lock.held(Path(_MAP.value)))
            maps = _maps(argv[1:], scorer.model)
            facts = formats.Facts(metadata, scorer.scored_by)
            path = Path(_OUTPUT.value) if _OUTPUT.value else None
            output = stack.enter_context(
                output_lib.opened(path, form, facts, anew=all_first)
            )
        except (ValueError, ImportError, OSError) as error:
            return program.fail(error, exit_codes.NOTHING_BEGUN)

        tally = rows_lib.Tally(min_score=_MIN_SCORE.value)
        progress = progress_lib.Progress()
        if not _QUIET.value:
            progress = stack.enter_context(progress_lib.shown(asked.count, "score"))

        def rows() -> Iterator[rows_lib.Row]:
            for row, is_new in rows_lib.score_all(
                scorer.score_many,
                asked.photos,
                metadata.percentiles,
                known=output.row,
            ):
                tally.add(row, is_new=is_new)
                if page:
                    page.add(row)
                if maps and row.score is not None:
                    tally.failed += not _draw(maps, row, is_new=is_new)
                if is_new:
                    progress.advance()
                else:
                    progress.skip()
                if is_new or all_first:
                    yield row

        for row in arrangement.arrange(rows(), order, worst):
            with progress.beside(output.file):
                output.file.write(form.line(row, facts))
                output.file.flush()  # So that nothing is lost when it is stopped.
    if page and _REPORT.value:
        page.write(_REPORT.value, scorer.model)
    return _report(asked, tally)


def _report(asked: path_list.Asked, tally: rows_lib.Tally) -> int:
    """Tells what there is to tell at the end, and returns the exit code."""
    told = [f"passed over: {problem}" for problem in asked.problems]
    of_all = f"of {tally.photos} photos"
    if not _QUIET.value:
        if tally.kept:
            told.append(f"{tally.kept} {of_all} were in {_OUTPUT.value} already")
        if tally.doubtful:
            told.append(f"{tally.doubtful} {of_all} were read with a warning")
        if asked.passed_over:
            told.append(unread_kinds.passed_over(asked.passed_over))
    if tally.failed:
        told.append(f"{tally.failed} {of_all} could not be read")
    if tally.below:
        told.append(f"{tally.below} {of_all} score less than {_MIN_SCORE.value:g}")
    for line in told:
        print(line, file=sys.stderr)
    if tally.failed or asked.problems:
        return exit_codes.FAILED
    return exit_codes.BELOW_MIN_SCORE if tally.below else exit_codes.DONE


if __name__ == "__main__":
    program.run(main)
