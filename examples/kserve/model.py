"""A SavedModel behind KServe's own server: REST in TensorFlow Serving's form, V2 gRPC.

    pip install "rankiqa-tf[kserve]"
    python examples/kserve/model.py --model_dir=SAVED_MODEL --model_name=rankiqa \
        --http_port=8501 --grpc_port=8081

    echo '{"instances": [{"b64": "'$(base64 -w0 photo.jpg)'"}]}' |
        curl -s http://127.0.0.1:8501/v1/models/rankiqa:predict \
        -H 'Content-Type: application/json' -d @-

It is what runs inside a container that inferenceservice.yaml asks for; SIGTERM ends it.
"""

import argparse
import base64
import binascii
import math

import tensorflow as tf
from kserve import InferInput
from kserve import InferOutput
from kserve import InferRequest
from kserve import InferResponse
from kserve import Model
from kserve import ModelServer
from kserve import model_server
from kserve.errors import InvalidInput


class RankIQA(Model):
    """Scores photos by serving_default."""

    def __init__(self, name: str, folder: str):
        super().__init__(name)
        self._folder = folder
        self.load()

    def load(self) -> bool:
        """Loads the SavedModel."""
        self._loaded = tf.saved_model.load(self._folder)  # Owns the variables.
        self._score = self._loaded.signatures["serving_default"]
        self.ready = True
        return self.ready

    def predict(self, payload, headers=None, response_headers=None):
        """Scores the photos of a request, of the V1 or the V2 protocol.

        Returns:
            Of each photo its score, and its error, which is empty where it has one. A
            photo that cannot be read has the score None by V1, which is JSON, and nan
            by V2.
        """
        if isinstance(payload, InferRequest):
            return self._predict_v2(payload)
        instances = payload.get("instances") if isinstance(payload, dict) else None
        if not isinstance(instances, list):
            raise InvalidInput(
                'a request must have "instances", a list, and be application/json'
            )
        scores, errors = self._scored([_photo(each) for each in instances])
        return {
            "predictions": [
                {"score": None if math.isnan(score) else score, "error": error}
                for score, error in zip(scores, errors, strict=True)
            ]
        }

    def _predict_v2(self, request: InferRequest) -> InferResponse:
        if len(request.inputs) != 1 or request.inputs[0].datatype != "BYTES":
            raise InvalidInput("a request must have one input, image_bytes of BYTES")
        given: InferInput = request.inputs[0]
        scores, errors = self._scored(given.as_numpy().ravel().tolist())
        score = InferOutput("score", [len(scores)], "FP32", scores)
        error = InferOutput("error", [len(errors)], "BYTES", errors)
        return InferResponse(request.id or "", self.name, [score, error])

    def _scored(self, photos: list[bytes]) -> tuple[list[float], list[str]]:
        found = self._score(image_bytes=tf.constant(photos, tf.string, [len(photos)]))
        errors = [error.decode() for error in found["error"].numpy()]
        return found["score"].numpy().tolist(), errors


def _photo(instance: object) -> bytes:
    match instance:
        case {"b64": str(text)} | {"image_bytes": {"b64": str(text)}}:
            try:
                return base64.b64decode(text, validate=True)
            except (binascii.Error, ValueError) as error:
                raise InvalidInput(f"its base64 is wrong: {error}") from error
    raise InvalidInput('each instance must be {"b64": "..."}')


if __name__ == "__main__":
    parser = argparse.ArgumentParser(parents=[model_server.parser])
    parser.add_argument("--model_dir", required=True, help="Folder of a SavedModel.")
    arguments = parser.parse_args()
    ModelServer().start([RankIQA(arguments.model_name, arguments.model_dir)])
