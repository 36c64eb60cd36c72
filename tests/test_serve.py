"""The server, requested as clients do: by curl, and by gRPC on the real protocol."""

import base64
import contextlib
import http.client
import importlib.util
import io
import json
import shutil
import signal
import socket
import subprocess
import threading
import time
import urllib.request
from concurrent import futures
from pathlib import Path

import numpy as np
import programs
import pytest
import tensorflow as tf
import tiny_models
from PIL import Image

from export import rest
from export import saved_model
from export import served_model

try:
    import grpc
    from tensorflow_serving.apis import get_model_metadata_pb2
    from tensorflow_serving.apis import get_model_status_pb2
    from tensorflow_serving.apis import model_service_pb2_grpc
    from tensorflow_serving.apis import predict_pb2
    from tensorflow_serving.apis import prediction_service_pb2_grpc

    from export import grpc_service
    from export import warmup
except ImportError:
    HAS_GRPC = False
else:
    HAS_GRPC = True

needs_grpc = pytest.mark.skipif(
    not HAS_GRPC, reason="needs tensorflow-serving-api (extra serving)"
)
needs_curl = pytest.mark.skipif(not shutil.which("curl"), reason="needs curl")

BROKEN = b"<html>404 Not Found</html>"
NOT_A_PHOTO = "the bytes signature reads JPEG, PNG, GIF"


@pytest.fixture(scope="module")
def model():
    return tiny_models.of_crops()


@pytest.fixture(scope="module")
def folder(model, tmp_path_factory):
    path = tmp_path_factory.mktemp("versions")
    saved_model.write(model, path / "7")
    if HAS_GRPC:
        warmup.write(model, path / "7")
    return path


@pytest.fixture(scope="module")
def served(folder):
    return served_model.ServedModel(folder, name="rankiqa")


@contextlib.contextmanager
def serving(folder, *arguments, program=("-m", "export.serve")):
    """Starts the program; gives its process, and its addresses by protocol."""
    flags = [f"--model={folder}", "--rest_port=0", "--max_request_mb=1", *arguments]
    if HAS_GRPC:
        flags.append("--grpc_port=0")
    server = programs.start(*program, *flags)
    try:
        addresses = {}
        for line in server.stdout:
            kind, _, address = line.strip().partition(": ")
            addresses[kind] = address
            if line.startswith("serving"):
                break
        else:
            pytest.fail(server.stderr.read())
        yield server, addresses
    finally:
        server.kill()
        server.communicate()


@pytest.fixture(scope="module")
def addresses(folder):
    with serving(folder) as (server, found):
        yield found
        # As Ctrl-C does; what SIGTERM does has a test of its own.
        server.send_signal(signal.SIGINT)
        _, errors = server.communicate(timeout=60)
        assert (server.returncode, errors) == (0, "")


@pytest.fixture(scope="module")
def address(addresses):
    return addresses["REST"]


def photo(height=31, width=57, *, kind="PNG"):
    pixels = np.random.default_rng(height).integers(
        0, 256, (height, width, 3), dtype=np.uint8
    )
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, kind)
    return file.getvalue()


def b64(content):
    return {"b64": base64.b64encode(content).decode()}


def curl(address, body=None, *arguments):
    """Sends a body, on curl's standard input; gives the status and what came."""
    given = [] if body is None else ["--data-binary", "@-"]
    text = body if isinstance(body, bytes) else json.dumps(body).encode()
    child = subprocess.run(
        ["curl", "-s", "-w", "\n%{http_code}", *given, *arguments, address],
        input=text,
        capture_output=True,
        check=True,
    )
    content, _, status = child.stdout.rpartition(b"\n")
    return int(status), json.loads(content)


@needs_curl
def test_each_photo_has_its_score_or_its_error(address, model):
    files = [photo(), BROKEN, photo(61, 43, kind="JPEG"), b"", photo(3, 5)]
    body = {"instances": [b64(file) for file in files]}
    status, answer = curl(f"{address}:predict", body)
    assert status == 200
    for file, row in zip(files, answer["predictions"], strict=True):
        assert set(row) == {"score", "error"}
        if file in (BROKEN, b""):
            assert row["score"] is None
        else:
            assert row["score"] == pytest.approx(model.score(file), abs=1e-6)
            assert row["error"] == ""
    assert answer["predictions"][1]["error"].startswith(NOT_A_PHOTO)
    assert answer["predictions"][3]["error"] == "the file is empty"


