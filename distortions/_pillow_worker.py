"""The program of a worker process: Pillow with its own interpreter lock.

`_pillow` runs this file's `main` by path, so that neither TensorFlow nor this package
is loaded and a worker starts in a tenth of a second. Hence it imports nothing of ours.
It answers requests until there are no more, including when its parent process has died.
"""

import collections
import io
import itertools
import json
import math
import os
import random
import re
import signal
import struct
from collections.abc import Callable
from collections.abc import Iterator
from typing import Any

from PIL import Image
from PIL import ImageChops

# Image files: written, damaged and read.


def encode_jpeg(image: Image.Image, quality: int, **options: int) -> bytes:
    """Encodes a JPEG file with 4:2:0 chroma subsampling."""
    file = io.BytesIO()
    image.save(file, format="JPEG", quality=quality, subsampling="4:2:0", **options)
    return file.getvalue()


def encode_jpeg2000(image: Image.Image, ratio: float, **options: Any) -> bytes:
    """Encodes a JPEG 2000 file with a given compression ratio."""
    return _jpeg2000_file(
        image, quality_mode="rates", quality_layers=[ratio], **options
    )


def _jpeg2000_file(image: Image.Image, **options: Any) -> bytes:
    """Encodes a JPEG 2000 file, with the irreversible wavelet and colour transform."""
    file = io.BytesIO()
    image.save(file, format="JPEG2000", irreversible=True, mct=1, **options)
    return file.getvalue()


def encode_webp(image: Image.Image, quality: int) -> bytes:
    """Encodes a lossy WebP file."""
    file = io.BytesIO()
    image.save(file, format="WEBP", quality=quality, method=4)
    return file.getvalue()


def encode_avif(image: Image.Image, quality: int) -> bytes:
    """Encodes an AVIF file with 4:2:0 chroma subsampling."""
    file = io.BytesIO()
    # Slower settings take up to a second per photo. There are as many workers as cores,
    # so one thread each is enough.
    options = {"subsampling": "4:2:0", "speed": 10, "max_threads": 1}
    image.save(file, format="AVIF", quality=quality, **options)
    return file.getvalue()


def decode(file: bytes) -> Image.Image:
    """Decodes an image file."""
    return Image.open(io.BytesIO(file)).convert("RGB")


def encode_jpeg2000_to_psnr(image: Image.Image, psnr: float) -> bytes:
    """Encodes a JPEG 2000 file with a given PSNR."""
    asked, _ = _of_psnr(image, psnr)
    return _jpeg2000_file(image, quality_mode="dB", quality_layers=[asked])


def compress_jpeg2000_to_psnr(image: Image.Image, psnr: float) -> Image.Image:
    """Encodes an image as JPEG 2000 with a given PSNR, and decodes it."""
    return _of_psnr(image, psnr)[1]


def _of_psnr(image: Image.Image, psnr: float) -> tuple[float, Image.Image]:
    """Returns what to ask OpenJPEG for to get a PSNR, and the resulting image.

    OpenJPEG's own estimate is up to 1 dB off. So a file is written in layers of 0.2 dB
    each, which takes no longer than a single layer, and as many layers are read as give
    the PSNR. A file with a single layer that ends there contains exactly the same
    image.
    """
    step = 0.2
    ladder = [max(psnr - 2, 0.1) + step * rung for rung in range(21)]
    file = _jpeg2000_file(image, quality_mode="dB", quality_layers=ladder)
    tried: dict[int, tuple[float, Image.Image]] = {}
    rung = round((psnr - ladder[0]) / step)
    for _ in range(4):
        decoded = _decode_layers(file, rung + 1)
        found = psnr_of(decoded, image)
        tried[rung] = abs(found - psnr), decoded
        rung = min(max(rung + round((psnr - found) / step), 0), len(ladder) - 1)
        if rung in tried:
            break
    nearest = min(tried, key=lambda rung: tried[rung][0])
    return ladder[nearest], tried[nearest][1]


def _decode_layers(file: bytes, count: int) -> Image.Image:
    """Decodes an image from the first layers of a JPEG 2000 file."""
    image = Image.open(io.BytesIO(file))
    # Pillow's own attribute, layers, only affects reduced images.
    decoder, box, offset, (codec, reduce, _, *rest) = image.tile[0]  # type: ignore
    image.tile = [(decoder, box, offset, (codec, reduce, count, *rest))]  # type: ignore
    return image.convert("RGB")


