"""Scores over HTTP, with TensorFlow Serving's REST interface.

    GET  /v1/models/NAME                the model's state; 200 says it can score
    GET  /v1/models/NAME/metadata       its signatures
    POST /v1/models/NAME:predict        {"instances": [{"b64": ...}, ...]} or
                                        {"inputs": ...}, and "signature_name"

optionally with /versions/N after NAME. Responses are JSON, including errors: {"error":
why}, with status 400 for an invalid request, 404 for an unknown model or path, 413 for
a request that is too large, and 503 for too many at once.

There is one difference from TensorFlow Serving. A score that is not a number, as for a
photo that cannot be read, is null: JSON has no NaN, which TensorFlow Serving writes
nevertheless.

Memory is limited by the number of connections, the number of requests read at a time,
and the size of a request.
"""

import base64
import binascii
import contextlib
import http.server
import json
import re
import socket
import sys
import threading
import time
import traceback
from http import HTTPStatus
from typing import Any

import numpy as np
import tensorflow as tf
from google.protobuf import json_format

from export.served_model import DEFAULT_SIGNATURE
from export.served_model import NotFoundError
from export.served_model import RequestError
from export.served_model import ServedModel

_PATH = re.compile(r"/v1/models/(?P<name>[^/:]+)(/versions/(?P<version>\d{1,18}))?")
_READ_AT_ONCE = 4  # Requests in memory; others wait unread.
_IDLE_SECONDS = 60.0  # Timeout of an idle connection.
_BODY_SECONDS = 120.0  # For a request to arrive completely.
_DISCARD_SECONDS = 10.0  # For one that is rejected unread.
_REFUSED_AT_ONCE = 32  # Rejected connections that get an answer; more are closed.
_REFUSED_SECONDS = 2.0  # For a rejected client to receive its answer.
_CHUNK = 1 << 20


class Server(http.server.ThreadingHTTPServer):
    """Serves a model over HTTP, with a thread for each connection."""

    def __init__(
        self,
        address: tuple[str, int],
        model: ServedModel,
        *,
        max_bytes: int,
        max_connections: int,
    ):
        """Starts listening.

        Args:
            address: host, and port or 0 for a free one.
            model: the model to serve.
            max_bytes: maximum size of a request.
            max_connections: maximum number at once; more are answered with 503.

        Raises:
            OSError: if the port is unavailable.
        """
        self.model = model
        self.max_bytes = max_bytes
        self.reading = threading.BoundedSemaphore(_READ_AT_ONCE)
        self.stopping = False
        self._connections = threading.BoundedSemaphore(max_connections)
        self._refusals = threading.BoundedSemaphore(_REFUSED_AT_ONCE)
        self._busy = 0
        self._changed = threading.Condition()
        if ":" in address[0]:
            self.address_family = socket.AF_INET6
        super().__init__(address, _Handler)

    def server_bind(self) -> None:
        """Binds without looking up the host's name, as the base class does."""
        super(http.server.HTTPServer, self).server_bind()
        self.server_name, self.server_port = self.server_address[:2]  # type: ignore[assignment]

    def process_request(self, request: Any, client_address: Any) -> None:
        """Starts a thread for a connection, or rejects it."""
        if self._connections.acquire(blocking=False):
            super().process_request(request, client_address)
        elif self._refusals.acquire(blocking=False):
            threading.Thread(
                target=self._hear_out, args=(request,), daemon=True
            ).start()
        else:
            self._refuse(request)

    def _hear_out(self, request: Any) -> None:
        """Rejects a connection, giving its client time to read the answer."""
        try:
            self._refuse(request, seconds=_REFUSED_SECONDS)
        finally:
            self._refusals.release()

    def _refuse(self, request: Any, *, seconds: float = 0) -> None:
        body = b'{"error": "too many connections; try again later"}\n'
        head = (
            "HTTP/1.1 503 Service Unavailable\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(body)}\r\nRetry-After: 1\r\n"
            "Connection: close\r\n\r\n"
        )
        end = time.monotonic() + seconds
        with contextlib.suppress(OSError):  # It may be gone.
            request.sendall(head.encode() + body)
            request.shutdown(socket.SHUT_WR)
            # If a connection is closed while there is unread data, it is reset, and a
            # client that is still sending loses the answer.
            while (left := end - time.monotonic()) > 0:
                request.settimeout(left)
                if not request.recv(_CHUNK):
                    break
        self.shutdown_request(request)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """Answers the requests of a connection."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._connections.release()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Ignores clients that disconnected; reports anything else."""
        if not isinstance(sys.exc_info()[1], ConnectionError | TimeoutError):
            traceback.print_exc()

    def count(self, change: int) -> None:
        """Counts requests in progress."""
        with self._changed:
            self._busy += change
            self._changed.notify_all()

    def stop(self, seconds: float) -> bool:
        """Stops accepting requests, and waits for those in progress.

        Returns:
            Whether all were answered in time.
        """
        self.stopping = True
        self.shutdown()
        self.server_close()
        with self._changed:
            return self._changed.wait_for(lambda: self._busy == 0, seconds)