@needs_curl
def test_inputs_may_be_named_and_in_columns(address, model):
    files = [photo(), photo(61, 43)]
    expected = pytest.approx([model.score(file) for file in files], abs=1e-6)
    for inputs in ([*map(b64, files)], {"image_bytes": [*map(b64, files)]}):
        status, answer = curl(f"{address}:predict", {"inputs": inputs})
        assert status == 200
        assert answer["outputs"]["score"] == expected
    rows = [{"image_bytes": b64(file)} for file in files]
    body = {"signature_name": "serving_default", "instances": rows}
    status, answer = curl(f"{address}/versions/7:predict", body)
    assert [row["score"] for row in answer["predictions"]] == expected


@needs_curl
def test_pixels_are_scored(address, model):
    image = np.random.default_rng(0).integers(0, 256, (31, 27, 3), dtype=np.uint8)
    body = {"signature_name": "pixels", "instances": [image.tolist()]}
    status, answer = curl(f"{address}:predict", body)
    assert status == 200
    assert answer["predictions"] == pytest.approx([model.score(image)], abs=1e-6)


@needs_curl
def test_state_signatures_and_metadata_are_told(address):
    state = {"error_code": "OK", "error_message": ""}
    version = {"version": "7", "state": "AVAILABLE", "status": state}
    for path in ("", "/versions/7"):
        status, answer = curl(f"{address}{path}")
        assert (status, answer) == (200, {"model_version_status": [version]})
    status, answer = curl(f"{address}/metadata")
    signature = answer["metadata"]["signature_def"]["signature_def"]["serving_default"]
    assert set(signature["inputs"]) == {"image_bytes"}
    assert set(signature["outputs"]) == {"score", "error"}
    status, answer = curl(
        f"{address}:predict", {"signature_name": "metadata", "inputs": {}}
    )
    assert json.loads(answer["outputs"])["network"] == "tiny"


@needs_curl
def test_no_photos_have_no_scores(address):
    assert curl(f"{address}:predict", {"instances": []}) == (200, {"predictions": []})
    columns = {"score": [], "error": []}
    assert curl(f"{address}:predict", {"inputs": []}) == (200, {"outputs": columns})


@needs_curl
@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b"", "not JSON"),
        (b'{"instances": [', "not JSON"),
        (b"\xff\xfe\x00", "not JSON"),
        (b"[" * 100_000, "not JSON"),
        (b"[]", "must be a JSON object"),
        ({}, 'either "instances" or "inputs"'),
        ({"instances": [], "inputs": []}, 'either "instances" or "inputs"'),
        ({"instances": 3}, "must be a list"),
        ({"instances": [{"b64": "%%%"}]}, "base64"),
        ({"instances": [{"b64": "AAA"}]}, "base64"),
        ({"instances": [{"b64": 3}]}, "b64"),
        ({"instances": [{"image": {"b64": ""}}]}, "b64"),
        ({"instances": [], "signature_name": "no"}, "no signature 'no'; there are:"),
        ({"instances": [], "signature_name": []}, "must be a text"),
        (
            {"signature_name": "pixels", "instances": [[[[1, 2, 256]]]]},
            "whole numbers from 0 to 255",
        ),
        (
            {"signature_name": "pixels", "instances": [[[[1, 2, 0.5]]]]},
            "whole numbers from 0 to 255",
        ),
        ({"signature_name": "pixels", "instances": [[[[1]], [[1, 2]]]]}, "read"),
        ({"signature_name": "pixels", "instances": [[[[1, 2]]]]}, ""),
        ({"signature_name": "pixels", "instances": [[[]]]}, "must have pixels"),
    ],
)
def test_a_wrong_request_is_told_why(address, body, why):
    status, answer = curl(f"{address}:predict", body)
    assert status == 400
    assert why in answer["error"]
    assert "\n" not in answer["error"]


@needs_curl
@pytest.mark.parametrize(
    "path",
    [
        "/v1/models/other",
        "/v1/models/other:predict",
        "/v1/models/rankiqa/versions/8:predict",
        "/v1/models/rankiqa/versions/8",
        "/v1/models/rankiqa:classify",
        "/",
    ],
)
def test_what_is_not_there_is_not_found(address, path):
    body = {"instances": []} if ":" in path else None
    status, answer = curl(address.removesuffix("/v1/models/rankiqa") + path, body)
    assert status == 404
    assert "rankiqa" in answer["error"]


@needs_curl
@pytest.mark.parametrize("expect", ["Expect:", "Expect: 100-continue"])
def test_a_request_that_is_too_large_is_refused(address, expect):
    status, answer = curl(f"{address}:predict", bytes((1 << 20) + 1), "-H", expect)
    assert status == 413
    assert answer["error"] == "a request may have 1,048,576 bytes, not 1048577"


