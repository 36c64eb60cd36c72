"""Ten thousand requests of every sort to a served model: are all answered correctly?

    python -m benchmarks.serving --model=model.keras --photos=photos --requests=10000

Exports the model with --crop_size, starts `python -m export.serve` in a separate
process, and sends it requests, alternating between REST and gRPC, from --clients at
once, in an order decided by --seed. Most have one photo: small ones, tiny ones, a few
of 12 to 40 megapixels, broken ones, empty ones; some have several, one of them broken;
some requests are themselves invalid, or too large. Each answer is compared with the
expected one: `Model.score` for a good photo, words that have to be in the reason for a
bad one, and the status and such words for an invalid request. Prints a table of kinds,
the server's memory over time, and how many requests with one small photo it answers per
second.

Needs the extra `serving`; memory is read on Linux only. Exit code 1 if an answer was
wrong.
"""

import base64
import collections
import dataclasses
import io
import itertools
import json
import random
import re
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from collections.abc import Iterator
from collections.abc import Sequence
from concurrent import futures
from pathlib import Path

import grpc
import numpy as np
import tensorflow as tf
from absl import app
from absl import flags
from absl import logging
from PIL import Image
from tensorflow_serving.apis import predict_pb2
from tensorflow_serving.apis import prediction_service_pb2_grpc

import rankiqa_tf
from export import saved_model
from export import warmup

_MODEL = flags.DEFINE_string("model", None, "A .keras file.", required=True)
_PHOTOS = flags.DEFINE_string("photos", None, "A folder of JPEGs.", required=True)
_CROP_SIZE = flags.DEFINE_integer("crop_size", 224, "Of the model that is served.")
_REQUESTS = flags.DEFINE_integer("requests", 10_000, "Requests.", lower_bound=100)
_CLIENTS = flags.DEFINE_integer("clients", 4, "At once.", lower_bound=1)
_SEED = flags.DEFINE_integer("seed", 0, "Decides the order.")

_NAME = "rankiqa"
_MAX_MB = 64
_TOLERANCE = 1e-4  # Of the spread of scores.


@dataclasses.dataclass(frozen=True)
class Photo:
    """A file, and the expected result: a score, or words of the reason."""

    file: bytes
    score: float | None = None
    reason: str = ""


@dataclasses.dataclass(frozen=True)
class Case:
    """A request, and the expected result.

    Attributes:
        kind: its kind in the table.
        photos: the photos in it.
        rest: the body to send instead, if given.
        request: the gRPC request to send instead, if given.
        rest_refusal: HTTP status and words of the reason, if it should be rejected.
        grpc_refusal: gRPC code and words of the reason, if it should be rejected.
    """

    kind: str
    photos: tuple[Photo, ...] = ()
    rest: bytes | None = None
    request: predict_pb2.PredictRequest | None = None
    rest_refusal: tuple[int, str] | None = None
    grpc_refusal: tuple[grpc.StatusCode, str] | None = None


def encoded(image: Image.Image, format: str = "JPEG", **options) -> bytes:
    file = io.BytesIO()
    image.save(file, format, **options)
    return file.getvalue()


