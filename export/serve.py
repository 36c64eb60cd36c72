"""Serves a SavedModel by REST and gRPC, with TensorFlow Serving's interface.

    python -m export.serve --rest_port=8501 --grpc_port=8500

    echo '{"instances": [{"b64": "'$(base64 -w0 photo.jpg)'"}]}' |
        curl -s http://127.0.0.1:8501/v1/models/rankiqa:predict -d @-

--model is the folder of a SavedModel, or of numbered versions of one; or a model that
the package carries, of which a SavedModel is made at the start, in half a minute,
compared with it, and kept for as long as it is served.

For where there is no TensorFlow Serving, and to try clients against. gRPC
needs the extra `serving`. There is no encryption and no authentication: it listens to
this machine only, unless --host says otherwise, and then a proxy should stand in front
of it.

SIGTERM and Ctrl-C end it: requests that have come are answered first, for up to 20
seconds.

Exit code: 0 if it was ended so; 1 if some requests were not answered by then; 2 if it
could not begin.
"""

# ruff: noqa: E402 - what takes long to import comes after the command line is read.

from rankiqa_tf import surroundings

surroundings.settle("distortions", "export")

from absl import flags

from distortions import exit_codes
from distortions import program
from rankiqa_tf import library

_MODEL = flags.DEFINE_string(
    "model",
    library.DEFAULT,
    "The folder of a SavedModel, or of numbered versions of one; or a model that the "
    f"package carries ({library.in_words()}).",
)
_NAME = flags.DEFINE_string("name", "rankiqa", "What requests call the model.")
_HOST = flags.DEFINE_string(
    "host", "127.0.0.1", "The address to listen on; 0.0.0.0 for all there are."
)
_REST_PORT = flags.DEFINE_integer(
    "rest_port", 8501, "Port for REST; 0 takes a free one.", 0, 65535
)
_GRPC_PORT = flags.DEFINE_integer(
    "grpc_port",
    None,
    "Port for gRPC; 0 takes a free one. Without it, no gRPC.",
    0,
    65535,
)
_MAX_REQUEST_MB = flags.DEFINE_integer(
    "max_request_mb",
    64,
    "Largest request, in megabytes; larger ones are refused.",
    1,
    1024,
)
_MAX_REQUESTS = flags.DEFINE_integer(
    "max_requests", 64, "Connections and calls at once; more are refused.", 1, 1000
)
program.begin(
    __name__,
    __doc__,
    {
        "What is served": ["model", "name"],
        "Where": ["host", "rest_port", "grpc_port"],
        "Limits": ["max_request_mb", "max_requests"],
    },
)

surroundings.settle_keras()

import functools
import signal
import sys
import tempfile
import threading
import time
from pathlib import Path

from export import exporter
from export import forms
from export import gate
from export import rest
from export import served_model

try:
    from export import grpc_service
    from export import warmup
except ImportError as error:  # Without the extra `serving`.
    _NO_GRPC = str(error)
else:
    _NO_GRPC = ""


_GRACE_SECONDS = 20.0
_POLL_SECONDS = 0.2


def main(argv: list[str]) -> int:
    """Serves until a signal ends it."""
    if len(argv) > 1:
        print(f"error: unexpected arguments: {argv[1:]}", file=sys.stderr)
        return exit_codes.NOTHING_BEGUN
    with tempfile.TemporaryDirectory() as scratch:
        return _serve(Path(scratch))


def _serve(scratch: Path) -> int:
    signals: list[int] = []
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda number, _: signals.append(number))
    limits = {"max_bytes": _MAX_REQUEST_MB.value << 20}
    remote = None
    try:
        if _GRPC_PORT.value is not None and _NO_GRPC:
            raise ValueError(
                f'--grpc_port needs pip install "rankiqa-tf[serving]": {_NO_GRPC}'
            )
        folder = _saved_model(_MODEL.value, scratch)
        model = served_model.ServedModel(folder, name=_NAME.value)
        web = rest.Server(
            (_HOST.value, _REST_PORT.value),
            model,
            max_connections=_MAX_REQUESTS.value,
            **limits,
        )
        if _GRPC_PORT.value is not None:
            remote, port = grpc_service.server(
                model,
                f"{_bracketed(_HOST.value)}:{_GRPC_PORT.value}",
                max_requests=_MAX_REQUESTS.value,
                **limits,
            )
        _warm_up(model)
    except (ValueError, OSError, gate.AgreementError) as error:
        return program.fail(error, exit_codes.NOTHING_BEGUN)
    threading.Thread(target=web.serve_forever, daemon=True).start()
    host = _bracketed(_HOST.value)
    print(f"REST: http://{host}:{web.server_port}/v1/models/{model.name}")
    if remote:
        remote.start()
        print(f"gRPC: {host}:{port}")
    print(f"serving version {model.version} of {model.name}", flush=True)
    # Not by an event: the signal may come to one of TensorFlow's threads, and Python
    # then does not wake this one.
    while not signals:
        time.sleep(_POLL_SECONDS)
    closing = remote.stop(_GRACE_SECONDS) if remote else None
    answered = web.stop(_GRACE_SECONDS)
    if closing:
        closing.wait()
    return exit_codes.DONE if answered else exit_codes.FAILED


def _saved_model(name: str, scratch: Path) -> Path:
    """The folder to serve, made in scratch if it is a model that the package carries.

    Raises:
        ValueError: if there is none.
        gate.AgreementError: if what was made does not score as the model does.
    """
    if name not in library.list_models():
        if not Path(name).exists():
            raise ValueError(
                f"{name} is not the folder of a SavedModel, nor a model that the "
                f"package carries ({library.in_words()})"
            )
        return Path(name)
    model = library.load(name)
    # Photos alone: distorted versions of them tell more where precision is lost.
    passes = gate.Gate(forms.Keras(model), distort=False)
    passes.write(functools.partial(exporter.write_saved_model, model), scratch / "1")
    return scratch / "1"


def _warm_up(model: served_model.ServedModel) -> None:
    """Sends a model the requests that stand beside it, so that the first are quick."""
    if _NO_GRPC:
        return  # What reads them comes with gRPC.
    service = grpc_service.PredictionService(model)
    for request in warmup.requests(model.folder):
        request.model_spec.name = model.name
        service.answer(request)


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host


if __name__ == "__main__":
    program.run(main)
