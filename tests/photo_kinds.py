"""Files of photos in every format, and odd ones, made for tests."""

import io
import struct
import zlib

import numpy as np
import tensorflow as tf
from PIL import Image
from PIL import ImageOps

NOISE = np.random.default_rng(0).integers(0, 256, (9, 13, 3), dtype=np.uint8)
RGB = Image.fromarray(NOISE).resize((53, 37), Image.Resampling.BICUBIC)
GREY = RGB.convert("L")
RGBA = RGB.copy()
RGBA.putalpha(GREY)
TURNED = Image.Exif()
TURNED[0x0112] = 6  # Orientation: the first row is the right side.


def grey_16_bits() -> Image.Image:
    values = np.asarray(GREY).astype(np.uint16) * 256 + 77
    return Image.fromarray(values)


def encode(image: Image.Image, kind: str, **options) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def rgb_png_16_bits() -> bytes:
    """A PNG written by TensorFlow, as Pillow writes no colour in 16 bits."""
    values = np.asarray(RGB).astype(np.uint16) * 256 + 200
    return tf.io.encode_png(values).numpy()


def palette_with_transparency() -> bytes:
    return encode(RGB.convert("P"), "PNG", transparency=bytes(range(256)))


def by_pillow(contents: bytes) -> np.ndarray:
    image = ImageOps.exif_transpose(Image.open(io.BytesIO(contents)))
    if image.mode in ("P", "PA"):
        image = image.convert("RGBA")
    return np.asarray(image.convert("RGB"))


def tiff(
    samples: np.ndarray | bytes,
    size: tuple[int, int],
    *,
    bits: tuple[int, ...],
    photometric: int,
    sample_format: int = 1,
) -> bytes:
    """Writes an uncompressed TIFF of one strip, by hand, in little-endian order."""
    data = samples if isinstance(samples, bytes) else samples.tobytes()
    values = (struct.pack(f"<{len(bits)}H", *bits), data)
    start = 8 + 2 + 12 * 10 + 4
    places = (start, start + len(values[0]))
    entries = [
        (256, 4, 1, size[0]),
        (257, 4, 1, size[1]),
        (258, 3, len(bits), bits[0] if len(bits) == 1 else places[0]),
        (259, 3, 1, 1),
        (262, 3, 1, photometric),
        (273, 4, 1, places[1]),
        (277, 3, 1, len(bits)),
        (278, 4, 1, size[1]),
        (279, 4, 1, len(data)),
        (339, 3, 1, sample_format),
    ]
    directory = b"".join(struct.pack("<HHII", *entry) for entry in entries)
    return (
        struct.pack("<2sHIH", b"II", 42, 8, len(entries))
        + directory
        + bytes(4)
        + b"".join(values)
    )


def with_sides(kind: str, width: int, height: int) -> bytes:
    """A small file that claims these sides, which JPEG and GIF have 16 bits for."""
    big, little = struct.pack(">II", width, height), struct.pack("<II", width, height)
    if kind == "ppm":
        return b"P6 %d %d 255\n" % (width, height) + bytes(999)
    if kind == "tiff":
        return tiff(bytes(999), (width, height), bits=(8,), photometric=1)
    file = bytearray(encode(RGB, {"jp2": "JPEG2000"}.get(kind, kind.upper())))
    if kind == "png":
        file[16:24] = big
        file[29:33] = struct.pack(">I", zlib.crc32(file[12:29]))
    elif kind == "bmp":
        file[18:26] = little
    elif kind == "gif":
        short = struct.pack("<HH", width, height)
        descriptor = file.index(struct.pack("<HH", 53, 37), 10)
        file[6:10] = file[descriptor : descriptor + 4] = short
    elif kind == "jpeg":
        frame = file.index(b"\xff\xc0")
        file[frame + 5 : frame + 9] = struct.pack(">HH", height, width)
    elif kind == "jp2":
        header, stream = file.index(b"ihdr"), file.index(b"\xff\x51")
        file[header + 4 : header + 12] = struct.pack(">II", height, width)
        file[stream + 6 : stream + 14] = file[stream + 22 : stream + 30] = big
    else:
        raise ValueError(f"no {kind} of other sides")
    return bytes(file)


def jp2_that_lies() -> bytes:
    """A JPEG 2000 of 16 bits, as its codestream says, whose boxes say 8."""
    file = bytearray(encode(RGB, "JPEG2000"))
    stream = file.index(b"\xff\x51")
    for number in range(3):
        file[stream + 40 + 3 * number] = 15
    return bytes(file)


def with_segments(jpeg: bytes, *segments: tuple[int, bytes]) -> bytes:
    """Puts segments in front of all others of a JPEG."""
    parts = [
        struct.pack(">BBH", 0xFF, marker, 2 + len(data)) + data
        for marker, data in segments
    ]
    return jpeg[:2] + b"".join(parts) + jpeg[2:]


