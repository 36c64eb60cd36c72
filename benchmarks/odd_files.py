"""What happens with odd files: damaged ones, and ones whose headers lie.

    python -m benchmarks.odd_files --count=10000 --seed=0
    python -m benchmarks.odd_files --folder=odd_files

Takes the files in a folder, or makes them: crops of the embedded photos are written in
every supported format and then truncated, with bits flipped, spans zeroed, removed or
doubled, numbers overwritten anywhere, and sizes in headers replaced. Each file is then
read in every way that a photo is read:

    read       photo_files.read, which all programs use, collecting warnings
    dataset    decode.decode_photo inside Dataset.map, as in training
    score      Model.score of the file's bytes
    bytes      the bytes signature of the SavedModel
    listing    decode.unreadable, with which training checks its photos first

in a supervised worker process: it may crash, take longer than --seconds, or take more
than 2 GB above its idle memory. The outcome for a file is one of:

    read alike              all ways give the same pixels and the same score
    read, bytes refuses     as above, but the SavedModel refuses the file and says why
    refused by name         all ways reject it as a photo that cannot be read
    refused late            the listing accepts it, reading rejects it
    refused without a name  an error that does not concern a photo, as from a bug
    scored differently      two ways give different pixels or scores, or one gives some
                            where another rejects
    over 2 GB, hang, crash  as they say

With --keep, files with one of the last six outcomes are written to a folder. At the
end, it prints what native code wrote to stderr without naming a photo: where photos are
read with `warn`, there should be nothing.
"""

import collections
import contextlib
import hashlib
import io
import multiprocessing
import os
import random
import re
import resource
import sys
import tempfile
import threading
import time
import zlib
from collections.abc import Iterator
from pathlib import Path

from absl import app
from absl import flags
from PIL import Image

_COUNT = flags.DEFINE_integer("count", 1_000, "Files to make.", lower_bound=1)
_SEED = flags.DEFINE_integer("seed", 0, "Decides which files are made.")
_FOLDER = flags.DEFINE_string("folder", None, "Takes the files in it; makes none.")
_KEEP = flags.DEFINE_string("keep", None, "Folder for the files that went wrong.")
_WORKERS = flags.DEFINE_integer("workers", 2, "Processes.", lower_bound=1)
_SECONDS = flags.DEFINE_float("seconds", 60, "What a file may take all ways together.")
_EACH = flags.DEFINE_bool("each", False, "Prints a line for each file.")

WAYS = ("read", "dataset", "score", "bytes", "listing")
GOOD = ("read alike", "read, bytes refuses", "refused by name")
BAD = (
    "refused late",
    "refused without a name",
    "scored differently",
    "over 2 GB",
    "hang",
    "crash",
)
_MOST_MEMORY = 2 * 2**30
_LIMIT = 6 * 2**30  # Above this the worker's allocations fail, not others'.


# Making files.


def make_sources() -> dict[str, list[bytes]]:
    """Writes small crops of photos in each format.

    Returns:
        The files of each format, by its name.
    """
    from rankiqa_tf.data.references import embedded_photos

    sources: dict[str, list[bytes]] = collections.defaultdict(list)
    for path in embedded_photos()[:6]:
        with Image.open(path) as photo:
            rgb = photo.convert("RGB").resize((192, 128)).crop((40, 20, 137, 85))
        for name, file in _formats(rgb):
            sources[name].append(file)
    return sources