@needs_curl
def test_a_request_of_unknown_length_is_refused(address):
    status, answer = curl(
        f"{address}:predict", b"{}", "-H", "Transfer-Encoding: chunked"
    )
    assert status == 411
    assert "Content-Length" in answer["error"]


def test_a_connection_goes_on_after_a_wrong_request(address):
    host = address.removeprefix("http://").partition("/")[0]
    connection = http.client.HTTPConnection(host, timeout=60)
    found = []
    for body in (b"{", b'{"instances": []}', b"{", b'{"instances": []}'):
        connection.request("POST", "/v1/models/rankiqa:predict", body)
        response = connection.getresponse()
        found.append((response.status, "error" in json.load(response)))
    connection.close()
    assert found == [(400, True), (200, False)] * 2


def test_what_is_no_http_is_refused(address):
    host, port = address.removeprefix("http://").partition("/")[0].split(":")
    with socket.create_connection((host, int(port)), timeout=60) as connection:
        connection.sendall(b"\x16\x03\x01 nonsense\r\n\r\n")
        answer = connection.makefile("rb").read()
    assert b"400" in answer.splitlines()[0]
    assert "error" in json.loads(answer.splitlines()[-1])


@needs_curl
def test_several_clients_at_once_have_each_their_own_scores(address, model):
    files = [photo(20 + number, 31) for number in range(24)]

    def score(file):
        _, answer = curl(f"{address}:predict", {"instances": [b64(file)]})
        return answer["predictions"][0]["score"]

    with futures.ThreadPoolExecutor(8) as pool:
        found = list(pool.map(score, files))
    assert found == pytest.approx([model.score(file) for file in files], abs=1e-6)


@contextlib.contextmanager
def in_this_process(model, **limits):
    server = rest.Server(
        ("127.0.0.1", 0), model, **{"max_bytes": 1000, "max_connections": 9} | limits
    )
    thread = threading.Thread(target=server.serve_forever, args=[0.01])
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def answer_of(server):
    connection = http.client.HTTPConnection(*server.server_address, timeout=60)
    connection.request("POST", "/v1/models/rankiqa:predict", b'{"instances": []}')
    response = connection.getresponse()
    found = response.status, json.load(response)
    connection.close()
    return found


def test_more_connections_than_allowed_are_refused(served):
    with in_this_process(served, max_connections=2) as server:
        idle = [socket.create_connection(server.server_address) for _ in range(2)]
        status, answer = answer_of(server)
        assert status == 503
        assert "too many connections" in answer["error"]
        for connection in idle:
            connection.close()
        end = time.monotonic() + 30
        while status == 503 and time.monotonic() < end:
            status, answer = answer_of(server)
        assert (status, answer) == (200, {"predictions": []})


def test_a_refused_client_that_sends_late_has_its_answer_all_the_same(served):
    with (
        in_this_process(served, max_connections=1) as server,
        socket.create_connection(server.server_address),
        socket.create_connection(server.server_address, timeout=60) as late,
    ):
        for part in (b"POST / HTTP/1.1\r\nContent-Length: 4\r\n\r\n", b"late"):
            time.sleep(0.3)  # It was refused long ago.
            late.sendall(part)
        answer = b"".join(iter(lambda: late.recv(4096), b""))
    assert answer.startswith(b"HTTP/1.1 503 ")
    assert b"too many connections" in answer


def test_a_request_under_way_is_answered_before_the_server_ends(served):
    class Slow:
        name, version, check, inputs = "rankiqa", 7, served.check, served.inputs
        asked = threading.Event()

        def run(self, *arguments):
            self.asked.set()
            time.sleep(0.5)
            return served.run(*arguments)

    with in_this_process(Slow()) as server, futures.ThreadPoolExecutor(1) as pool:
        answer = pool.submit(answer_of, server)
        assert Slow.asked.wait(30)
        assert server.stop(30)
        assert answer.result() == (200, {"predictions": []})


def test_a_failure_of_ours_is_not_told_in_full(served, capfd):
    class Failing:
        name, version, check, inputs = "rankiqa", 7, served.check, served.inputs

        def run(self, *_):
            raise RuntimeError("secret")

    with in_this_process(Failing()) as server:
        status, answer = answer_of(server)
    assert (status, answer) == (500, {"error": "the server failed: RuntimeError"})
    assert "secret" in capfd.readouterr().err


def test_sigterm_ends_the_server(folder):
    with serving(folder) as (server, addresses):
        host, port = (
            addresses["REST"].removeprefix("http://").partition("/")[0].split(":")
        )
        # One that only keeps its connection open does not hold it up.
        with socket.create_connection((host, int(port))):
            server.terminate()
            _, errors = server.communicate(timeout=60)
        assert (server.returncode, errors) == (0, "")
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection((host, int(port)))


