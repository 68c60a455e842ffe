"""What TensorFlow Serving's own gRPC client does; run in .venv-clients, prints what came back as JSON.

python stub_calls.py MODEL IMAGE_FILE ADDRESS …
"""

import json
import sys
from pathlib import Path

import grpc
import numpy as np
import tensorflow as tf
from google.protobuf.json_format import MessageToDict
from tensorflow_serving.apis import (
    classification_pb2,
    get_model_metadata_pb2,
    get_model_status_pb2,
    model_service_pb2_grpc,
    predict_pb2,
    prediction_service_pb2_grpc,
)

MODEL, FILE, *ADDRESSES = sys.argv[1:]
DATA = Path(FILE).read_bytes()
PIXELS = np.arange(2 * 3 * 3, dtype=np.uint8).reshape(1, 2, 3, 3) * 14


def request(image, *, name="image", model=MODEL, **spec):
    asked = predict_pb2.PredictRequest()
    asked.model_spec.name = model
    for field, value in spec.items():
        if field == "version":
            asked.model_spec.version.value = value
        else:
            setattr(asked.model_spec, field, value)
    asked.inputs[name].CopyFrom(image)
    return asked


def plain(array):
    return [x.decode("latin-1") if isinstance(x, bytes) else x for x in array.ravel().tolist()]


def calls(address):
    channel = grpc.insecure_channel(address)
    stub = prediction_service_pb2_grpc.PredictionServiceStub(channel)
    models = model_service_pb2_grpc.ModelServiceStub(channel)

    def answer(asked):
        said = stub.Predict(asked, 30)
        arrays = {name: tf.make_ndarray(tensor) for name, tensor in said.outputs.items()}
        return {
            "spec": MessageToDict(said.model_spec),
            "arrays": {name: plain(array) for name, array in arrays.items()},
            "shapes": {name: list(array.shape) for name, array in arrays.items()},
        }

    def refusal(ask):
        try:
            ask()
        except grpc.RpcError as error:
            return [error.code().name, error.details()]
        return None

    def metadata():
        asked = get_model_metadata_pb2.GetModelMetadataRequest(metadata_field=["signature_def"])
        asked.model_spec.name = MODEL
        signatures = get_model_metadata_pb2.SignatureDefMap()
        assert stub.GetModelMetadata(asked, 30).metadata["signature_def"].Unpack(signatures)
        return MessageToDict(signatures)

    def status():
        asked = get_model_status_pb2.GetModelStatusRequest()
        asked.model_spec.name = MODEL
        return MessageToDict(models.GetModelStatus(asked, 30))

    file = tf.make_tensor_proto([DATA], shape=[1])
    filtered = request(file)
    filtered.output_filter.append("prediction_id")
    return {
        "metadata": metadata(),
        "status": status(),
        "file": answer(request(file, signature_name="serving_default")),
        "scalar": answer(request(tf.make_tensor_proto(DATA))),
        "two": answer(request(tf.make_tensor_proto([DATA, DATA]))),
        "filtered": answer(filtered),
        "uint8": answer(request(tf.make_tensor_proto(PIXELS))),
        "float": answer(request(tf.make_tensor_proto(PIXELS.astype(np.float32)))),
        "int": answer(request(tf.make_tensor_proto(PIXELS.astype(np.int32)))),
        "no image": refusal(lambda: answer(request(tf.make_tensor_proto([b"no image"])))),
        "no model": refusal(lambda: answer(request(file, model="other"))),
        "no version": refusal(lambda: answer(request(file, version=9))),
        "no signature": refusal(lambda: answer(request(file, signature_name="classify"))),
        "no input": refusal(lambda: answer(request(file, name="images"))),
        "fractions": refusal(lambda: answer(request(tf.make_tensor_proto(PIXELS.astype(np.float32) / 255)))),
        "classify": refusal(lambda: stub.Classify(classification_pb2.ClassificationRequest(), 30)),
    }


print(json.dumps([calls(address) for address in ADDRESSES]))