def _formats(rgb: Image.Image) -> Iterator[tuple[str, bytes]]:
    import numpy as np
    import tensorflow as tf

    grey, rgba, cmyk = rgb.convert("L"), rgb.copy(), rgb.convert("CMYK")
    rgba.putalpha(grey)
    deep = Image.fromarray(np.asarray(grey).astype(np.uint16) * 257)
    turned = Image.Exif()
    turned[0x0112] = 6

    def encoded(image: Image.Image, kind: str, **options) -> bytes:
        file = io.BytesIO()
        image.save(file, kind, **options)
        return file.getvalue()

    yield "jpeg", encoded(rgb, "JPEG", exif=turned)
    yield "jpeg progressive", encoded(rgb, "JPEG", progressive=True)
    yield "jpeg restarts", encoded(rgb, "JPEG", restart_marker_blocks=4)
    yield "jpeg grey", encoded(grey, "JPEG")
    yield "jpeg rgb", encoded(rgb, "JPEG", keep_rgb=True)
    yield "jpeg cmyk", encoded(cmyk, "JPEG")
    yield "mpo", encoded(rgb, "MPO", save_all=True, append_images=[rgb])
    yield "png", encoded(rgb, "PNG", exif=turned)
    yield "png palette", encoded(rgb.quantize(64), "PNG", transparency=0)
    yield "png alpha", encoded(rgba, "PNG")
    yield "png grey 16", encoded(deep, "PNG")
    wide = tf.constant(np.asarray(rgb).astype(np.uint16) * 257)
    yield "png 16", tf.io.encode_png(wide).numpy()
    yield "webp", encoded(rgb, "WEBP")
    yield "webp lossless", encoded(rgb, "WEBP", lossless=True)
    yield "webp alpha", encoded(rgba, "WEBP", exif=turned)
    yield "tiff", encoded(rgb, "TIFF")
    for compression in ("lzw", "adobe_deflate", "jpeg", "packbits"):
        options = {"compression": f"tiff_{compression}"}
        options = {"compression": compression} if compression[0] in "jp" else options
        yield f"tiff {compression}", encoded(rgb, "TIFF", **options)
    yield "tiff group4", encoded(rgb.convert("1"), "TIFF", compression="group4")
    yield "tiff 16", encoded(deep, "TIFF")
    yield "tiff cmyk", encoded(cmyk, "TIFF", compression="tiff_lzw")
    yield "tiff pages", encoded(rgb, "TIFF", save_all=True, append_images=[rgb])
    yield "jp2", encoded(rgb, "JPEG2000")
    yield (
        "jp2 lossy",
        encoded(rgb, "JPEG2000", irreversible=True, quality_layers=[20]),
    )
    yield "jp2 grey", encoded(grey, "JPEG2000")
    yield "jp2 16", encoded(deep, "JPEG2000")
    yield "j2k", encoded(rgb, "JPEG2000", no_jp2=True, tile_size=(64, 64))
    yield "avif", encoded(rgb, "AVIF")
    yield "bmp", encoded(rgb, "BMP")
    yield "bmp palette", encoded(rgb.quantize(64), "BMP")
    yield "gif", encoded(rgb, "GIF")
    yield "gif frames", encoded(grey, "GIF", save_all=True, append_images=[rgb])
    yield "ppm", encoded(rgb, "PPM")
    yield "pgm", encoded(grey, "PPM")
    yield "pbm", encoded(rgb.convert("1"), "PPM")


def make_file(
    sources: dict[str, list[bytes]], seed: int, number: int
) -> tuple[str, bytes]:
    """Makes an odd file.

    Returns:
        What it is, and its bytes.
    """
    chance = random.Random(f"{seed} {number}")
    kind = chance.choice(sorted(sources))
    source = chance.choice(sources[kind])
    damage = chance.choice(tuple(_DAMAGES))
    data = _DAMAGES[damage](bytearray(source), chance)
    if data.startswith(b"\x89PNG") and chance.random() < 0.7:
        _mend_checksums(data)  # Otherwise hardly any damage would get past these.
    return f"{number} {kind}, {damage}", bytes(data)


def _cut(data: bytearray, chance: random.Random) -> bytearray:
    return data[: chance.randrange(len(data))]


def _flip(data: bytearray, chance: random.Random) -> bytearray:
    for _ in range(chance.choice((1, 1, 2, 8, 64))):
        data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
    return data


def _flip_header(data: bytearray, chance: random.Random) -> bytearray:
    for _ in range(chance.choice((1, 2, 4))):
        data[chance.randrange(min(len(data), 400))] ^= 1 << chance.randrange(8)
    return data


def _fill(data: bytearray, chance: random.Random) -> bytearray:
    start, end = sorted(chance.randrange(len(data) + 1) for _ in range(2))
    end = chance.choice((end, len(data)))
    data[start:end] = bytes([chance.choice((0, 255))]) * (end - start)
    return data


def _take_out(data: bytearray, chance: random.Random) -> bytearray:
    start = chance.randrange(len(data))
    del data[start : start + chance.choice((1, 2, 7, 100, 1_000))]
    return data


