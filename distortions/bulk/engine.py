"""Runs pipelines on whatever runner Beam's options name, and says what came of them."""

import csv
import io
import sys
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

PHOTOS = "photos"  # The counter of all photos, read or not.
PASSED_OVER = "passed over"  # Counters of other files, by kind.

_COUNTERS = "rankiqa"


class PipelineError(OSError):
    """A pipeline that did not end well."""


def read_options(arguments: Sequence[str]) -> PipelineOptions:
    """Reads Beam's own options.

    Args:
        arguments: the command line of Beam: all that follows after --. Without a
            --runner, it runs on this machine, in this process.

    Raises:
        ValueError: if they do not begin with an option.
    """
    if arguments and not arguments[0].startswith("--"):
        raise ValueError(
            f"flags only, not {arguments[0]}: name photos by --input or --list; Beam's "
            "own options follow after --, such as -- --runner=FlinkRunner"
        )
    options = PipelineOptions(list(arguments))
    # Of file systems too, which are looked into before there is a pipeline.
    FileSystems.set_options(options)
    return options


def run(work: beam.PTransform, options: PipelineOptions) -> PipelineResult:
    """Runs a pipeline to its end.

    Args:
        work: all that it does.
        options: of `read_options`.

    Raises:
        PipelineError: if it failed or was stopped.
    """
    named = options.view_as(StandardOptions).runner
    pipeline = beam.Pipeline(None if named else _local(options), options)
    _ = pipeline | work
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
        of_all = f" of {counted[PHOTOS]}" if PHOTOS in counted else ""
        print(
            f"{failed}{of_all} photos could not be read: see {unread}", file=sys.stderr
        )
    if counted and not counted.get(PHOTOS):
        print("error: there are no photos among the files", file=sys.stderr)
        return 2
    return 1 if failed else 0


def counter(*name: str) -> Counter:
    """The counter of this name, to be called by workers."""
    return Metrics.counter(_COUNTERS, ": ".join(name))


def counts(result: PipelineResult) -> dict[str, int]:
    """What was counted, by name; of a runner that does not tell, nothing."""
    found = result.metrics().query(MetricsFilter().with_namespace(_COUNTERS))
    return {each.key.metric.name: each.result for each in found["counters"]}


class WriteUnread(beam.PTransform):
    """Writes the photos that could not be read, from pairs of path and reason.

    It is a CSV file of its own, in any order, or none if there are no such photos.

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
            | "lines" >> beam.MapTuple(_line).with_output_types(str)
            | "write"
            >> beam.io.WriteToText(
                self._path,
                num_shards=1,
                shard_name_template="",
                header="path,error",
                skip_if_empty=True,
            )
        )


def count_unread(path: str) -> int:
    """Counts the photos that `WriteUnread` wrote."""
    if not FileSystems.exists(path):
        return 0
    with FileSystems.open(path) as file:
        lines = io.TextIOWrapper(file, encoding="utf-8", newline="")
        return sum(1 for _ in csv.reader(lines)) - 1


def _line(path: str, reason: str) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="").writerow((path, reason))
    return text.getvalue()
