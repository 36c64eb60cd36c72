r"""Distorts photos at every level of a preset, into a ranked set, on Apache Beam.

    python -m distortions.beam --preset=live --input=FOLDER --output=FOLDER
    python -m distortions.beam --preset=live --input='gs://BUCKET/photos/**.jpg' \
        --output=gs://BUCKET/set -- --runner=DataflowRunner --region=...

What follows after -- are Beam's own options, its --runner above all; without one it
runs in this process. Inputs, lists and outputs are anywhere that Beam has a file system
for. The set is, byte for byte, the one that `python -m distortions.generate
--format=tfrecord` makes of the same photos; all of it is there once set.json is.

Photos that could not be read are listed, with the reason, in a CSV file beside the set:
OUTPUT-unreadable.csv. Exit code: 0 if all photos were distorted, 1 if some could not be
read or the pipeline failed, 2 if nothing could be begun.
"""

import sys

from absl import flags

from distortions import program

_PRESET = flags.DEFINE_string("preset", "", "Which distortions and levels.")
_DISTORTIONS = flags.DEFINE_list(
    "distortions", [], "Only these of the preset, by name; all if not given."
)
_INPUT = flags.DEFINE_multi_string(
    "input",
    [],
    "A folder of photos, and of folders of them, or a pattern of files, in which * "
    "stands for anything but a slash and ** for anything. May be given several times.",
)
_LIST = flags.DEFINE_multi_string(
    "list", [], "A text file of paths of photos, one a line. Likewise."
)
_ROOT = flags.DEFINE_string(
    "root",
    "",
    "The folder that photos are named by their paths in; that of --input if not given.",
)
_OUTPUT = flags.DEFINE_string("output", "", "The folder to write the set to.")
_SHARD_SIZE = flags.DEFINE_integer(
    "shard_size", 200, "How large a shard may become, in megabytes.", lower_bound=1
)
_CROP = flags.DEFINE_integer(
    "crop",
    0,
    "Side of the middle of each photo that is taken for it, in pixels; 0 for whole "
    "photos.",
    lower_bound=0,
)
_SEED = flags.DEFINE_integer("seed", 0, "Decides all that is random.")


def main(argv: list[str]) -> int:
    """Makes the set that the flags say, and returns the exit code."""
    try:
        from distortions.bulk import engine  # Where Beam is missing, it says so.
        from distortions.bulk import inputs

        pipeline = engine.begin(argv[1:])
        photos = inputs.Photos(_INPUT.value, _LIST.value)
        if not _OUTPUT.value:
            raise ValueError("give a folder as --output")
        preset = program.chosen(_PRESET.value, _DISTORTIONS.value)
        from distortions.bulk import set_pipeline  # With TensorFlow it takes seconds.

        to_make = set_pipeline.SetToMake(
            inputs.root_to_name_by(_ROOT.value, _INPUT.value, _LIST.value),
            _OUTPUT.value,
            preset,
            seed=_SEED.value,
            crop=_CROP.value,
            shard_megabytes=_SHARD_SIZE.value,
        )
        to_make.take_up([inputs.root_of(each) for each in _INPUT.value])
    except (ValueError, ImportError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2

    made = photos | set_pipeline.MakeSet(to_make)
    return engine.report(engine.run(pipeline, made), to_make.unread)


if __name__ == "__main__":
    program.run(main)