def _double(data: bytearray, chance: random.Random) -> bytearray:
    start = chance.randrange(len(data))
    span = data[start : start + chance.choice((1, 12, 100, 1_000))]
    data[start:start] = span * chance.choice((1, 1, 10))
    return data


_ODD_NUMBERS = (0, 1, 2, 7, 12, 15, 16, 32, 64, 100, 255, 256, 4096, 20_000, 65_535)
_ODD_NUMBERS += (65_536, 100_000, 2**24, 2**31 - 1, 2**31, 2**32 - 1)


def _overwrite(data: bytearray, chance: random.Random) -> bytearray:
    for _ in range(chance.choice((1, 1, 2))):
        within = chance.choice((64, 400, len(data)))
        place = chance.randrange(min(within, len(data)))
        width, order = chance.choice((1, 2, 4)), chance.choice(("big", "little"))
        value = chance.choice(_ODD_NUMBERS) % 256**width
        data[place : place + width] = value.to_bytes(width, order)
    return data


def _lie(data: bytearray, chance: random.Random) -> bytearray:
    """Replaces the sides of the crop wherever they occur in the first 2,000 bytes."""
    sides = [number for number in _ODD_NUMBERS if number > 64] + [0, 0, 1, 96, 98, 66]
    found = False
    for side in (97, 65):
        if chance.random() < 0.3:
            continue
        value = chance.choice(sides)
        for width, order in ((4, "big"), (4, "little"), (2, "big"), (2, "little")):
            old = side.to_bytes(width, order)
            place = data.find(old, 0, 2_000)
            while place >= 0:
                found = True
                data[place : place + width] = (value % 256**width).to_bytes(
                    width, order
                )
                place = data.find(old, place + width, 2_000)
            if found:
                break
    if data[:1] == b"P":
        words = data.split(b"\n", 2)
        words[1] = b"%d %d" % (chance.choice(sides), chance.choice(sides))
        return bytearray(b"\n".join(words))
    return data


_DAMAGES = {
    "cut short": _cut,
    "bits flipped": _flip,
    "bits of the header flipped": _flip_header,
    "filled": _fill,
    "span taken out": _take_out,
    "span doubled": _double,
    "numbers overwritten": _overwrite,
    "sides replaced": _lie,
}


def _mend_checksums(data: bytearray) -> None:
    place = 8
    while place + 12 <= len(data):
        length = int.from_bytes(data[place : place + 4], "big")
        end = place + 8 + length
        if end + 4 > len(data):
            return
        data[end : end + 4] = zlib.crc32(data[place + 4 : end]).to_bytes(4, "big")
        place = end + 4


# Trying them, in a worker.


def _work(pipe, saved: str) -> None:
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    import tensorflow as tf

    from distortions import photo_files
    from distortions.photo_header import PhotoError
    from rankiqa_tf.data import decode

    @tf.function(input_signature=[tf.TensorSpec([], tf.string)])
    def in_dataset(contents):
        photos = tf.data.Dataset.from_tensors(contents).map(decode.decode_photo)
        return photos.get_single_element()

    model = make_model()
    loaded = tf.saved_model.load(saved)
    signature = loaded.signatures["serving_default"]

    def digest(pixels) -> str:
        text = f"{pixels.shape}".encode() + pixels.tobytes()
        return hashlib.sha256(text).hexdigest()

    def read(path: Path, _: bytes):
        pixels = photo_files.read(path, warn=warnings.append)
        return digest(pixels), model.score(pixels)

    def dataset(_: Path, contents: bytes):
        pixels = in_dataset(contents).numpy()
        return digest(pixels), model.score(pixels)

    def score(_: Path, contents: bytes):
        return "", model.score(contents)

    def signature_of_bytes(_: Path, contents: bytes):
        answer = signature(image_bytes=tf.constant([contents]))
        error = answer["error"].numpy()[0].decode()
        if error:
            raise PhotoError(error)
        return "", float(answer["score"][0])

    def listing(path: Path, _: bytes):
        for message in decode.unreadable([path]).values():
            raise PhotoError(message)
        return "", None

    warnings: list[str] = []
    functions = (read, dataset, score, signature_of_bytes, listing)
    noise = tempfile.TemporaryFile()  # noqa: SIM115
    os.dup2(noise.fileno(), 2)
    limited = False
    while True:
        path = pipe.recv()
        if path is None:
            return
        contents = path.read_bytes()
        for way, function in zip(WAYS, functions, strict=True):
            Path("/proc/self/clear_refs").write_text("5")  # Resets the peak.
            before, lines = _memory("VmRSS"), noise.seek(0, os.SEEK_END)
            pipe.send((way, "begins", None, 0, ""))
            try:
                outcome, detail = "read", function(path, contents)
            except PhotoError as error:
                outcome, detail = "refused", str(error)
            except tf.errors.InvalidArgumentError as error:
                outcome, detail = "refused", str(error)
            except Exception as error:
                outcome, detail = "error", f"{type(error).__name__}: {error}"
                if way == "dataset" and "PhotoError" in detail:
                    outcome = "refused"
            noise.seek(lines)
            text = noise.read().decode(errors="replace")
            pipe.send((way, outcome, detail, _memory("VmHWM") - before, text))
        if not limited:  # The first file has loaded everything there is to load.
            most = _memory("VmSize") + _LIMIT
            resource.setrlimit(resource.RLIMIT_AS, (most, most))
            limited = True