def photos_of(paths: Sequence[Path], model) -> dict[str, list[Photo]]:
    """Makes the photos of each kind."""
    pictures = [Image.open(path).convert("RGB") for path in paths]
    turned = Image.Exif()
    turned[0x0112] = 6
    small = []
    for picture, side in zip(
        itertools.cycle(pictures), range(150, 390, 2), strict=False
    ):
        picture = picture.copy()
        picture.thumbnail((side, side))
        small.append(encoded(picture, quality=30 + side % 60, exif=turned))
        if side % 8 == 0:
            small.append(encoded(picture, "PNG"))
    tiny = []
    for picture, width, height in zip(
        itertools.cycle(pictures), range(1, 33), range(32, 0, -1), strict=False
    ):
        picture = picture.resize((width, height))
        tiny += [encoded(picture), encoded(picture, "PNG"), encoded(picture, "BMP")]
    huge = [
        encoded(pictures[number % len(pictures)].resize(sides), quality=85)
        for number, sides in enumerate([(4000, 3000), (6000, 4000), (7728, 5176)])
    ]
    huge.append(encoded(pictures[0].resize((4000, 3000)).quantize(64), "PNG"))

    cmyk = encoded(pictures[0].resize((80, 60)).convert("CMYK"))
    lying = bytearray(encoded(pictures[0].resize((80, 60))))
    frame = lying.index(b"\xff\xc0")
    lying[frame + 5 : frame + 9] = b"\xff\xff\xff\xff"  # 65,535 pixels a side.
    flipped = bytearray(encoded(pictures[0].resize((80, 60)), "PNG"))
    flipped[len(flipped) // 2] ^= 1
    generator = random.Random(0)
    broken = [Photo(file[: len(file) // 2], reason="cut short") for file in small]
    broken += [Photo(file[:9], reason="cut short") for file in small[:20]]
    broken += [
        Photo(generator.randbytes(count) or b"?", reason="signature reads JPEG")
        for count in range(1, 4000, 97)
    ]
    broken += [
        Photo(encoded(pictures[0].resize((80, 60)), "WEBP"), reason="reads JPEG"),
        Photo(b"<html><body>404 Not Found</body></html>", reason="reads JPEG"),
        Photo(cmyk, reason="4 components"),
        Photo(bytes(lying), reason="too many pixels"),
        Photo(bytes(flipped), reason="cut short"),
    ] * 5
    good = {"small": small, "tiny": tiny, "huge": huge}
    scored = {
        name: [Photo(file, score=model.score(file)) for file in files]
        for name, files in good.items()
    }
    return scored | {"broken": broken, "empty": [Photo(b"", reason="file is empty")]}


def cases(photos: dict[str, list[Photo]], count: int, seed: int) -> Iterator[Case]:
    """Draws requests."""
    generator = random.Random(seed)
    weights = {
        "one small photo": 596,
        "one tiny photo": 100,
        "one huge photo": 10,
        "one broken photo": 150,
        "one empty photo": 30,
        "four photos, one broken": 50,
        "no photos": 30,
        "empty request": 10,
        "wrong request": 23,
        "too large request": 1,
    }
    for kind in generator.choices(list(weights), list(weights.values()), k=count):
        match kind.split():
            case ["one", sort, "photo"]:
                yield Case(kind, (generator.choice(photos[sort]),))
            case ["four", *_]:
                some = generator.sample(photos["small"], 3)
                some.insert(generator.randrange(4), generator.choice(photos["broken"]))
                yield Case(kind, tuple(some))
            case ["no", "photos"]:
                yield Case(kind)
            case ["empty", "request"]:
                yield Case(
                    kind,
                    rest=b"",
                    request=predict_pb2.PredictRequest(),
                    rest_refusal=(400, "not JSON"),
                    grpc_refusal=(grpc.StatusCode.NOT_FOUND, "no model"),
                )
            case ["wrong", "request"]:
                yield generator.choice(list(wrong(generator)))
            case _:
                yield too_large()


def wrong(generator: random.Random) -> Iterator[Case]:
    """Yields invalid requests."""
    for rest, rest_words, signature, name, grpc_words in [
        (b'{"instances": [', "not JSON", "no_such", "image_bytes", "no signature"),
        (b'{"instances": [{"b64": "%%%"}]}', "base64", "", "photo", "image_bytes"),
        (b'{"instances": [{"b64": 1}]}', "b64", "pixels", "image_bytes", "takes image"),
        (b'{"photos": []}', "instances", "", "", "takes image_bytes, not nothing"),
        (b"[" * 100_000, "not JSON", "pixels", "image", "must be uint8"),
        (generator.randbytes(99), "not JSON", "metadata", "image", "takes nothing"),
    ]:
        request = predict_pb2.PredictRequest()
        request.model_spec.name = _NAME
        request.model_spec.signature_name = signature
        if name:
            request.inputs[name].CopyFrom(tf.make_tensor_proto([b"photo"]))
        yield Case(
            "wrong request",
            rest=rest,
            request=request,
            rest_refusal=(400, rest_words),
            grpc_refusal=(grpc.StatusCode.INVALID_ARGUMENT, grpc_words),
        )


def too_large() -> Case:
    content = bytes((_MAX_MB << 20) + 1)
    request = predict_pb2.PredictRequest()
    request.model_spec.name = _NAME
    request.inputs["image_bytes"].CopyFrom(tf.make_tensor_proto([content]))
    return Case(
        "too large request",
        rest=content,
        request=request,
        rest_refusal=(413, "67,108,864 bytes"),
        grpc_refusal=(grpc.StatusCode.RESOURCE_EXHAUSTED, "larger than max"),
    )


@dataclasses.dataclass(frozen=True)
class Answer:
    """Scores and reasons of the photos, or why the request was rejected."""

    scores: tuple[float | None, ...] = ()
    reasons: tuple[str, ...] = ()
    status: int | grpc.StatusCode | None = None
    message: str = ""


def by_rest(address: str) -> Callable[[Case], Answer]:
    def send(case: Case) -> Answer:
        body = case.rest
        if body is None:
            files = [base64.b64encode(each.file).decode() for each in case.photos]
            body = json.dumps({"instances": [{"b64": file} for file in files]}).encode()
        request = urllib.request.Request(f"{address}:predict", data=body)
        try:
            with urllib.request.urlopen(request, timeout=120) as response:
                rows = json.load(response)["predictions"]
        except urllib.error.HTTPError as error:
            return Answer(status=error.code, message=json.load(error)["error"])
        return Answer(
            tuple(row["score"] for row in rows), tuple(row["error"] for row in rows)
        )

    return send


def by_grpc(address: str) -> Callable[[Case], Answer]:
    stub = prediction_service_pb2_grpc.PredictionServiceStub(
        grpc.insecure_channel(address)
    )

    def send(case: Case) -> Answer:
        request = case.request
        if request is None:
            request = predict_pb2.PredictRequest()
            request.model_spec.name = _NAME
            files = [each.file for each in case.photos]
            request.inputs["image_bytes"].CopyFrom(
                tf.make_tensor_proto(files, tf.string, shape=[len(files)])
            )
        try:
            outputs = stub.Predict(request, timeout=120).outputs
        except grpc.RpcError as error:
            return Answer(status=error.code(), message=error.details())
        scores = tf.make_ndarray(outputs["score"]).tolist()
        errors = tf.make_ndarray(outputs["error"]).tolist()
        return Answer(
            tuple(None if np.isnan(score) else score for score in scores),
            tuple(error.decode() for error in errors),
        )

    return send


def difference(case: Case, answer: Answer) -> float | None:
    """Returns the maximum score difference; None if the answer is otherwise wrong."""
    if case.rest_refusal and case.grpc_refusal:
        right = any(
            answer.status == status and words in answer.message
            for status, words in (case.rest_refusal, case.grpc_refusal)
        )
        return 0.0 if right else None
    if answer.status or len(answer.scores) != len(case.photos):
        return None
    greatest = 0.0
    for photo, score, reason in zip(
        case.photos, answer.scores, answer.reasons, strict=True
    ):
        if photo.score is None:
            if score is not None or not reason or photo.reason not in reason:
                return None
        elif score is None or reason:
            return None
        else:
            greatest = max(greatest, abs(score - photo.score))
    return greatest


@dataclasses.dataclass
class Memory:
    """Samples a process's resident memory, in megabytes, twice a second."""

    process: int
    readings: list[tuple[float, int]] = dataclasses.field(default_factory=list)
    _done: threading.Event = dataclasses.field(default_factory=threading.Event)

    def __enter__(self) -> "Memory":
        self._thread = threading.Thread(target=self._watch)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._thread.join()

    def _watch(self) -> None:
        status = Path(f"/proc/{self.process}/status")
        while not self._done.wait(0.5):
            match = re.search(r"VmRSS:\s+(\d+) kB", status.read_text())
            if match:
                self.readings.append((time.monotonic(), int(match[1]) // 1024))

    def print_quarters(self) -> None:
        """Prints a table of the memory in each quarter of the time."""
        print("\n| quarter of the time | least MB | mean MB | most MB |")
        print("| --- | ---: | ---: | ---: |")
        for number, part in enumerate(np.array_split(self.readings, 4), start=1):
            megabytes = part[:, 1]
            print(
                f"| {number} | {megabytes.min():,.0f} | {megabytes.mean():,.0f} | "
                f"{megabytes.max():,.0f} |"
            )


def serve(folder: Path) -> tuple[subprocess.Popen, str, str]:
    """Starts the server; returns it and its addresses."""
    server = subprocess.Popen(
        [
            *(sys.executable, "-m", "export.serve", f"--model={folder}"),
            *(f"--name={_NAME}", "--rest_port=0", "--grpc_port=0"),
            f"--max_request_mb={_MAX_MB}",
        ],
        stdout=subprocess.PIPE,
        text=True,
    )
    addresses = {}
    for line in server.stdout:
        kind, _, address = line.strip().partition(": ")
        addresses[kind] = address
        if line.startswith("serving"):
            return server, addresses["REST"], addresses["gRPC"]
    raise RuntimeError("the server did not start")


def print_rates(ways: dict[str, Callable[[Case], Answer]], photo: Photo) -> None:
    print(
        "\n| one photo of a crop's size | 1 client, a second | 4 clients | median ms |"
    )
    print("| --- | ---: | ---: | ---: |")
    for name, send in ways.items():
        case = Case("", (photo,))
        rates, median = [], 0.0
        for clients in (1, 4):
            seconds: list[float] = []

            def timed(_: int, send=send, seconds=seconds) -> None:
                start = time.perf_counter()
                send(case)  # noqa: B023 - Is the same each time.
                seconds.append(time.perf_counter() - start)

            with futures.ThreadPoolExecutor(clients) as pool:
                start = time.perf_counter()
                list(pool.map(timed, range(400)))
                rates.append(400 / (time.perf_counter() - start))
            median = median or 1e3 * float(np.median(seconds))
        print(f"| {name} | {rates[0]:.0f} | {rates[1]:.0f} | {median:.1f} |")


def run(model, photos: dict[str, list[Photo]], folder: Path) -> int:
    # Without the tiny photos, whose scores lie far apart.
    spread = float(np.ptp([photo.score for photo in photos["small"]]))
    server, rest_address, grpc_address = serve(folder)
    try:
        ways = {"REST": by_rest(rest_address), "gRPC": by_grpc(grpc_address)}
        sent: collections.Counter[str] = collections.Counter()
        right: collections.Counter[str] = collections.Counter()
        worst, failures = 0.0, []
        lock = threading.Lock()
        lots = cases(photos, _REQUESTS.value, _SEED.value)

        def one(numbered: tuple[int, Case]) -> None:
            nonlocal worst
            number, case = numbered
            way = list(ways)[number % 2]
            try:
                answer = ways[way](case)
            except Exception as error:  # No answer is a result as well.
                answer = Answer(status=-1, message=f"{type(error).__name__}: {error}")
            found = difference(case, answer)
            is_right = found is not None and found <= _TOLERANCE * spread
            with lock:
                sent[case.kind] += 1
                right[case.kind] += is_right
                worst = max(worst, found or 0.0)
                if not is_right:
                    failures.append((way, case, answer))

        start = time.perf_counter()
        with Memory(server.pid) as memory:
            # Not pool.map, which would create all requests before sending one.
            workers = threading.BoundedSemaphore(2 * _CLIENTS.value)
            with futures.ThreadPoolExecutor(_CLIENTS.value) as pool:
                for numbered in enumerate(lots):
                    workers.acquire()
                    pool.submit(one, numbered).add_done_callback(
                        lambda _: workers.release()
                    )
        seconds = time.perf_counter() - start
        print("| kind | requests | answered right |")
        print("| --- | ---: | ---: |")
        for kind in sent:
            print(f"| {kind} | {sent[kind]:,} | {right[kind]:,} |")
        print(f"| all | {sent.total():,} | {right.total():,} |")
        print(f"\n{seconds:.0f} s; the greatest difference of a score from Keras's is")
        print(f"{worst / spread:.1e} of their spread.")
        memory.print_quarters()
        side = model.metadata.crop_size
        picture = Image.new("RGB", (side, side), (90, 140, 200))
        print_rates(ways, Photo(encoded(picture), score=0.0))
        for way, case, answer in failures[:20]:
            print(f"wrong by {way}: {case.kind}: {answer}", file=sys.stderr)
    finally:
        server.terminate()
        code = server.wait(60)
    print(f"\nAt SIGTERM the server ended with exit code {code}.")
    return 1 if failures or code else 0


def main(argv: list[str]) -> int:
    if len(argv) > 1:
        raise app.UsageError(f"unexpected arguments: {argv[1:]}")
    logging.set_verbosity(logging.WARNING)  # TensorFlow logs each file it writes.
    model = rankiqa_tf.load(_MODEL.value).with_crop_size(_CROP_SIZE.value)
    paths = sorted(Path(_PHOTOS.value).glob("*.jpg"))[:40]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "1")
        saved_model.write(model, path)
        warmup.write(model, path)
        return run(model, photos_of(paths, model), path)


if __name__ == "__main__":
    app.run(main)