# The program, with a package that carries one model, tiny.
_CARRYING = """
import runpy
from pathlib import Path
from rankiqa_tf import library
library.list_models = lambda: ["tiny"]
library.find = lambda name: Path({path!r})
runpy.run_module("export.serve", run_name="__main__", alter_sys=True)
"""


def test_a_model_that_the_package_carries_is_served_by_its_name(model, tmp_path):
    model.save(tmp_path / "tiny.keras")
    program = ("-c", _CARRYING.format(path=str(tmp_path / "tiny.keras")))
    with serving("tiny", program=program) as (server, addresses):
        photo = np.random.default_rng(0).integers(0, 256, (31, 43, 3), np.uint8)
        file = io.BytesIO()
        Image.fromarray(photo).save(file, "PNG")
        content = base64.b64encode(file.getvalue()).decode()
        body = json.dumps({"instances": [{"b64": content}]}).encode()
        with urllib.request.urlopen(f"{addresses['REST']}:predict", body) as answer:
            (found,) = json.load(answer)["predictions"]
        assert found["score"] == pytest.approx(model.score(photo), abs=1e-4)
        server.terminate()
        _, errors = server.communicate(timeout=60)
        assert (server.returncode, errors) == (0, "")


def test_what_cannot_be_served_is_refused_in_a_line(folder, tmp_path):
    (tmp_path / "model.keras").touch()
    (tmp_path / "saved").mkdir()
    (tmp_path / "saved" / "saved_model.pb").write_bytes(b"junk")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        cases = [
            ([f"--model={tmp_path / 'none'}"], "is not the folder of a SavedModel"),
            (["--model=lite9"], "nor a model that the package carries"),
            ([f"--model={tmp_path / 'model.keras'}"], "python -m export --model="),
            ([f"--model={tmp_path / 'saved'}"], "damaged"),
            ([f"--model={folder}", f"--rest_port={port}"], "in use"),
            ([f"--model={folder}", "--max_request_mb=0"], "max_request_mb"),
            (
                [f"--model={folder}", "--grpc_port=0"],
                'pip install "rankiqa-tf[serving]"',
            ),
            ([f"--model={folder}", "more"], "unexpected arguments"),
        ]
        without = "import sys; sys.modules['tensorflow_serving'] = None\n"
        found = programs.run_several(
            "export.serve", [arguments for arguments, _ in cases], first=without
        )
    for (arguments, why), (code, output, errors) in zip(cases, found, strict=True):
        assert (code, output) == (2, ""), arguments
        assert errors.startswith("error: "), arguments
        assert why in errors, arguments


@pytest.fixture
def channel(addresses):
    if not HAS_GRPC:
        pytest.skip("needs tensorflow-serving-api (extra serving)")
    with grpc.insecure_channel(addresses["gRPC"]) as found:
        yield found


@pytest.fixture
def predict(channel):
    return prediction_service_pb2_grpc.PredictionServiceStub(channel).Predict


def request_of(name="rankiqa", signature="", **inputs):
    request = predict_pb2.PredictRequest()
    request.model_spec.name = name
    request.model_spec.signature_name = signature
    for key, value in inputs.items():
        request.inputs[key].CopyFrom(tf.make_tensor_proto(value))
    return request


def test_grpc_gives_each_photo_its_score_or_its_error(predict, model):
    files = [photo(), BROKEN, photo(61, 43, kind="JPEG")]
    response = predict(request_of(image_bytes=files), timeout=60)
    assert response.model_spec.version.value == 7
    scores = tf.make_ndarray(response.outputs["score"])
    errors = tf.make_ndarray(response.outputs["error"])
    expected = [model.score(files[0]), np.nan, model.score(files[2])]
    np.testing.assert_allclose(scores, expected, atol=1e-6)
    assert errors[0] == errors[2] == b""
    assert errors[1].decode().startswith(NOT_A_PHOTO)


def test_grpc_gives_no_photos_no_scores(predict):
    request = request_of()
    none = tf.make_tensor_proto([], tf.string, shape=[0])
    request.inputs["image_bytes"].CopyFrom(none)
    outputs = predict(request, timeout=60).outputs
    assert tf.make_ndarray(outputs["score"]).shape == (0,)


def test_grpc_gives_the_outputs_that_are_wanted(predict):
    request = request_of(image_bytes=[photo()])
    request.output_filter.append("score")
    assert set(predict(request, timeout=60).outputs) == {"score"}


