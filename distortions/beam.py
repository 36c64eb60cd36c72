r"""Distorts photos at every level of a preset, into a ranked set, on Apache Beam.

    python -m distortions.beam --preset=live --input=FOLDER --output=FOLDER
    python -m distortions.beam --preset=live --input='gs://BUCKET/photos/**.jpg' \
        --output=gs://BUCKET/set -- --runner=DataflowRunner --region=...

Options after -- are Beam's own, its --runner above all; without one it runs in this
process. Inputs, lists and outputs are anywhere that Beam has a file system for. The set
is, byte for byte, the one that `python -m distortions.generate --format=tfrecord` makes
of the same photos; all of it is there once set.json is.

Photos that could not be read are listed, with the reason, in a CSV file beside the set:
OUTPUT-unreadable.csv.

Exit code: 0 if all photos were distorted; 1 if some could not be read or the pipeline
failed; 2 if nothing was begun.
"""

from absl import flags

from distortions import exit_codes
from distortions import program
from distortions import program_flags

_BULK = program_flags.define_bulk_input()
_ROOT = flags.DEFINE_string(
    "root",
    "",
    "The folder that photos are named by their paths in; that of --input if not given.",
)
_CHOSEN = program_flags.define_preset()
_OUTPUT = flags.DEFINE_string("output", "", "The folder to write the set to.")
_FORM = program_flags.define_set_form()
program.begin(
    __name__,
    __doc__,
    {
        "Which photos": ["input", "list", "root", "crop"],
        "Which distortions": ["preset", "distortions", "seed"],
        "What is written": ["output", "shard_size"],
    },
)


def main(argv: list[str]) -> int:
    """Makes the set that the flags say, and returns the exit code."""
    try:
        from distortions.bulk import engine  # Where Beam is missing, it says so.
        from distortions.bulk import inputs

        pipeline = engine.begin(argv[1:])
        photos = inputs.Photos(_BULK.input.value, _BULK.list.value)
        if not _OUTPUT.value:
            raise ValueError("give a folder as --output")
        preset = program.chosen(_CHOSEN.preset.value, _CHOSEN.distortions.value)
        from distortions.bulk import set_pipeline  # With TensorFlow it takes seconds.

        to_make = set_pipeline.SetToMake(
            inputs.root_to_name_by(_ROOT.value, _BULK.input.value, _BULK.list.value),
            _OUTPUT.value,
            preset,
            seed=_CHOSEN.seed.value,
            crop=_FORM.crop.value,
            shard_megabytes=_FORM.shard_size.value,
        )
        to_make.take_up([inputs.root_of(each) for each in _BULK.input.value])
    except (ValueError, ImportError, OSError) as error:
        return program.fail(error, exit_codes.NOTHING_BEGUN)

    made = photos | set_pipeline.MakeSet(to_make)
    return engine.report(engine.run(pipeline, made), to_make.unread)


if __name__ == "__main__":
    program.run(main)
