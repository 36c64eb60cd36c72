"""A preset of one kind at one level: two small images a photo, for `growth`."""

import dataclasses

import distortions

_JPEG = distortions.find_preset("live").row("jpeg")

PRESET = distortions.Preset(
    name="growth",
    source="benchmarks/growth_preset.py",
    rows=(dataclasses.replace(_JPEG, parameters=_JPEG.parameters[-1:]),),
)
