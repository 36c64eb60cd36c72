r"""Scores photos on Apache Beam, into CSV or Parquet.

    python -m rankiqa_tf.beam_score --input=FOLDER --output=scores/run1
    python -m rankiqa_tf.beam_score --list=gs://BUCKET/paths.txt --format=parquet \
        --output=gs://BUCKET/scores/run1 -- --runner=DataflowRunner --region=...

Options after -- are Beam's own, its --runner above all; without one it runs in this
process. Inputs, lists, models and outputs are anywhere that Beam has a file system for.
Rows have the columns of `python -m rankiqa_tf.score --format=csv`, in any order, in
files such as scores/run1-00000-of-00001.csv. A score is that of `Model.score`, bit by
bit.

Photos that could not be read have a row with the reason, and are also listed, with it,
in a CSV file of their own: OUTPUT-unreadable.csv.

Exit code: 0 if all photos were scored; 1 if some could not be read or the pipeline
failed; 2 if nothing was begun.
"""

# ruff: noqa: E402 - what takes long to import comes after the command line is read.

from rankiqa_tf import surroundings

surroundings.settle("distortions")

from absl import flags

from distortions import exit_codes
from distortions import program
from distortions import program_flags
from rankiqa_tf import scoring_flags

_choice = scoring_flags.define_choice()
_BULK = program_flags.define_bulk_input()
_OUTPUT = flags.DEFINE_string(
    "output", "", "What the names of the files of scores begin with."
)
_FORMAT = flags.DEFINE_enum(
    "format", "csv", ["csv", "parquet"], "How scores are written."
)
_SHARDS = flags.DEFINE_integer(
    "shards",
    0,
    "How many files of scores; 0 for as many as the runner likes.",
    lower_bound=0,
)
program.begin(
    __name__,
    __doc__,
    {
        "What scores": ["model", "crops", "seed"],
        "Which photos": ["input", "list"],
        "What is written": ["output", "format", "shards"],
    },
)


def main(argv: list[str]) -> int:
    """Scores what the flags say, and returns the exit code."""
    try:
        from distortions.bulk import engine  # Where Beam is missing, it says so.
        from distortions.bulk import inputs
        from rankiqa_tf.bulk import score_pipeline

        pipeline = engine.begin(argv[1:])
        photos = inputs.Photos(_BULK.input.value, _BULK.list.value)
        if not _OUTPUT.value:
            raise ValueError("give the beginning of the names of files as --output")
        scores = score_pipeline.ScorePhotos(
            _choice(),
            output=_OUTPUT.value,
            format=_FORMAT.value,
            shards=_SHARDS.value,
        )
        scores.take_up()
    except (ValueError, ImportError, OSError) as error:
        return program.fail(error, exit_codes.NOTHING_BEGUN)

    return engine.report(engine.run(pipeline, photos | scores), scores.unread)


if __name__ == "__main__":
    program.run(main)
