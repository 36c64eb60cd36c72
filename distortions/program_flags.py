"""Flags that several programs have, each defined in one place."""

import dataclasses

from absl import flags

from distortions import preset_names


@dataclasses.dataclass(frozen=True)
class ChosenPreset:
    """The flags that say which distortions are made, at which levels."""

    preset: flags.FlagHolder[str]
    distortions: flags.FlagHolder[list[str]]
    seed: flags.FlagHolder[int]


@dataclasses.dataclass(frozen=True)
class SetForm:
    """The flags that say how a ranked set is written."""

    shard_size: flags.FlagHolder[int]
    crop: flags.FlagHolder[int]


@dataclasses.dataclass(frozen=True)
class BulkInput:
    """The flags of the photos that a pipeline reads."""

    input: flags.FlagHolder[list[str]]
    list: flags.FlagHolder[list[str]]


def define_preset(default: str = "") -> ChosenPreset:
    """Defines --preset, --distortions and --seed."""
    return ChosenPreset(
        preset=flags.DEFINE_string(
            "preset",
            default,
            "Which distortions at which levels: "
            f"{', '.join(preset_names.PRESETS)}, one of your own as module:NAME, or "
            "several joined by commas.",
        ),
        distortions=flags.DEFINE_list(
            "distortions",
            [],
            "Only these distortions of the preset, joined by commas. All if not given.",
        ),
        seed=flags.DEFINE_integer(
            "seed", 0, "Decides everything random.", lower_bound=0
        ),
    )


def define_set_form() -> SetForm:
    """Defines --shard_size and --crop."""
    return SetForm(
        shard_size=flags.DEFINE_integer(
            "shard_size",
            200,
            "Largest size of a shard of records, in megabytes.",
            lower_bound=1,
        ),
        crop=flags.DEFINE_integer(
            "crop",
            0,
            "Take only the middle of each photo, a square of this side in pixels; 0 "
            "takes whole photos.",
            lower_bound=0,
        ),
    )


def define_bulk_input() -> BulkInput:
    """Defines --input and --list."""
    return BulkInput(
        input=flags.DEFINE_multi_string(
            "input",
            [],
            "A folder of photos, which is searched with the folders in it, or a "
            "pattern of files. In a pattern, * stands for anything but a slash and ** "
            "for anything. May be given several times.",
        ),
        list=flags.DEFINE_multi_string(
            "list",
            [],
            "A text file of paths of photos, one a line. May be given several times.",
        ),
    )
