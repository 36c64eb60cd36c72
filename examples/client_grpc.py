"""Scores photos on a server, by gRPC on TensorFlow Serving's own protocol.

    pip install tensorflow-serving-api grpcio
    python client_grpc.py 127.0.0.1:8500 photo.jpg other.png

Prints a line for each photo: its score, a tab and its path; or "-", a tab, the path, a
colon and why it has none. Exit code: 0 if all were scored, 1 if some were not.
"""

import math
import sys
from pathlib import Path

import grpc
import tensorflow as tf
from tensorflow_serving.apis import predict_pb2
from tensorflow_serving.apis import prediction_service_pb2_grpc

MODEL = "rankiqa"
SECONDS = 60.0


def main(address: str, *paths: str) -> int:
    """Sends each photo as a request of its own."""
    failed = 0
    with grpc.insecure_channel(address) as channel:
        stub = prediction_service_pb2_grpc.PredictionServiceStub(channel)
        for path in paths:
            request = predict_pb2.PredictRequest()
            request.model_spec.name = MODEL
            # Several photos may go in one request: they are scored one after another.
            photos = [Path(path).read_bytes()]
            request.inputs["image_bytes"].CopyFrom(tf.make_tensor_proto(photos))
            try:
                outputs = stub.Predict(request, SECONDS).outputs
            except grpc.RpcError as error:
                print(f"-\t{path}: {error.code().name}: {error.details()}")
                failed = 1
                continue
            score = outputs["score"].float_val[0]
            if math.isnan(score):
                print(f"-\t{path}: {outputs['error'].string_val[0].decode()}")
                failed = 1
            else:
                print(f"{score:.9g}\t{path}")
    return failed


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