class _HttpError(Exception):
    def __init__(self, status: HTTPStatus, message: str):
        super().__init__(message)
        self.status = status


class _Handler(http.server.BaseHTTPRequestHandler):
    server: Server
    server_version = "rankiqa"
    protocol_version = "HTTP/1.1"
    timeout = _IDLE_SECONDS
    # Sends head and body together. As two packets, the second would wait for the
    # receiver's acknowledgement of the first: 40 ms per request.
    wbufsize = -1
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        self._handle(self._get)

    def do_POST(self) -> None:
        self._handle(self._post)

    def handle_expect_100(self) -> bool:
        length = self.headers.get("Content-Length", "")
        if length.isdecimal() and int(length) > self.server.max_bytes:
            self.close_connection = True
            self._answer(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, self._too_large(length))
            return False
        proceed = super().handle_expect_100()
        self.wfile.flush()
        return proceed

    def send_error(
        self, code: int, message: str | None = None, explain: str | None = None
    ) -> None:
        """Reports errors found by the base class as JSON too."""
        self.close_connection = True
        self.request_version = self.protocol_version  # Otherwise no header is sent.
        status = HTTPStatus(code)
        self._answer(status, {"error": message or status.phrase})

    def log_message(self, format: str, *args: Any) -> None:
        pass  # Logging requests is left to a proxy in front.

    def _handle(self, answer: Any) -> None:
        self.server.count(1)
        try:
            try:
                status, content = HTTPStatus.OK, answer()
            except _HttpError as error:
                status, content = error.status, {"error": str(error)}
            except NotFoundError as error:
                status, content = HTTPStatus.NOT_FOUND, {"error": str(error)}
            except RequestError as error:
                status, content = HTTPStatus.BAD_REQUEST, {"error": str(error)}
            except (ConnectionError, TimeoutError):
                raise
            except Exception as error:
                traceback.print_exc()
                status = HTTPStatus.INTERNAL_SERVER_ERROR
                content = {"error": f"the server failed: {type(error).__name__}"}
            if self.server.stopping:
                self.close_connection = True
            self._answer(status, content)
            self.wfile.flush()
        finally:
            self.server.count(-1)

    def _answer(self, status: HTTPStatus, content: Any) -> None:
        body = json.dumps(content, allow_nan=False).encode() + b"\n"
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def _get(self) -> Any:
        model = self.server.model
        if self.path.endswith("/metadata"):
            self._check(self.path.removesuffix("/metadata"))
            return {
                "model_spec": {
                    "name": model.name,
                    "signature_name": "",
                    "version": str(model.version),
                },
                "metadata": {
                    "signature_def": {
                        "signature_def": {
                            name: json_format.MessageToDict(
                                definition, preserving_proto_field_name=True
                            )
                            for name, definition in model.signature_defs.items()
                        }
                    }
                },
            }
        self._check(self.path)
        status = {"error_code": "OK", "error_message": ""}
        return {
            "model_version_status": [
                {"version": str(model.version), "state": "AVAILABLE", "status": status}
            ]
        }

    def _post(self) -> Any:
        length = self._length()
        try:
            if not self.path.endswith(":predict"):
                raise _HttpError(
                    HTTPStatus.NOT_FOUND,
                    f"nothing at {self.path}; post to "
                    f"/v1/models/{self.server.model.name}:predict",
                )
            self._check(self.path.removesuffix(":predict"))
        except (_HttpError, NotFoundError):
            self._discard(length)
            raise
        # Others wait with their bodies unread, so that memory is limited.
        with self.server.reading:
            return _predict(self.server.model, self._body(length))

    def _check(self, path: str) -> None:
        match = _PATH.fullmatch(path)
        if not match:
            raise _HttpError(
                HTTPStatus.NOT_FOUND,
                f"nothing at {self.path}; the model is at "
                f"/v1/models/{self.server.model.name}",
            )
        version = match["version"]
        self.server.model.check(match["name"], int(version) if version else None)

    def _length(self) -> int:
        text = self.headers.get("Content-Length", "")
        if "Transfer-Encoding" in self.headers or not text.isdecimal():
            self.close_connection = True
            raise _HttpError(
                HTTPStatus.LENGTH_REQUIRED, "a request must say its Content-Length"
            )
        if len(text) > 18 or int(text) > self.server.max_bytes:
            self._discard(int(text[:18]))
            raise _HttpError(
                HTTPStatus.REQUEST_ENTITY_TOO_LARGE, self._too_large(text)["error"]
            )
        return int(text)

    def _too_large(self, length: str) -> dict[str, str]:
        limit = self.server.max_bytes
        return {"error": f"a request may have {limit:,} bytes, not {length[:18]}"}

    def _body(self, length: int) -> bytes:
        body = bytearray()
        end = time.monotonic() + _BODY_SECONDS
        while len(body) < length:
            part = self.rfile.read1(min(_CHUNK, length - len(body)))
            if not part or time.monotonic() > end:
                self.close_connection = True
                raise _HttpError(
                    HTTPStatus.REQUEST_TIMEOUT,
                    f"only {len(body):,} of {length:,} bytes came",
                )
            body += part
        return bytes(body)

    def _discard(self, length: int) -> None:
        """Reads and discards a body: a client that is still sending reads no answer."""
        self.close_connection = True
        if self.headers.get("Expect", "").lower() == "100-continue":
            return  # It waits to be told to send, so it may not have started.
        end = time.monotonic() + _DISCARD_SECONDS
        while length > 0 and time.monotonic() < end:
            part = self.rfile.read1(min(_CHUNK, length))
            if not part:
                return
            length -= len(part)