def _memory(name: str) -> int:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(name):
            return 1024 * int(line.split()[1])
    raise ValueError(f"no {name} in /proc/self/status")


def make_model():
    """Makes a model that takes no time: a photo's pixels decide its score."""
    import keras

    from rankiqa_tf.metadata import Metadata
    from rankiqa_tf.model import Model

    keras.utils.set_random_seed(3)
    image = keras.Input([24, 24, 3])
    features = keras.layers.Conv2D(8, 3, strides=3, activation="relu")(image)
    features = keras.layers.Flatten()(features)
    scores = keras.layers.Reshape(())(keras.layers.Dense(1)(features))
    metadata = Metadata(
        network="tiny",
        crop_size=24,
        levels="last",
        score_range=None,
        trained_on="nothing",
        stages=(),
    )
    return Model(keras.Model(image, scores), metadata)


# Watching the workers.


class _Worker:
    """A process that tries files; it is replaced if a file ends it."""

    def __init__(self, saved: str):
        self._saved = saved
        self._start()

    def _start(self) -> None:
        context = multiprocessing.get_context("spawn")
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(
            target=_work, args=(theirs, self._saved), daemon=True
        )
        self._process.start()
        theirs.close()
        self._is_new = True

    def try_file(self, path: Path) -> dict[str, tuple]:
        """Returns for each way: outcome, detail, memory in bytes, text on stderr."""
        results: dict[str, tuple] = {}
        way = WAYS[0]
        end = time.monotonic() + _SECONDS.value + 180 * self._is_new
        self._is_new = False
        try:
            self._pipe.send(path)
            while len(results) < len(WAYS):
                if not self._pipe.poll(max(0, end - time.monotonic())):
                    results[way] = "hang", None, 0, ""
                    break
                way, outcome, *rest = self._pipe.recv()
                if outcome != "begins":
                    results[way] = (outcome, *rest)
        except (EOFError, OSError):
            self._process.join()
            results[way] = "crash", f"exit code {self._process.exitcode}", 0, ""
        if results[way][0] in ("hang", "crash"):
            self.stop()
            self._start()
        return results

    def stop(self) -> None:
        self._process.kill()
        self._process.join()


def classify(results: dict[str, tuple]) -> str:
    """Returns a file's outcome, one of those listed at the top."""
    outcomes = {way: result[0] for way, result in results.items()}
    for kind in ("crash", "hang"):
        if kind in outcomes.values():
            return kind
    if any(result[2] > _MOST_MEMORY for result in results.values()):
        return "over 2 GB"
    if "error" in outcomes.values():
        return "refused without a name"
    refused = [way for way in WAYS if outcomes[way] == "refused"]
    if len(refused) == len(WAYS):
        return "refused by name"
    read = {way: results[way][1] for way in WAYS if way not in refused}
    scores = [detail[1] for way, detail in read.items() if way != "listing"]
    pixels = {read[way][0] for way in ("read", "dataset") if way in read}
    differ = max(scores, default=0.0) - min(scores, default=0.0) > 1e-4
    if len(pixels) > 1 or differ:
        return "scored differently"
    if not refused:
        return "read alike"
    if refused == ["bytes"]:
        return "read, bytes refuses"
    if "listing" in read and set(refused) >= {"read", "dataset", "score", "bytes"}:
        return "refused late"
    return "scored differently"


