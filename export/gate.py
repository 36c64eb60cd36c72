"""Measures how closely the forms of a model agree, and rejects those that do not.

A form passes through the gate when it is written: it is first written to a temporary
place, compared with its model on photos and distorted versions of them, and only then
moved to its destination.
"""

import dataclasses
import functools
import math
import sys
from collections.abc import Callable
from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence
from pathlib import Path
from types import MappingProxyType

import numpy as np

from distortions import progress
from distortions import whole_file
from export import forms
from export.forms import Form
from export.samples import Image
from export.samples import Samples
from rankiqa_tf.data import references
from rankiqa_tf.evaluation import metrics
from rankiqa_tf.evaluation.ranking_check import LevelScores


@dataclasses.dataclass(frozen=True, kw_only=True)
class Tolerance:
    """How far two forms may differ.

    Attributes:
        difference: maximum difference between their scores of an image, as a fraction
            of the spread (maximum minus minimum) of scores; None for no limit.
        srocc: minimum rank correlation of their scores; None for no limit.
        order: by how much the share of pairs in order may be lower.
    """

    difference: float | None = None
    srocc: float | None = None
    order: float | None = None


# Far below any difference that would change the order of two photos.
EXACT = Tolerance(difference=1e-3)
# What 8 bits can achieve. No limit on the difference, which is that of the worst photo.
ROUNDED = Tolerance(srocc=0.995, order=0.01)
TOLERANCES: Mapping[str, Tolerance] = MappingProxyType(
    {
        "keras": EXACT,
        "saved_model": EXACT,
        "float32": EXACT,
        "float16": EXACT,
        "dynamic": ROUNDED,
        "int8": ROUNDED,
    }
)

# The gate uses 8 photos, and parts of them that take 2 crops, in 24 distorted versions.
# This takes a minute or two; the whole preset would take an hour.
PHOTOS = 8
KINDS = (
    "white_noise",
    "color_component_noise",
    "impulse_noise",
    "quantization",
    "gaussian_blur",
    "denoising",
    "jpeg",
    "jpeg2000",
    "jpeg_transmission_errors",
    "block_distortion",
    "contrast_change",
    "chromatic_aberration",
)
LEVELS = (2, 4)


class AgreementError(RuntimeError):
    """A form's scores do not agree with those of the model it was made from."""


@dataclasses.dataclass(frozen=True, eq=False)
class Scores:
    """A form's scores of samples.

    Attributes:
        files: float [photos], of the files; empty if level 0 is the file.
        levels: float [photos, distortions, levels + 1], level 0 first.
    """

    files: np.ndarray
    levels: np.ndarray

    def each(self) -> np.ndarray:
        """Returns the score of each image once, in the order of `_labels`."""
        photos = self.levels[:, 0, 0] if self.levels.size else np.zeros(0)
        return np.concatenate([self.files, photos, self.levels[:, :, 1:].ravel()])


@dataclasses.dataclass(frozen=True)
class Agreement:
    """How closely a form agrees with another.

    Attributes:
        name: of the form.
        reference: name of the other form.
        images: number of images compared.
        difference: maximum difference, as a fraction of the spread of the reference's
            scores.
        worst: the image with that difference, and both its scores.
        srocc: rank correlation of the scores.
        order: share of pairs of known order, of a photo's versions, that the form
            scores in order; nan without distortions.
        reference_order: the same for the reference.
    """

    name: str
    reference: str
    images: int
    difference: float
    worst: str
    srocc: float
    order: float
    reference_order: float

    def problems(self, allowed: Tolerance) -> list[str]:
        """Returns in what way and by how much a tolerance is exceeded, as sentences."""
        found = []
        # Written so that nan counts as a problem.
        most, least = allowed.difference, allowed.srocc
        if most is not None and not self.difference <= most:
            found.append(
                f"{self.name} scores {self.worst}: {self.difference:.2%} of the spread "
                f"of scores apart, where {most:.2%} is allowed"
            )
        if least is not None and not self.srocc >= least:
            found.append(
                f"the scores of {self.name} have a rank correlation of "
                f"{self.srocc:.4f} with those of {self.reference}, where {least} is "
                "needed"
            )
        if allowed.order is not None and not math.isnan(self.reference_order):
            short = self.reference_order - self.order
            if not short <= allowed.order:
                found.append(
                    f"{self.name} scores {self.order:.1%} of pairs in order, "
                    f"{self.reference} {self.reference_order:.1%}: {short:.1%} less, "
                    f"where {allowed.order:.1%} is allowed"
                )
        return found


def tolerance(form: Form, reference: Form) -> Tolerance:
    """Returns how far two forms may differ, given the less precise of them."""
    both = [TOLERANCES[each.form] for each in (form, reference)]
    return ROUNDED if ROUNDED in both else EXACT