def _predict(model: ServedModel, body: bytes) -> dict[str, Any]:
    try:
        request = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise RequestError(f"the request is not JSON: {error}") from error
    del body
    if not isinstance(request, dict):
        raise RequestError(
            'a request must be a JSON object with "instances" or "inputs"'
        )
    signature = request.get("signature_name", "")
    if not isinstance(signature, str):
        raise RequestError(f'"signature_name" must be a text, not {signature!r}')
    signature = signature or DEFAULT_SIGNATURE
    specs = model.inputs(signature)
    given = [key for key in ("instances", "inputs") if key in request]
    if len(given) != 1:
        raise RequestError('a request must have either "instances" or "inputs"')
    if given == ["inputs"]:
        outputs = model.run(signature, _columns(request.pop("inputs"), specs))
        found = {name: _plain(value) for name, value in outputs.items()}
        return {"outputs": found if len(found) > 1 else next(iter(found.values()))}
    instances = request.pop("instances")
    if not isinstance(instances, list):
        raise RequestError('"instances" must be a list')
    outputs = model.run(signature, _rows(instances, specs))
    if any(value.shape[:1] != (len(instances),) for value in outputs.values()):
        raise RequestError(
            f'signature {signature} gives no row for each instance: use "inputs"'
        )
    rows = {name: _plain(value) for name, value in outputs.items()}
    if len(rows) == 1:
        return {"predictions": next(iter(rows.values()))}
    return {
        "predictions": [
            dict(zip(rows, row, strict=True))
            for row in zip(*rows.values(), strict=True)
        ]
    }