def main(argv: list[str]) -> None:
    """Tries the files and prints the table."""
    if len(argv) > 1:
        raise app.UsageError(f"unexpected arguments: {argv[1:]}")
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    from export import saved_model

    with tempfile.TemporaryDirectory() as folder:
        saved_model.write(make_model(), Path(folder, "saved"))
        _run(Path(folder))


def _run(folder: Path) -> None:
    if _FOLDER.value:
        paths = sorted(
            path for path in Path(_FOLDER.value).rglob("*") if path.is_file()
        )
        cases = ((str(path), path.read_bytes()) for path in paths)
    else:
        sources = make_sources()
        cases = (
            make_file(sources, _SEED.value, number) for number in range(_COUNT.value)
        )
    lock = threading.Lock()
    table: dict[str, collections.Counter[str]] = collections.defaultdict(
        collections.Counter
    )
    lines: collections.Counter[str] = collections.Counter()
    texts: collections.Counter[str] = collections.Counter()
    slowest, largest = 0.0, 0

    def run(number: int) -> None:
        nonlocal slowest, largest
        worker = _Worker(str(folder / "saved"))
        path = folder / f"file{number}.jpg"
        while True:
            with lock:
                name, contents = next(cases, ("", b""))
            if not name:
                worker.stop()
                return
            path.write_bytes(contents)
            began = time.monotonic()
            results = worker.try_file(path)
            seconds = time.monotonic() - began
            kind = classify(results)
            with lock:
                row = name.split(" ", 1)[1] if not _FOLDER.value else Path(name).suffix
                table[row.partition(",")[0]][kind] += 1
                slowest = max(slowest, seconds)
                largest = max(largest, *(result[2] for result in results.values()))
                for way, result in results.items():
                    said = result[3].splitlines()
                    lines[way] += len(said)
                    texts.update(re.sub(r"[\d.]+", "#", line)[:80] for line in said)
                if _EACH.value or kind in BAD:
                    _report(name, kind, results, contents)

    threads = [threading.Thread(target=run, args=[n]) for n in range(_WORKERS.value)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    _print_table(table)
    print(f"\nslowest file: {slowest:.1f} s; most memory: {largest / 2**20:.0f} MB")
    print("lines on stderr:", ", ".join(f"{way} {lines[way]}" for way in WAYS))
    for text, count in texts.most_common(20):
        print(f"{count:6} {text}")


def _report(name: str, kind: str, results: dict[str, tuple], contents: bytes) -> None:
    print(f"{name}: {kind}", file=sys.stderr)
    for way, (outcome, detail, memory, text) in results.items():
        words = " ".join(str(detail).split())[:200]
        said = " ".join(text.split())[:200]
        print(
            f"    {way}: {outcome} {words} {memory / 2**20:.0f} MB {said}",
            file=sys.stderr,
        )
    if _KEEP.value and kind in BAD:
        with contextlib.suppress(FileExistsError):
            Path(_KEEP.value).mkdir(parents=True)
        number = hashlib.sha256(contents).hexdigest()[:12]
        Path(_KEEP.value, f"{kind.replace(' ', '_')}_{number}").write_bytes(contents)


def _print_table(table: dict[str, collections.Counter[str]]) -> None:
    kinds = (*GOOD, *BAD)
    print(f"| format | files | {' | '.join(kinds)} |")
    print("| --- |" + " ---: |" * (len(kinds) + 1))
    total: collections.Counter[str] = collections.Counter()
    for name in sorted(table):
        row = table[name]
        total.update(row)
        counts = " | ".join(str(row[kind]) for kind in kinds)
        print(f"| {name} | {row.total()} | {counts} |")
    counts = " | ".join(str(total[kind]) for kind in kinds)
    print(f"| all | {total.total()} | {counts} |")


if __name__ == "__main__":
    app.run(main)