LARGE_APP2 = [(0xE2, b"ICC_PROFILE\0" + bytes(40_000))] * 2


def xmp(orientation: int) -> bytes:
    text = f'<rdf:Description tiff:Orientation="{orientation}"/>'
    return b"http://ns.adobe.com/xap/1.0/\0" + text.encode()


def without_adobe(jpeg: bytes) -> bytes:
    place = jpeg.index(b"\xff\xee\0\x0eAdobe")
    return jpeg[:place] + jpeg[place + 16 :]


def half_of_zeros(file: bytes) -> bytes:
    return file[: len(file) // 2] + bytes(len(file) - len(file) // 2)


KINDS = {
    "jpeg": encode(RGB, "JPEG", quality=60),
    "jpeg grey": encode(GREY, "JPEG"),
    "jpeg progressive": encode(RGB, "JPEG", progressive=True, subsampling=0),
    "jpeg cmyk": encode(RGB.convert("CMYK"), "JPEG"),
    "jpeg turned": encode(RGB, "JPEG", exif=TURNED),
    "png": encode(RGB, "PNG"),
    "png grey": encode(GREY, "PNG"),
    "png grey and alpha": encode(GREY.convert("LA"), "PNG"),
    "png alpha": encode(RGBA, "PNG"),
    "png palette": encode(RGB.convert("P"), "PNG"),
    "png palette with transparency": palette_with_transparency(),
    "png 1 bit": encode(RGB.convert("1"), "PNG"),
    "png turned": encode(RGB, "PNG", exif=TURNED),
    "png 16 bits": rgb_png_16_bits(),
    "webp": encode(RGB, "WEBP"),
    "webp lossless": encode(RGB, "WEBP", lossless=True),
    "webp alpha": encode(RGBA, "WEBP"),
    "webp lossless alpha": encode(RGBA, "WEBP", lossless=True, exact=True),
    "webp turned": encode(RGB, "WEBP", exif=TURNED),
    "webp animated": encode(RGB, "WEBP", save_all=True, append_images=[RGBA]),
    "tiff": encode(RGB, "TIFF"),
    "tiff lzw": encode(RGB, "TIFF", compression="tiff_lzw"),
    "tiff alpha": encode(RGBA, "TIFF"),
    "tiff cmyk": encode(RGB.convert("CMYK"), "TIFF"),
    "tiff turned": encode(RGB, "TIFF", tiffinfo={0x0112: 6}),
    "jp2": encode(RGB, "JPEG2000"),
    "jp2 lossy": encode(RGB, "JPEG2000", irreversible=True, quality_layers=[20]),
    "jp2 grey": encode(GREY, "JPEG2000"),
    "jp2 grey and alpha": encode(GREY.convert("LA"), "JPEG2000"),
    "jp2 alpha": encode(RGBA, "JPEG2000"),
    "j2k": encode(RGB, "JPEG2000", no_jp2=True),
    "ppm": encode(RGB, "PPM"),
    "pgm": encode(GREY, "PPM"),
    "pbm": encode(RGB.convert("1"), "PPM"),
    "ppm with a comment": b"P6\n# made by hand\n1 2\n255\n\1\2\3\4\5\6",
    "ppm of 7 bits": b"P6 1 2 127 \1\2\3\4\5\6",
    "bmp": encode(RGB, "BMP"),
    "bmp that ends in zeros": encode(Image.new("RGB", (3, 2)), "BMP"),
    "gif": encode(RGB, "GIF"),
    "gif animated": encode(GREY, "GIF", save_all=True, append_images=[RGB]),
    "avif": encode(RGB, "AVIF"),
    "1 x 1": encode(RGB.resize((1, 1)), "PNG"),
    "30 x 20": encode(RGB.resize((30, 20)), "JPEG"),
}
KINDS_OF_16_BITS = {
    "png": encode(grey_16_bits(), "PNG"),
    "tiff": encode(grey_16_bits(), "TIFF"),
    "jp2": encode(grey_16_bits(), "JPEG2000"),
    "pgm": encode(grey_16_bits(), "PPM"),
}
BROKEN = {
    "empty": (b"", "empty"),
    "text": (b"This is not a photo. " * 20, "not a photo"),
    "short": (b"\xff\xd8", "not a photo"),
    "jpeg": (KINDS["jpeg"][:-300], "cut short"),
    "png": (KINDS["png"][:-300], "cut short"),
    "webp": (KINDS["webp"][:-100], "cut short"),
    "tiff": (KINDS["tiff"][:-300], "cut short"),
    "jp2": (KINDS["jp2"][:-300], "cut short"),
    "ppm": (KINDS["ppm"][:-300], "cut short"),
    "bmp": (KINDS["bmp"][:-300], "cut short"),
    "float": (encode(GREY.convert("F"), "TIFF"), "floating-point"),
}
