"""Figures of others, as they were published, to stand beside ours.

"paper" is RankIQA (Liu, van de Weijer and Bagdanov, ICCV 2017) and its supplement: the
mean over ten splits by reference, VGG-16, 30 random crops a photo. LCC is that of the
raw scores (Eq. 14). "released weights" are those that its authors published, as the
repository YunanZhu/Pytorch-TestRankIQA measured them: one split, 30 crops.
"""

import dataclasses
from collections.abc import Mapping
from types import MappingProxyType

from distortions.presets.tid2013 import TID2013

ALL = "ALL"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Published:
    """A method's figures on a data set.

    Attributes:
        method: what its authors call it.
        by: "paper" or "released weights".
        source: the tables that the figures are copied from, and what is to be known.
        srocc: by the name of a distortion, and `ALL`.
        lcc: likewise.
    """

    method: str
    by: str
    source: str
    srocc: Mapping[str, float]
    lcc: Mapping[str, float]


def _tid2013(*figures: float) -> Mapping[str, float]:
    """Names figures of #01 to #24 and ALL."""
    return dict(zip((*(row.name for row in TID2013.rows), ALL), figures, strict=True))


def _live(*figures: float) -> Mapping[str, float]:
    """Names figures of JP2K, JPEG, GN, GB, FF and ALL."""
    kinds = ("jpeg2000", "jpeg", "white_noise", "gaussian_blur", "fast_fading", ALL)
    return dict(zip(kinds, figures, strict=True))


_TID2013_TABLES = "Table 2 (SROCC) and supplement, Table 1 (LCC)"
_NETWORKS = "Table 1: trained from scratch; the paper does not say whether fine-tuned"
_WEIGHTS = "one split, 30 crops"

# fmt: off
PUBLISHED: Mapping[str, tuple[Published, ...]] = MappingProxyType({
    "tid2013": (
        Published(
            method="Baseline", by="paper", source=_TID2013_TABLES,
            srocc=_tid2013(
                .605, .468, .761, .232, .704, .590, .559, .782, .639, .772, .817, .571,
                .725, .187, .308, .062, .546, .383, .500, .420, .700, .611, .573, .742,
                .612,
            ),
            lcc=_tid2013(
                .547, .452, .715, .162, .704, .535, .503, .763, .683, .827, .817, .598,
                .666, .170, .322, .046, .500, .370, .466, .375, .660, .614, .793, .773,
                .663,
            ),
        ),
        Published(
            method="RankIQA", by="paper", source=_TID2013_TABLES,
            srocc=_tid2013(
                .891, .799, .911, .644, .873, .869, .910, .835, .894, .902, .923, .579,
                .431, .463, .693, .321, .657, .622, .845, .609, .891, .788, .727, .768,
                .623,
            ),
            lcc=_tid2013(
                .883, .852, .906, .725, .919, .839, .904, .810, .897, .955, .937, .671,
                .426, .484, .639, .369, .665, .591, .833, .622, .875, .806, .891, .750,
                .566,
            ),
        ),
        Published(
            method="RankIQA", by="released weights", source=_WEIGHTS,
            srocc={ALL: .602}, lcc={ALL: .545},
        ),
        Published(
            method="RankIQA+FT", by="paper", source=_TID2013_TABLES,
            srocc=_tid2013(
                .667, .620, .821, .365, .760, .736, .783, .809, .767, .866, .878, .704,
                .810, .512, .622, .268, .613, .662, .619, .644, .800, .779, .629, .859,
                .780,
            ),
            lcc=_tid2013(
                .652, .588, .796, .326, .780, .703, .776, .811, .819, .894, .894, .755,
                .798, .472, .626, .260, .628, .629, .593, .661, .798, .782, .834, .874,
                .799,
            ),
        ),
        Published(
            method="RankIQA+FT", by="released weights", source=_WEIGHTS,
            srocc={ALL: .797}, lcc={ALL: .828},
        ),
    ),
    "live": (
        Published(
            method="RankIQA", by="released weights", source=_WEIGHTS,
            srocc={ALL: .894}, lcc={ALL: .759},
        ),
        Published(
            method="RankIQA+FT", by="paper", source="Table 3",
            srocc=_live(.970, .978, .991, .988, .954, .981),
            lcc=_live(.975, .986, .994, .988, .960, .982),
        ),
        Published(
            method="RankIQA+FT", by="released weights",
            source=f"{_WEIGHTS}; with copies of references, which flatter both figures",
            srocc={ALL: .968}, lcc={ALL: .977},
        ),
        Published(
            method="Shallow", by="paper", source=_NETWORKS,
            srocc={ALL: .937}, lcc={ALL: .930},
        ),
        Published(
            method="AlexNet", by="paper", source=_NETWORKS,
            srocc={ALL: .949}, lcc={ALL: .945},
        ),
        Published(
            method="VGG-16", by="paper", source=_NETWORKS,
            srocc={ALL: .974}, lcc={ALL: .973},
        ),
    ),
    "csiq,shared_with_live": (
        Published(
            method="RankIQA", by="paper",
            source="supplement, Table 2",
            srocc={ALL: .918}, lcc={ALL: .911},
        ),
        Published(
            method="RankIQA+FT", by="paper",
            source="supplement, Table 2",
            srocc={ALL: .947}, lcc={ALL: .960},
        ),
    ),
    "live_md": (
        Published(
            method="RankIQA", by="paper", source="supplement, Table 3",
            srocc={ALL: .893}, lcc={ALL: .898},
        ),
        Published(
            method="RankIQA+FT", by="paper", source="supplement, Table 3",
            srocc={ALL: .921}, lcc={ALL: .936},
        ),
    ),
})
# fmt: on