@needs_grpc
def test_grpc_says_why_a_request_is_wrong(predict):
    lying = request_of(image_bytes=[b"?"])
    lying.inputs["image_bytes"].tensor_shape.dim[0].size = 1 << 40
    unfilled = request_of(image_bytes=[b"?"])
    unfilled.output_filter.append("mean")
    later = request_of(image_bytes=[b"?"])
    later.model_spec.version.value = 8
    for request, code, why in [
        (request_of(), "INVALID_ARGUMENT", "takes image_bytes, not nothing"),
        (request_of(image=[b"?"]), "INVALID_ARGUMENT", "image_bytes, not image"),
        (request_of(image_bytes=[1]), "INVALID_ARGUMENT", "must be string"),
        (request_of(image_bytes=b"?"), "INVALID_ARGUMENT", "the shape [any], not []"),
        (request_of(signature="no"), "INVALID_ARGUMENT", "no signature 'no'"),
        (lying, "INVALID_ARGUMENT", "claims more elements"),
        (unfilled, "INVALID_ARGUMENT", "not mean"),
        (request_of("other", image_bytes=[b"?"]), "NOT_FOUND", "no model 'other'"),
        (later, "NOT_FOUND", "no version 8"),
        (request_of(image_bytes=[bytes(1 << 20)]), "RESOURCE_EXHAUSTED", "larger"),
    ]:
        with pytest.raises(grpc.RpcError) as caught:
            predict(request, timeout=60)
        assert caught.value.code().name == code
        assert why in caught.value.details()


def test_grpc_tells_state_and_signatures(channel):
    status = get_model_status_pb2.GetModelStatusRequest()
    status.model_spec.name = "rankiqa"
    stub = model_service_pb2_grpc.ModelServiceStub(channel)
    (version,) = stub.GetModelStatus(status, timeout=60).model_version_status
    assert version.version == 7
    assert version.state == get_model_status_pb2.ModelVersionStatus.AVAILABLE

    metadata = get_model_metadata_pb2.GetModelMetadataRequest()
    metadata.model_spec.name = "rankiqa"
    metadata.metadata_field.append("signature_def")
    stub = prediction_service_pb2_grpc.PredictionServiceStub(channel)
    response = stub.GetModelMetadata(metadata, timeout=60)
    signatures = get_model_metadata_pb2.SignatureDefMap()
    response.metadata["signature_def"].Unpack(signatures)
    assert set(signatures.signature_def["serving_default"].inputs) == {"image_bytes"}


@needs_grpc
def test_the_sample_client_prints_scores(addresses, model, tmp_path, capsys):
    path = Path(programs.ROOT, "examples", "client_grpc.py")
    spec = importlib.util.spec_from_file_location("client_grpc", path)
    client = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(client)
    (tmp_path / "good.png").write_bytes(photo())
    (tmp_path / "broken.jpg").write_bytes(BROKEN)
    paths = [str(tmp_path / name) for name in ("good.png", "broken.jpg")]
    assert client.main(addresses["gRPC"], *paths) == 1
    good, broken = capsys.readouterr().out.splitlines()
    score, path = good.split("\t")
    assert float(score) == pytest.approx(model.score(photo()), abs=1e-6)
    assert path == paths[0]
    assert broken.startswith(f"-\t{paths[1]}: {NOT_A_PHOTO}")


@needs_grpc
def test_warm_up_requests_are_answered(folder, served, model):
    service = grpc_service.PredictionService(served)
    requests = list(warmup.requests(folder / "7"))
    signatures = [request.model_spec.signature_name for request in requests]
    assert signatures == ["serving_default", "serving_default", "pixels"]
    for request in requests:
        assert not request.model_spec.name  # The server knows which model it is.
        request.model_spec.name = "rankiqa"
        outputs = service.answer(request).outputs
        assert np.isfinite(tf.make_ndarray(outputs["score"])).all()
    # The least and the most crops that a photo has.
    files = [request.inputs["image_bytes"].string_val[0] for request in requests[:2]]
    sides = [Image.open(io.BytesIO(file)).size for file in files]
    side = model.metadata.crop_size
    assert sides == [(side, side), (4 * side, 4 * side)]


@needs_grpc
def test_warm_up_requests_are_records_of_the_protocol(folder):
    from tensorflow_serving.apis import prediction_log_pb2

    file = folder / "7" / "assets.extra" / "tf_serving_warmup_requests"
    for record in tf.data.TFRecordDataset(str(file)).as_numpy_iterator():
        log = prediction_log_pb2.PredictionLog.FromString(record)
        assert log.WhichOneof("log_type") == "predict_log"
