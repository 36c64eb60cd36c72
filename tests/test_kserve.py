"""The sample for KServe, in KServe's own server."""

import asyncio
import base64
import importlib.util
import io
import json
import socket
import time
import urllib.error
import urllib.request

import numpy as np
import programs
import pytest
import tiny_models
from PIL import Image

from export import saved_model

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("kserve") is None, reason="needs kserve (extra kserve)"
)

BROKEN = b"<html>404 Not Found</html>"


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


@pytest.fixture(scope="module")
def model():
    return tiny_models.of_crops()


@pytest.fixture(scope="module")
def ports(model, tmp_path_factory):
    folder = tmp_path_factory.mktemp("saved") / "saved_model"
    saved_model.write(model, folder)
    rest, grpc = free_port(), free_port()
    server = programs.start(
        *("examples/kserve/model.py", f"--model_dir={folder}", "--model_name=rankiqa"),
        *(f"--http_port={rest}", f"--grpc_port={grpc}"),
    )
    try:
        end = time.monotonic() + 120
        while time.monotonic() < end and server.poll() is None:
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{rest}/v1/models/rankiqa")
                break
            except OSError:
                time.sleep(0.2)
        else:
            server.kill()
            pytest.fail(server.stderr.read())
        yield rest, grpc
        server.terminate()
        _, errors = server.communicate(timeout=60)
        assert server.returncode == 0, errors
    finally:
        server.kill()


@pytest.fixture(scope="module")
def photo():
    pixels = np.random.default_rng(0).integers(0, 256, (61, 43, 3), dtype=np.uint8)
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "JPEG")
    return file.getvalue()


def post(port, content):
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}/v1/models/rankiqa:predict",
        json.dumps(content).encode(),
        {"Content-Type": "application/json"},
    )
    try:
        with urllib.request.urlopen(request, timeout=60) as response:
            return response.status, json.load(response)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)


def test_rest_gives_each_photo_its_score_or_its_error(ports, model, photo):
    files = [photo, BROKEN]
    instances = [{"b64": base64.b64encode(file).decode()} for file in files]
    status, answer = post(ports[0], {"instances": instances})
    good, broken = answer["predictions"]
    assert status == 200
    assert good["score"] == pytest.approx(model.score(photo), abs=1e-6)
    assert (good["error"], broken["score"]) == ("", None)
    assert broken["error"].startswith("the bytes signature reads JPEG, PNG, GIF")


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ({"instances": [{"b64": "%%%"}]}, "base64"),
        ({"instances": ["photo"]}, "b64"),
        ({"photos": []}, "instances"),
    ],
)
def test_rest_says_why_a_request_is_wrong(ports, content, why):
    status, answer = post(ports[0], content)
    assert status == 400
    assert why in answer["error"]


def test_grpc_gives_each_photo_its_score_or_its_error(ports, model, photo):
    from kserve import InferenceGRPCClient
    from kserve import InferInput
    from kserve import InferRequest

    async def ask():
        client = InferenceGRPCClient(url=f"127.0.0.1:{ports[1]}")
        given = InferInput("image_bytes", [2], "BYTES")
        given.set_data_from_numpy(np.array([photo, BROKEN], object), binary_data=True)
        response = await client.infer(InferRequest("rankiqa", [given]))
        return {output.name: output.as_numpy() for output in response.outputs}

    found = asyncio.run(ask())
    expected = [model.score(photo), np.nan]
    np.testing.assert_allclose(found["score"], expected, atol=1e-6)
    assert found["error"][0] == b""
    assert found["error"][1].startswith(b"the bytes signature reads JPEG, PNG, GIF")
