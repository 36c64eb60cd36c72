"""Scores over gRPC, with the protocol of TensorFlow Serving; needs the extra `serving`.

PredictionService has Predict and GetModelMetadata, ModelService has GetModelStatus; all
other methods are UNIMPLEMENTED. An invalid request ends with INVALID_ARGUMENT and the
reason, a model that is not served with NOT_FOUND, and too many requests at once with
RESOURCE_EXHAUSTED.
"""

import math
import sys
from collections.abc import Callable
from concurrent import futures
from typing import Any
from typing import NoReturn

import grpc
import tensorflow as tf
from tensorflow_serving.apis import get_model_metadata_pb2
from tensorflow_serving.apis import get_model_status_pb2
from tensorflow_serving.apis import model_service_pb2_grpc
from tensorflow_serving.apis import predict_pb2
from tensorflow_serving.apis import prediction_service_pb2_grpc

from export.served_model import DEFAULT_SIGNATURE
from export.served_model import NotFoundError
from export.served_model import RequestError
from export.served_model import ServedModel


class PredictionService(prediction_service_pb2_grpc.PredictionServiceServicer):
    """Predict and GetModelMetadata."""

    def __init__(self, model: ServedModel):
        self._model = model

    def Predict(  # noqa: N802 - The protocol's name.
        self, request: predict_pb2.PredictRequest, context: grpc.ServicerContext
    ) -> predict_pb2.PredictResponse:
        """Runs a signature; inputs and outputs are tensors by name."""
        return _answered(context, lambda: self.answer(request))

    def GetModelMetadata(  # noqa: N802
        self,
        request: get_model_metadata_pb2.GetModelMetadataRequest,
        context: grpc.ServicerContext,
    ) -> get_model_metadata_pb2.GetModelMetadataResponse:
        """Returns the signatures, the only metadata that the protocol knows."""
        return _answered(context, lambda: self._metadata(request))

    def answer(
        self, request: predict_pb2.PredictRequest
    ) -> predict_pb2.PredictResponse:
        """Answers a request, independently of any connection.

        Raises:
            RequestError: if it cannot be answered.
        """
        _check(self._model, request.model_spec)
        signature = request.model_spec.signature_name or DEFAULT_SIGNATURE
        most = request.ByteSize()
        inputs = {
            name: _array(name, tensor, most) for name, tensor in request.inputs.items()
        }
        outputs = self._model.run(signature, inputs, list(request.output_filter))
        response = predict_pb2.PredictResponse()
        _tell(self._model, response.model_spec, signature)
        for name, value in outputs.items():
            response.outputs[name].CopyFrom(
                tf.make_tensor_proto(value, shape=value.shape)
            )
        return response

    def _metadata(
        self, request: get_model_metadata_pb2.GetModelMetadataRequest
    ) -> get_model_metadata_pb2.GetModelMetadataResponse:
        _check(self._model, request.model_spec)
        if set(request.metadata_field) != {"signature_def"}:
            raise RequestError(
                f"metadata_field must be signature_def, not "
                f"{', '.join(request.metadata_field) or 'empty'}"
            )
        signatures = get_model_metadata_pb2.SignatureDefMap()
        for name, definition in self._model.signature_defs.items():
            signatures.signature_def[name].CopyFrom(definition)
        response = get_model_metadata_pb2.GetModelMetadataResponse()
        _tell(self._model, response.model_spec, "")
        response.metadata["signature_def"].Pack(signatures)
        return response


class ModelService(model_service_pb2_grpc.ModelServiceServicer):
    """GetModelStatus."""

    def __init__(self, model: ServedModel):
        self._model = model

    def GetModelStatus(  # noqa: N802
        self,
        request: get_model_status_pb2.GetModelStatusRequest,
        context: grpc.ServicerContext,
    ) -> get_model_status_pb2.GetModelStatusResponse:
        """Reports that the model is available."""
        return _answered(context, lambda: self._status(request))

    def _status(
        self, request: get_model_status_pb2.GetModelStatusRequest
    ) -> get_model_status_pb2.GetModelStatusResponse:
        _check(self._model, request.model_spec)
        response = get_model_status_pb2.GetModelStatusResponse()
        response.model_version_status.add(
            version=self._model.version,
            state=get_model_status_pb2.ModelVersionStatus.AVAILABLE,
        )
        return response


def server(
    model: ServedModel, address: str, *, max_bytes: int, max_requests: int
) -> tuple[grpc.Server, int]:
    """Makes a server with both services, not yet started.

    Args:
        model: the model to serve.
        address: host:port; port 0 takes a free one.
        max_bytes: maximum size of a request.
        max_requests: maximum number at once.

    Returns:
        The server, and its port.

    Raises:
        OSError: if the port is unavailable.
    """
    made = grpc.server(
        futures.ThreadPoolExecutor(max_workers=max_requests),
        maximum_concurrent_rpcs=max_requests,
        options=[
            ("grpc.max_receive_message_length", max_bytes),
            # Otherwise two servers could share a port, each getting some of the
            # requests.
            ("grpc.so_reuseport", 0),
        ],
    )
    prediction_service_pb2_grpc.add_PredictionServiceServicer_to_server(
        PredictionService(model), made
    )
    model_service_pb2_grpc.add_ModelServiceServicer_to_server(ModelService(model), made)
    try:
        port = made.add_insecure_port(address)
    except RuntimeError as error:
        raise OSError(f"cannot listen at {address}: {error}") from error
    return made, port


def _answered(context: grpc.ServicerContext, answer: Callable[[], Any]) -> Any:
    try:
        return answer()
    except NotFoundError as error:
        _end(context, grpc.StatusCode.NOT_FOUND, error)
    except RequestError as error:
        _end(context, grpc.StatusCode.INVALID_ARGUMENT, error)


def _end(
    context: grpc.ServicerContext, code: grpc.StatusCode, error: Exception
) -> NoReturn:
    context.abort(code, str(error))
    raise AssertionError("abort raises")


def _check(model: ServedModel, spec: Any) -> None:
    if spec.version_label:
        raise NotFoundError(f"version labels are not supported, such as {spec}")
    version = spec.version.value if spec.HasField("version") else None
    model.check(spec.name, version)


def _tell(model: ServedModel, spec: Any, signature: str) -> None:
    spec.name, spec.signature_name = model.name, signature
    spec.version.value = model.version


def _array(name: str, tensor: Any, most: int) -> Any:
    # A proto may declare a shape and give a single value for all elements.
    sides = [side.size for side in tensor.tensor_shape.dim]
    if tensor.tensor_shape.unknown_rank or any(side < 0 for side in sides):
        raise RequestError(f"{name} has no known shape")
    if math.prod(sides) > most:
        raise RequestError(f"{name} claims more elements, {sides}, than it has bytes")
    try:
        return tf.make_ndarray(tensor)
    except (TypeError, ValueError) as error:
        raise RequestError(f"{name} cannot be read: {error}") from error


if __name__ == "__main__":
    sys.exit("export.grpc_service is a library; the program is python -m export.serve")
