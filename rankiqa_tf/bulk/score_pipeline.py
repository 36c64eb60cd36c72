"""The pipeline that writes the rows of `python -m rankiqa_tf.score`, in any order.

A worker process loads the model once. It receives photos in batches of paths, and reads
and decodes them in parallel, a few ahead of the one being scored. The crops of a photo
go through the network together, without those of other photos: so a score depends only
on the photo, not on its batch or on how often a runner retries it, and equals that of
`Model.score` bit by bit.
"""

import dataclasses
import functools
import os
import tempfile
import threading
from collections.abc import Callable
from collections.abc import Iterator
from collections.abc import Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any

import apache_beam as beam
import numpy as np
import pyarrow
from apache_beam.io.filesystems import FileSystems
from apache_beam.pvalue import TaggedOutput
from apache_beam.utils import shared

from distortions import cores
from distortions import program
from distortions.bulk import engine
from distortions.bulk import inputs
from distortions.photo_header import PhotoError
from rankiqa_tf import scoring
from rankiqa_tf import scoring_flags
from rankiqa_tf.scores import formats
from rankiqa_tf.scores import percentiles
from rankiqa_tf.scores.rows import Row
from rankiqa_tf.scoring_flags import Choice
from rankiqa_tf.scoring_flags import Scorer

FORMATS = ("csv", "parquet")

_BATCH = 64  # Photos; decoding ahead restarts with each batch.
_UNREAD = "unread"

# A worker process scores one batch at a time, however many threads Beam gives it: a
# batch uses all cores, and memory for the photos decoded ahead.
_ONE_AT_A_TIME = threading.Lock()

_TEXT, _REAL, _WHOLE = pyarrow.string(), pyarrow.float64(), pyarrow.int64()
_TYPES = MappingProxyType(
    {
        "score": _REAL,
        "percentile": _WHOLE,
        "scale_low": _REAL,
        "scale_high": _REAL,
    }
)


def load(choice: Choice) -> Scorer:
    """Loads the chosen model, whose file may be in any file system.

    Raises:
        ValueError: as for `scoring_flags.load`, or if the file cannot be read.
        ImportError: as for `scoring_flags.load`.
    """
    if FileSystems.get_scheme(choice.model) is None:
        return scoring_flags.load(choice)
    with tempfile.TemporaryDirectory() as folder:
        local = Path(folder, Path(choice.model).name)
        try:
            local.write_bytes(inputs.read(choice.model))
        except PhotoError as error:
            raise ValueError(f"{choice.model} cannot be read: {error}") from None
        return scoring_flags.load(dataclasses.replace(choice, model=str(local)))


class ScorePhotos(beam.PTransform):
    """Scores the photos that `inputs.Photos` finds, and writes their rows.

    Args:
        by: the model and how it scores; also loaded here, to check that it can be.
        output: prefix of the output files: `output`-00000-of-00003 and so on, plus the
            extension of the format.
        format: one of `FORMATS`.
        shards: number of output files; 0 lets the runner decide.

    Raises:
        ValueError: as for `load`.
        ImportError: as for `load`.
    """

    def __init__(self, by: Choice, *, output: str, format: str, shards: int = 0):
        super().__init__()
        self._score = _Score(by, format)
        self._output, self._format, self._shards = output, format, shards
        # Kept, so that a runner in this process need not load it again.
        self._scorer = self._score.acquire()

    @property
    def unread(self) -> str:
        """The file that lists photos that could not be read."""
        return f"{self._output}-unreadable.csv"

    def take_up(self) -> None:
        """Checks that there is no output yet, and deletes what a stopped run left.

        Raises:
            ValueError: if there is output, or the check fails.
        """
        pattern = f"{self._output}-*-of-*.{self._format}"
        if inputs.exists(pattern):
            raise ValueError(
                f"{pattern} is there already: choose another --output, or delete it"
            )
        if inputs.exists(self.unread):
            FileSystems.delete([self.unread])

    def expand(self, pcoll: beam.PCollection) -> beam.PCollection:
        """Adds this transform to a pipeline."""
        rows, unread = (
            pcoll
            | beam.BatchElements(min_batch_size=_BATCH, max_batch_size=_BATCH)
            | "score" >> beam.ParDo(self._score).with_outputs(_UNREAD, main="rows")
        )
        _ = unread | "unreadable" >> engine.WriteUnread(self.unread)
        ending = f".{self._format}"
        if self._format == "csv":
            write: beam.PTransform = beam.io.WriteToText(
                self._output,
                file_name_suffix=ending,
                num_shards=self._shards,
                header=",".join(formats.COLUMNS),
            )
        else:
            write = beam.io.WriteToParquet(
                self._output,
                schema(),
                file_name_suffix=ending,
                num_shards=self._shards,
            )
        return rows | "write" >> write


def schema() -> pyarrow.Schema:
    """Returns the columns in Parquet; a cell that is empty in CSV is null."""
    return pyarrow.schema([(name, _TYPES.get(name, _TEXT)) for name in formats.COLUMNS])


class _Score(beam.DoFn):
    """Turns batches of photos into what is written about each."""

    def __init__(self, by: Choice, format: str):
        self._by, self._shared = by, shared.Shared()
        self._format = format

    def acquire(self) -> Scorer:
        """Returns the model this process has loaded, loading it first if necessary."""
        return self._shared.acquire(functools.partial(load, self._by))

    def setup(self) -> None:
        self._scorer = self.acquire()
        self._facts = formats.Facts(self._scorer.model.metadata, self._scorer.scored_by)

    def process(self, photos: Sequence[inputs.Photo]) -> Iterator[Any]:
        with _ONE_AT_A_TIME:
            rows = list(self._rows(photos))
        engine.counter(engine.PHOTOS).inc(len(rows))
        for row in rows:
            yield _WRITTEN[self._format](row, self._facts)
            if row.error:
                yield TaggedOutput(_UNREAD, (row.path, row.error))

    def _rows(self, photos: Sequence[inputs.Photo]) -> Iterator[Row]:
        model, by = self._scorer.model, self._by
        for path, pixels, warning in cores.ahead(_decoded, photos):
            if isinstance(pixels, PhotoError):
                yield Row(path, None, None, str(pixels), warning)
                continue
            score = model.score(pixels, crops=by.crops, seed=by.seed)
            share = percentiles.percentile(score, model.metadata.percentiles)
            yield Row(path, score, share, "", warning)


def _decoded(photo: inputs.Photo) -> tuple[str, np.ndarray | PhotoError, str]:
    """Returns a photo's displayed path, its pixels or the error, and its warning."""
    path = os.fsdecode(photo[0])
    doubts: list[str] = []
    pixels: np.ndarray | PhotoError
    try:
        pixels = scoring.pixels(inputs.read(path), warn=doubts.append)
    except PhotoError as error:
        pixels = error
    shown = path.encode("utf-8", program.ERRORS).decode()
    return shown, pixels, "; ".join(dict.fromkeys(doubts))


def _csv(row: Row, facts: formats.Facts) -> str:
    return formats.FORMATS["csv"].line(row, facts).removesuffix("\n")


def _parquet(row: Row, facts: formats.Facts) -> dict[str, Any]:
    cells = dataclasses.asdict(row) | facts.columns()
    return {name: None if cell == "" else cell for name, cell in cells.items()}


_WRITTEN: MappingProxyType[str, Callable[[Row, formats.Facts], Any]] = MappingProxyType(
    {"csv": _csv, "parquet": _parquet}
)