def _columns(value: Any, specs: dict[str, tf.TensorSpec]) -> dict[str, np.ndarray]:
    """Parses inputs in column format, each as a whole."""
    if len(specs) == 1 and not (isinstance(value, dict) and set(value) == set(specs)):
        value = {next(iter(specs)): value}
    if not isinstance(value, dict) or set(value) != set(specs):
        raise RequestError(f'"inputs" must have {", ".join(specs) or "nothing in it"}')
    return {name: _array(name, value[name], specs[name]) for name in specs}


def _rows(
    instances: list[Any], specs: dict[str, tf.TensorSpec]
) -> dict[str, np.ndarray]:
    """Parses inputs in row format, one row of each per instance."""
    if len(specs) == 1:
        (name,) = specs
        instances = [
            each if not isinstance(each, dict) or set(each) != {name} else each[name]
            for each in instances
        ]
        return {name: _array(name, instances, specs[name])}
    for each in instances:
        if not isinstance(each, dict) or set(each) != set(specs):
            raise RequestError(f"each instance must have {', '.join(specs)}")
    return {
        name: _array(name, [each[name] for each in instances], specs[name])
        for name in specs
    }


def _array(name: str, value: Any, spec: tf.TensorSpec) -> np.ndarray:
    try:
        if spec.dtype == tf.string:
            return _texts(value)
        numbers = np.array(value)
    except (ValueError, RecursionError) as error:
        raise RequestError(f"{name} cannot be read: {error}") from error
    if not numbers.size:
        return numbers.astype(spec.dtype.as_numpy_dtype)
    if spec.dtype.is_integer:
        least, most = spec.dtype.min, spec.dtype.max
        if numbers.dtype.kind not in "iu" or not (
            least <= numbers.min() and numbers.max() <= most
        ):
            raise RequestError(f"{name} must be whole numbers from {least} to {most}")
    elif numbers.dtype.kind not in "iuf":
        raise RequestError(f"{name} must be numbers")
    return numbers.astype(spec.dtype.as_numpy_dtype)


def _texts(value: Any) -> np.ndarray:
    """Parses texts and {"b64": ...} in lists, at most one list deep, as ours are."""
    if isinstance(value, list):
        array = np.empty(len(value), object)
        for place, each in enumerate(value):
            array[place] = _bytes(each)
        return array
    scalar = np.empty((), object)
    scalar[()] = _bytes(value)
    return scalar


def _bytes(value: Any) -> bytes:
    match value:
        case str():
            return value.encode("utf-8", "surrogatepass")
        case {"b64": str(text), **others} if not others:
            try:
                return base64.b64decode(text, validate=True)
            except (binascii.Error, ValueError) as error:
                raise ValueError(f"its base64 is wrong: {error}") from error
    raise ValueError(f'each must be {{"b64": "..."}} or a text, not {str(value)[:40]}')


def _plain(array: np.ndarray) -> Any:
    """Converts to what JSON can represent: texts, numbers, and null for nan."""
    if array.dtype == object:
        texts = [each.decode("utf-8", "replace") for each in array.flat]
        return np.array(texts, object).reshape(array.shape).tolist()
    if array.dtype.kind == "f":
        plain = array.astype(object)
        plain[~np.isfinite(array)] = None
        return plain.tolist()
    return array.tolist()


if __name__ == "__main__":
    sys.exit("export.rest is a library; the program is python -m export.serve")