def score(
    these: Sequence[Form],
    samples: Samples,
    *,
    files: bool = False,
) -> list[Scores]:
    """Scores samples with several forms, making each image only once.

    Args:
        these: the forms.
        samples: the images.
        files: whether to score the photos' files too, if level 0 is only part of the
            photo.
    """
    shape = (
        len(these),
        len(samples.photos),
        len(samples.names),
        1 + len(samples.levels),
    )
    of_files, levels = np.zeros(shape[:2]), np.zeros(shape)

    a_photo = files + bool(samples.names) + len(samples.names) * len(samples.levels)
    line = progress.shown(len(samples.photos) * a_photo, "compare", unit="images")
    with line as done:

        def each(image: Image) -> np.ndarray:
            done.advance()
            return np.array([form.score(image) for form in these])

        for number, photo in enumerate(samples.photos):
            if files:
                of_files[:, number] = each(photo.read_bytes())
            if samples.names:
                levels[:, number, :, 0] = each(samples.photo(number))[:, np.newaxis]
            for kind in range(len(samples.names)):
                for place, level in enumerate(samples.levels, 1):
                    image = samples.version(number, kind, level)
                    levels[:, number, kind, place] = each(image)
    if not files:
        of_files = of_files[:, :0]
    return [Scores(*both) for both in zip(of_files, levels, strict=True)]


def compare(
    form: Form, reference: Form, found: Scores, expected: Scores, samples: Samples
) -> Agreement:
    """Compares the scores of a form with those of another.

    Raises:
        ValueError: if the images do not allow a comparison: fewer than two, or all with
            the same score.
    """
    these, others = found.each(), expected.each()
    spread = float(np.ptp(others)) if len(others) else 0.0
    if not spread > 0:
        raise ValueError(
            "to compare forms, at least 2 photos of different scores are needed; "
            f"{reference.name} scores {len(others)} images, from "
            f"{min(others, default=math.nan)} to {max(others, default=math.nan)}"
        )
    differences = np.abs(these - others) / spread
    worst = int(np.argmax(differences))  # The first nan, if there is one.
    label = _labels(samples, files=bool(len(found.files)))[worst]
    return Agreement(
        name=form.name,
        reference=reference.name,
        images=len(these),
        difference=float(differences[worst]),
        worst=f"{label} {these[worst]:.6f}, {reference.name} {others[worst]:.6f}",
        srocc=metrics.srocc(these, others),
        order=_order(found, samples),
        reference_order=_order(expected, samples),
    )


class Gate:
    """Accepts only forms of a model whose scores agree with it.

    Args:
        reference: the model.
        photos: files to compare on; if none, PHOTOS of those that ship with the
            package.
        distort: whether to compare on distorted versions of the photos as well.
    """

    def __init__(
        self,
        reference: Form,
        *,
        photos: Sequence[str | Path] = (),
        distort: bool = True,
    ):
        self._reference = reference
        # Every third one, as neighbours in name may be similar.
        files = list(photos) or references.embedded_photos()[::3][:PHOTOS]
        self._has_files = reference.size is None
        side = reference.metadata.crop_size
        self._samples = _Kept(
            files,
            names=KINDS if distort else (),
            levels=LEVELS,
            cut=reference.size or (side, side + side // 2),
            mirror=reference.size is not None,
        )

    def write(
        self,
        write: Callable[[Path], object],
        path: str | Path,
        *,
        scores: str = "",
    ) -> list[Agreement]:
        """Writes a form if it passes.

        Args:
            write: writes it to a path.
            path: its destination; existing content is replaced.
            scores: path within it of the part that scores, if `forms.load` cannot open
                the whole form.

        Returns:
            Its agreement, for each signature in the case of a SavedModel.

        Raises:
            AgreementError: if it does not pass; then nothing is written.
            ValueError: if the photos do not allow a comparison.
        """
        path = Path(path)
        with whole_file.made_beside(path) as made:
            with progress.busy(f"write {path.name}"):
                write(made)
            return [self.check(form) for form in forms.load(made / scores)]

    def check(self, form: Form) -> Agreement:
        """Compares a form with the model.

        Raises:
            AgreementError: if it differs by more than TOLERANCES allows.
            ValueError: if the photos do not allow a comparison.
        """
        (found,) = score([form], self._samples, files=self._has_files)
        agreement = compare(form, self._reference, found, self._expected, self._samples)
        if problems := agreement.problems(tolerance(form, self._reference)):
            raise AgreementError("; ".join(problems))
        return agreement

    @functools.cached_property
    def _expected(self) -> Scores:
        return score([self._reference], self._samples, files=self._has_files)[0]


class _Kept(Samples):
    """Samples that are made once and reused for all forms."""

    @functools.cache  # noqa: B019 (as long as the gate)
    def photo(self, number: int) -> Image:
        return super().photo(number)

    @functools.cache  # noqa: B019
    def version(self, number: int, kind: int, level: int) -> np.ndarray:
        return super().version(number, kind, level)


def _labels(samples: Samples, *, files: bool) -> list[str]:
    """Names the images, in the order of `Scores.each`."""

    def labels() -> Iterator[str]:
        if files:
            yield from map(str, samples.photos)
        if samples.names:
            yield from (
                f"the part of {photo}" if files else f"{photo}"
                for photo in samples.photos
            )
        for photo in samples.photos:
            for name in samples.names:
                for level in samples.levels:
                    yield f"{photo} with {name} of level {level}"

    return list(labels())


def _order(scores: Scores, samples: Samples) -> float:
    levels = LevelScores(samples.names, scores.levels, samples.better)
    return levels.summary("of")["of/pair_accuracy"]


if __name__ == "__main__":
    sys.exit("export.gate is a library; the program is python -m export.verify")