def psnr_of(one: Image.Image, other: Image.Image) -> float:
    """Returns the PSNR over all channels, in dB; 100 for identical images."""
    histogram = ImageChops.difference(one, other).histogram()
    squares = sum(count * (value % 256) ** 2 for value, count in enumerate(histogram))
    mean = squares / (3 * one.width * one.height)
    return 10 * math.log10(255**2 / mean) if mean else 100.0


def transmit_jpeg(
    image: Image.Image, quality: int, error_rate: float, *seed: int
) -> Image.Image:
    """Decodes a JPEG file after flipping some of its bits."""
    # An error ends at the next marker, one per so many blocks of 16 x 16 pixels: at a
    # given error rate, images of any size are spoilt to the same extent.
    file = encode_jpeg(image, quality, restart_marker_blocks=8)
    return decode(damage_jpeg(file, error_rate, *seed))


def transmit_jpeg2000(
    image: Image.Image, ratio: float, error_rate: float, *seed: int
) -> Image.Image:
    """Decodes a JPEG 2000 codestream after flipping some of its bits."""
    # An error ends with its code-block; with the usual ones of 64 x 64 coefficients, it
    # would often spoil a small image completely.
    options = {"codeblock_size": (16, 16), "no_jp2": True}
    file = encode_jpeg2000(image, ratio, **options)
    return decode(damage_jpeg2000(file, error_rate, *seed))


