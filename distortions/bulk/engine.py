"""Runs pipelines on whatever runner Beam's options name, and reports the outcome."""

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
_BEGUN = "begun"  # A counter that is 0 only for runners that do not report any.

_COUNTERS = "rankiqa"


class PipelineError(OSError):
    """A pipeline failed or was stopped."""


def begin(arguments: Sequence[str]) -> beam.Pipeline:
    """Makes an empty pipeline.

    Args:
        arguments: Beam's command line: everything after --. Without a --runner, the
            pipeline runs on this machine, in this process.

    Raises:
        ValueError: if they do not begin with an option, the runner does not exist, or
            it needs further options.
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
    except ValueError as error:  # It may have one line per option.
        raise ValueError("; ".join(str(error).split("\n"))) from error


def run(pipeline: beam.Pipeline, work: beam.PTransform) -> PipelineResult:
    """Runs a pipeline to its end.

    Args:
        pipeline: from `begin`.
        work: everything it is to do.

    Raises:
        PipelineError: if it failed or was stopped.
    """
    _ = pipeline | work
    _ = pipeline | beam.Create([_BEGUN]) | beam.Map(lambda name: counter(name).inc())
    try:
        result = pipeline.run()
        state = result.wait_until_finish()
    except Exception as error:  # Runners raise what workers raised, or anything else.
        lines = str(error).strip().splitlines() or [type(error).__name__]
        # The worker's exception comes last, after its traceback.
        raise PipelineError(f"the pipeline failed: {lines[-1]}") from error
    if state not in (None, PipelineState.DONE):
        raise PipelineError(f"the pipeline ended as {state}")
    return result


def _local(options: PipelineOptions) -> FnApiRunner:
    """Returns the runner on this machine, with the options its workers need.

    Beam's DirectRunner is the same, after failing to download another.
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
    """Reports results on standard error, and returns the exit code.

    Args:
        result: from `run`.
        unread: the file that lists photos that could not be read.
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
    """Returns the counter with this name, for use by workers."""
    return Metrics.counter(_COUNTERS, ": ".join(name))


def counts(result: PipelineResult) -> collections.Counter[str]:
    """Returns all counters by name; empty if the runner does not report them."""
    found = result.metrics().query(MetricsFilter().with_namespace(_COUNTERS))
    counted: collections.Counter[str] = collections.Counter()
    for each in found["counters"]:  # One for each step.
        counted[each.key.metric.name] += each.result
    return counted


class WriteUnread(beam.PTransform):
    """Writes a sorted CSV file of unreadable photos, from pairs of path and reason.

    If there are no such photos, no file is written.

    Args:
        path: of the file.
    """

    def __init__(self, path: str):
        super().__init__()
        self._path = path

    def expand(self, pcoll: beam.PCollection) -> beam.PCollection:
        """Adds this transform to a pipeline."""
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
            text.detach()  # Otherwise it would close the file.
        return self._path


def count_unread(path: str) -> int:
    """Counts the photos that `WriteUnread` wrote."""
    if not FileSystems.exists(path):
        return 0
    with FileSystems.open(path) as file:
        lines = io.TextIOWrapper(file, encoding="utf-8", newline="")
        return sum(1 for _ in csv.reader(lines)) - 1
