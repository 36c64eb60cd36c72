"""Runs pipelines on whatever runner Beam's options name, and says what came of them."""

import collections
import csv
import io
import sys
from collections.abc import Iterable
from collections.abc import Sequence

import apache_beam as beam
from apache_beam.io.filesystems import FileSystems
from apache_beam.metrics.metric import Metrics
from apache_beam.metrics.metric import MetricsFilter
from apache_beam.metrics.metricbase import Counter
from apache_beam.options.pipeline_options import PipelineOptions
from apache_beam.options.pipeline_options import StandardOptions
from apache_beam.options.pipeline_options import WorkerOptions
from apache_beam.portability.api import beam_provision_api_pb2
from apache_beam.runners.portability.fn_api_runner import FnApiRunner
from apache_beam.runners.portability.fn_api_runner.fn_runner import (
    ExtendedProvisionInfo,
)
from apache_beam.runners.portability.portable_runner import JobServiceHandle
from apache_beam.runners.runner import PipelineResult
from apache_beam.runners.runner import PipelineState

from distortions import unread_kinds
from distortions.bulk import whole_files

PHOTOS = "photos"  # The counter of all photos, read or not.
PASSED_OVER = "passed over"  # Counters of other files, by kind.
_BEGUN = "begun"  # A counter that is 0 of runners only that do not tell.

_COUNTERS = "rankiqa"


class PipelineError(OSError):
    """A pipeline that did not end well."""


def begin(arguments: Sequence[str]) -> beam.Pipeline:
    """Makes an empty pipeline.

    Args:
        arguments: the command line of Beam: all that follows after --. Without a
            --runner, it runs on this machine, in this process.

    Raises:
        ValueError: if they do not begin with an option, there is no such runner, or it
            needs other options too.
        ImportError: if the runner is not installed.
    """
    if arguments and not arguments[0].startswith("--"):
        raise ValueError(
            f"flags only, not {arguments[0]}: name photos by --input or --list; Beam's "
            "own options follow after --, such as -- --runner=FlinkRunner"
        )
    options = PipelineOptions(list(arguments))
    named = options.view_as(StandardOptions).runner
    try:
        return beam.Pipeline(None if named else _local(options), options)
    except ValueError as error:  # It may have a line for each option.
        raise ValueError("; ".join(str(error).split("\n"))) from error


def run(pipeline: beam.Pipeline, work: beam.PTransform) -> PipelineResult:
    """Runs a pipeline to its end.

    Args:
        pipeline: of `begin`.
        work: all that it is to do.

    Raises:
        PipelineError: if it failed or was stopped.
    """
    _ = pipeline | work
    _ = pipeline | beam.Create([_BEGUN]) | beam.Map(lambda name: counter(name).inc())
    try:
        result = pipeline.run()
        state = result.wait_until_finish()
    except Exception as error:  # Runners raise what workers raised, or what they like.
        lines = str(error).strip().splitlines() or [type(error).__name__]
        # What was raised in a worker comes last, after the worker's traceback.
        raise PipelineError(f"the pipeline failed: {lines[-1]}") from error
    if state not in (None, PipelineState.DONE):
        raise PipelineError(f"the pipeline ended as {state}")
    return result


def _local(options: PipelineOptions) -> FnApiRunner:
    """The runner on this machine, and what its workers are to know.

    What Beam calls DirectRunner is the same, once it has failed to download another.
    """
    worker = options.view_as(WorkerOptions)
    worker.default_sdk_harness_log_level = (
        worker.default_sdk_harness_log_level or "WARNING"
    )
    known = JobServiceHandle.encode_pipeline_options(options.get_all_options())
    return FnApiRunner(
        provision_info=ExtendedProvisionInfo(
            beam_provision_api_pb2.ProvisionInfo(pipeline_options=known)
        )
    )


def report(result: PipelineResult, unread: str) -> int:
    """Tells on the standard error what there is to tell, and returns the exit code.

    Args:
        result: of `run`.
        unread: the file of the photos that could not be read.
    """
    counted = counts(result)
    prefix = f"{PASSED_OVER}: "
    others = {
        name.removeprefix(prefix): count
        for name, count in counted.items()
        if name.startswith(prefix)
    }
    if others:
        print(unread_kinds.passed_over(others), file=sys.stderr)
    failed = count_unread(unread)
    if failed:
        of_all = f" of {counted[PHOTOS]}" if counted[PHOTOS] else ""
        print(
            f"{failed}{of_all} photos could not be read: see {unread}", file=sys.stderr
        )
    if counted[_BEGUN] and not counted[PHOTOS]:
        print("error: there are no photos among the files", file=sys.stderr)
        return 2
    return 1 if failed else 0


def counter(*name: str) -> Counter:
    """The counter of this name, to be called by workers."""
    return Metrics.counter(_COUNTERS, ": ".join(name))


def counts(result: PipelineResult) -> collections.Counter[str]:
    """What was counted, by name; of a runner that does not tell, nothing."""
    found = result.metrics().query(MetricsFilter().with_namespace(_COUNTERS))
    counted: collections.Counter[str] = collections.Counter()
    for each in found["counters"]:  # Each step has its own.
        counted[each.key.metric.name] += each.result
    return counted


class WriteUnread(beam.PTransform):
    """Writes the photos that could not be read, from pairs of path and reason.

    It is a CSV file of its own, sorted, or none if there are no such photos.

    Args:
        path: of the file.
    """

    def __init__(self, path: str):
        super().__init__()
        self._path = path

    def expand(self, pcoll: beam.PCollection) -> beam.PCollection:
        """Adds it to a pipeline."""
        return (
            pcoll
            | beam.Map(lambda photo: (0, photo))
            | beam.GroupByKey()
            | "write" >> beam.MapTuple(self._write)
        )

    def _write(self, _: int, photos: Iterable[tuple[str, str]]) -> str:
        with whole_files.created(self._path) as file:
            text = io.TextIOWrapper(file, encoding="utf-8", newline="")
            writer = csv.writer(text, lineterminator="\n")
            writer.writerow(("path", "error"))
            writer.writerows(sorted(photos))
            text.flush()
            text.detach()  # It would close the file.
        return self._path


def count_unread(path: str) -> int:
    """Counts the photos that `WriteUnread` wrote."""
    if not FileSystems.exists(path):
        return 0
    with FileSystems.open(path) as file:
        lines = io.TextIOWrapper(file, encoding="utf-8", newline="")
        return sum(1 for _ in csv.reader(lines)) - 1
