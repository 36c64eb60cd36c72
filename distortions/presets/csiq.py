"""CSIQ: the four kinds it shares with LIVE, and its two others."""

from distortions.color import contrast_change
from distortions.noise import pink_noise
from distortions.presets.live import LIVE
from distortions.registry import Preset
from distortions.registry import Row

CSIQ = Preset(
    name="csiq",
    source="RankIQA generates the four kinds that CSIQ shares with LIVE, with LIVE's "
    "levels. CSIQ's own levels are not published, and those of its two other "
    "kinds are our choice.",
    rows=(
        *LIVE.rows,
        Row(
            number=None,
            name="pink_noise",
            function=pink_noise,
            parameters=(0.0005, 0.001, 0.002, 0.004, 0.008),
            policy="descending",
            source="Variances for a PSNR of 33, 30, 27, 24, 21 dB: our choice.",
        ),
        Row(
            number=17,
            name="contrast_change",
            function=contrast_change,
            parameters=(0.8, 0.65, 0.5, 0.35, 0.2),
            policy="descending",
            source="CSIQ takes contrast away; these factors are our choice.",
        ),
    ),
)