def quantize_colors(image: Image.Image, colors: int) -> Image.Image:
    """Reduces an image to a palette of its own, with dithering."""
    # From some 16,000 pixels on a grid, median cut makes as good a palette (within 0.1
    # dB) as from all, in a tenth of the time, which is most of the total.
    step = max(1, round((image.width * image.height / 2**14) ** 0.5))
    grid = (-(-image.width // step), -(-image.height // step))
    few = image.resize(grid, Image.Resampling.NEAREST)
    palette = few.quantize(colors, method=Image.Quantize.MEDIANCUT)
    # Pillow dithers only where the palette is given.
    dithered = image.quantize(palette=palette, dither=Image.Dither.FLOYDSTEINBERG)
    return dithered.convert("RGB")


def quantize_colors_to_psnr(image: Image.Image, psnr: float) -> Image.Image:
    """Reduces an image to the number of colours whose PSNR is nearest."""
    low, high = 2, 256
    tried: dict[int, tuple[float, Image.Image]] = {}

    def found(colors: int) -> float:
        if colors not in tried:
            quantized = quantize_colors(image, colors)
            tried[colors] = psnr_of(quantized, image), quantized
        return tried[colors][0]

    # Interpolates linearly over the logarithm between both ends, but stays well inside,
    # and makes a limited number of tries.
    for _ in range(5):
        if high - low < 2 or found(low) >= psnr or found(high) <= psnr:
            break
        part = (psnr - found(low)) / (found(high) - found(low))
        colors = round(low * (high / low) ** min(max(part, 0.1), 0.9))
        colors = min(max(colors, low + 1), high - 1)
        if abs(found(colors) - psnr) < 0.1:
            break
        low, high = (colors, high) if found(colors) < psnr else (low, colors)
    return min(tried.values(), key=lambda of: abs(of[0] - psnr))[1]


OPERATIONS: dict[str, Callable[..., Any]] = {
    "encode_jpeg2000": encode_jpeg2000,
    "encode_webp": encode_webp,
    "encode_avif": encode_avif,
    "decode": decode,
    "transmit_jpeg": transmit_jpeg,
    "transmit_jpeg2000": transmit_jpeg2000,
    "quantize_colors": quantize_colors,
    "quantize_colors_to_psnr": quantize_colors_to_psnr,
    "encode_jpeg2000_to_psnr": encode_jpeg2000_to_psnr,
    "compress_jpeg2000_to_psnr": compress_jpeg2000_to_psnr,
}


# Bit errors. They spare headers and markers, as otherwise there would be no image.


def flip_bits(data: bytearray, error_rate: float, *seed: int) -> None:
    """Flips bits in place; those of a lower rate are among those of a higher one."""
    # Python guarantees the same sequence of random() in all versions; NumPy does not.
    generator = random.Random((seed[0] % 2**32) << 32 | seed[1] % 2**32)
    num_bits = 8 * len(data)
    # Half an error means one error, half of the time.
    for _ in range(int(error_rate * num_bits + generator.random())):
        bit = int(generator.random() * num_bits)
        data[bit >> 3] ^= 1 << (bit & 7)


def damage_jpeg(file: bytes, error_rate: float, *seed: int) -> bytes:
    """Flips bits of the entropy-coded data of a JPEG file.

    In a file, a zero is stuffed after every byte of 255, which would otherwise begin a
    marker. The zeros are removed before the damage and reinserted after it, so that no
    marker appears or disappears.
    """
    scan = file.index(b"\xff\xda")
    start = scan + 2 + int.from_bytes(file[scan + 2 : scan + 4], "big")
    # Alternates data and the markers after it: restarts, and finally the end of the
    # file.
    pieces = re.split(b"(\xff[\xd0-\xd9])", file[start:])
    codes = [code.replace(b"\xff\x00", b"\xff") for code in pieces[::2]]
    damaged = bytearray(b"".join(codes))
    flip_bits(damaged, error_rate, *seed)
    received = io.BytesIO(damaged)
    pieces[::2] = [
        received.read(len(code)).replace(b"\xff", b"\xff\x00") for code in codes
    ]
    return file[:start] + b"".join(pieces)


def damage_jpeg2000(file: bytes, error_rate: float, *seed: int) -> bytes:
    """Flips bits of the code-blocks of a JPEG 2000 codestream.

    Each code-block is decoded by itself, whatever its bits: an error spoils the rest of
    it and nothing else.
    """
    blocks = list(code_blocks(file))
    damaged = bytearray(b"".join(file[block] for block in blocks))
    flip_bits(damaged, error_rate, *seed)
    received, whole = io.BytesIO(damaged), bytearray(file)
    for block in blocks:
        whole[block] = received.read(block.stop - block.start)
    return bytes(whole)


def code_blocks(file: bytes) -> Iterator[slice]:
    """Yields the code-blocks of a codestream of the form that Pillow writes.

    This has one tile, one layer and, up to 32,768 pixels a side, one packet for each
    resolution and component, in this order. A packet's header gives the lengths of the
    code-blocks that follow it. Names in comments are those of ITU-T T.800; annex B
    explains the format.
    """
    width, height = struct.unpack_from(">II", file, 8)  # Xsiz, Ysiz
    (num_components,) = struct.unpack_from(">H", file, 40)  # Csiz
    coding = file.index(b"\xff\x52")  # COD
    num_levels, log_width, log_height = file[coding + 9 : coding + 12]
    tile = file.index(b"\xff\x90")  # SOT
    (tile_length,) = struct.unpack_from(">I", file, tile + 6)  # Psot
    position = tile + 14  # After SOD.

    def count_blocks(side: int, level: int, high: int, log_block: int) -> int:
        # Of a band, low or high in this direction; both quotients are rounded up.
        length = -((high << level >> 1) - side >> level)
        return -(-length >> log_block + 2)

    for resolution in range(num_levels + 1):
        level = num_levels - max(resolution - 1, 0)
        bands = ((1, 0), (0, 1), (1, 1)) if resolution else ((0, 0),)
        grids = [
            (
                count_blocks(height, level, down, log_height),
                count_blocks(width, level, across, log_width),
            )
            for across, down in bands
        ]
        for _ in range(num_components):
            header = _PacketHeader(file, position)
            lengths = list(header.block_lengths(grids))
            position = header.end()
            for length in lengths:
                yield slice(position, position + length)
                position += length
    if position != tile + tile_length:
        raise ValueError("a JPEG 2000 codestream of more than one packet a resolution")


class _PacketHeader:
    """The bits of a packet's header, and their meaning."""

    def __init__(self, file: bytes, position: int):
        self._file = file
        self._position = position
        self._byte = 0
        self._num_left = 0

    def _read(self, num_bits: int = 1) -> int:
        number = 0
        for _ in range(num_bits):
            if not self._num_left:
                # The first bit after a byte of 255 is stuffing.
                self._num_left = 7 if self._byte == 255 else 8
                self._byte = self._file[self._position]
                self._position += 1
            self._num_left -= 1
            number = number << 1 | self._byte >> self._num_left & 1
        return number

    def end(self) -> int:
        """Returns where the code-blocks begin, once the header has been read."""
        return self._position + (self._byte == 255)

    def block_lengths(self, grids: list[tuple[int, int]]) -> Iterator[int]:
        """Yields the length of each code-block that is in the packet."""
        if not self._read():
            return
        for rows, columns in grids:
            included, missing_planes = _TagTree(rows, columns), _TagTree(rows, columns)
            for row, column in itertools.product(range(rows), range(columns)):
                if not included.is_below(1, row, column, self._read):
                    continue
                bound = 1
                while not missing_planes.is_below(bound, row, column, self._read):
                    bound += 1
                num_passes = self._num_passes()
                num_bits = 3 + num_passes.bit_length() - 1  # Lblock is 3 at first.
                while self._read():
                    num_bits += 1
                yield self._read(num_bits)

    def _num_passes(self) -> int:
        # Table B.4: each code is all ones where the next longer one begins.
        for num_bits, first in ((1, 1), (1, 2), (2, 3), (5, 6)):
            number = self._read(num_bits)
            if number != (1 << num_bits) - 1:
                return first + number
        return 37 + self._read(7)


class _TagTree:
    """Numbers on a grid that become known gradually (annex B.10.2).

    A node of the tree holds the minimum of the four below it.
    """

    def __init__(self, rows: int, columns: int):
        self._depth = max(rows - 1, columns - 1).bit_length()
        self._least: dict[tuple[int, int, int], int] = collections.defaultdict(int)
        self._known: set[tuple[int, int, int]] = set()

    def is_below(
        self, bound: int, row: int, column: int, read_bit: Callable[[], int]
    ) -> bool:
        """Whether a number is below the bound; reads the bits needed to tell."""
        least = 0
        for depth in range(self._depth, -1, -1):
            node = depth, row >> depth, column >> depth
            least = max(least, self._least[node])
            while least < bound and node not in self._known:
                if read_bit():
                    self._known.add(node)
                else:
                    least += 1
            self._least[node] = least
        return least < bound


# Messages: the lengths of a header and of the data, the header as JSON, the data.

_LENGTHS = struct.Struct("<IQ")


def write_message(pipe: Any, header: dict, data: bytes | memoryview) -> None:
    """Writes a message to an unbuffered pipe."""
    text = json.dumps(header).encode()
    for part in (_LENGTHS.pack(len(text), len(data)) + text, data):
        rest = memoryview(part)
        while rest:
            rest = rest[pipe.write(rest) :]


def read_message(pipe: Any) -> tuple[dict, bytearray] | None:
    """Reads a message from an unbuffered pipe; None at the end of the pipe."""
    lengths = _read(pipe, _LENGTHS.size)
    if lengths is None:
        return None
    header, data = (_read(pipe, length) for length in _LENGTHS.unpack(lengths))
    return None if header is None or data is None else (json.loads(header), data)


def _read(pipe: Any, length: int) -> bytearray | None:
    data = bytearray(length)
    rest = memoryview(data)
    while rest:
        count = pipe.readinto(rest)
        if not count:
            return None
        rest = rest[count:]
    return data


def answer(header: dict, data: bytearray) -> tuple[dict, bytes]:
    """Carries out a request; data with a shape is an image, otherwise a file."""
    try:
        source: Any = bytes(data)
        if "shape" in header:
            height, width, _ = header["shape"]
            source = Image.frombytes("RGB", (width, height), source)
        result = OPERATIONS[header["operation"]](source, *header["arguments"])
    except Exception as error:
        return {"error": f"{type(error).__name__}: {error}"}, b""
    if isinstance(result, bytes):
        return {}, result
    return {"shape": [result.height, result.width, 3]}, result.tobytes()


def main() -> None:
    """Answers requests until there are no more."""
    # Ctrl-C goes to all processes of a terminal; this one ends when its parent does.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    Image.MAX_IMAGE_PIXELS = None  # It only reads what it has written.
    requests, answers = io.FileIO(0), io.FileIO(os.dup(1), "w")
    os.dup2(2, 1)  # Keeps what a library may print out of the answers.
    try:
        while (request := read_message(requests)) is not None:
            write_message(answers, *answer(*request))
    except BrokenPipeError:
        pass  # Nobody is waiting for the answer any more.
