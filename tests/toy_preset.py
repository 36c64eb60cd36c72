"""A preset of one's own, as a person has it who adds kinds outside the package.

And the package's own presets, shortened.
"""

import dataclasses
import types

import tensorflow as tf

import distortions
from distortions import chance
from distortions import presets


@distortions.kind(
    reach=distortions.Reach(lambda _: 0),
    share=distortions.Parameter(none=0, least=0, most=1),
)
def dead_pixels(image, share, *, seed):
    """Makes a share of the pixels black."""
    drawn = chance.uniform(tf.shape(image)[:2], seed)
    return tf.where((drawn < tf.cast(share, tf.float32))[..., tf.newaxis], 0.0, image)


def washed_out(image, share):
    """Takes so much of the colours away; a plain function, which has levels only."""
    grey = tf.reduce_mean(image, axis=-1, keepdims=True)
    return image + share * (grey - image)


PRESET = distortions.Preset(
    name="toy",
    source="tests/toy_preset.py",
    rows=(
        distortions.Row(
            number=None,
            name="dead_pixels",
            function=dead_pixels,
            parameters=(0.01, 0.1, 0.5),
            policy="descending",
            source="By hand.",
        ),
        distortions.Row(
            number=None,
            name="washed_out",
            function=washed_out,
            parameters=(0.2, 0.5, 1.0),
            policy="descending",
            source="By hand.",
        ),
    ),
)


def shorten_presets():
    """Leaves a process of the package's presets what has each kind in it once.

    A kind is left in the first preset that has it, but two rows are in each; of presets
    that are joined, the first two rows of each are left. Graphs of a kind take a second
    to make, and many presets have the same kinds at other levels.
    """
    seen, shorter = set(), {}
    for name, preset in presets.PRESETS.items():
        rows = [row for row in preset.rows if row.function not in seen]
        seen.update(row.function for row in rows)
        rows = rows if len(rows) > 1 else preset.rows[:2]
        shorter[name] = dataclasses.replace(preset, rows=tuple(rows))
    joined = presets._joined

    def join(parts):
        return joined([dataclasses.replace(p, rows=p.rows[:2]) for p in parts])

    presets.PRESETS, presets._joined = types.MappingProxyType(shorter), join
