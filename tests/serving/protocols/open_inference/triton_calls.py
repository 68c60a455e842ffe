"""What a data scientist does with tritonclient; run in .venv-clients, prints what came back as JSON.

python triton_calls.py MODEL IMAGE_FILE HTTP_ADDRESS GRPC_ADDRESS …
"""

import asyncio
import json
import sys
from pathlib import Path

import numpy as np
import tritonclient.grpc
import tritonclient.grpc.aio
import tritonclient.http
import tritonclient.http.aio
from tritonclient.utils import InferenceServerException

MODEL, FILE, *ADDRESSES = sys.argv[1:]
DATA = Path(FILE).read_bytes()
PIXELS = np.arange(2 * 3 * 3, dtype=np.uint8).reshape(1, 2, 3, 3) * 14


def file(kind, *files, name="image"):
    tensor = kind.InferInput(name, [len(files)], "BYTES")
    tensor.set_data_from_numpy(np.array(files, dtype=np.object_))
    return [tensor]


def numbers(kind, array, datatype, **how):
    tensor = kind.InferInput("image", list(array.shape), datatype)
    tensor.set_data_from_numpy(array, **how)
    return [tensor]


def plain(value):
    return value.decode("latin-1") if isinstance(value, bytes) else value


def arrays(result, names):
    return {
        name: [plain(x) for x in array.ravel().tolist()]
        for name in names
        if (array := result.as_numpy(name)) is not None
    }


def told(result, names):
    response = result.get_response()
    if isinstance(response, dict):
        parameters, identifier, version = (
            response["parameters"],
            response.get("id", ""),
            response["model_version"],
        )
    else:
        parameters = {k: getattr(v, v.WhichOneof("parameter_choice")) for k, v in response.parameters.items()}
        identifier, version = response.id, response.model_version
    return {"arrays": arrays(result, names), "parameters": parameters, "id": identifier, "version": version}


def refusal(ask):
    try:
        ask()
    except InferenceServerException as error:
        return [error.status(), error.message()]
    return None


def about(client, kind):
    metadata = client.get_model_metadata(MODEL, **({"as_json": True} if kind is tritonclient.grpc else {}))
    return {
        "live": client.is_server_live(),
        "ready": client.is_server_ready(),
        "model": client.is_model_ready(MODEL),
        "other": refusal(lambda: client.is_model_ready("other")) or client.is_model_ready("other"),
        "metadata": metadata,
        "server": client.get_server_metadata(**({"as_json": True} if kind is tritonclient.grpc else {})),
    }


def calls(client, kind):
    said = about(client, kind)
    names = [each["name"] for each in said["metadata"]["outputs"]]

    def ask(inputs, **more):
        return told(client.infer(MODEL, inputs, **more), names)

    wanted = kind.InferRequestedOutput(names[-1])
    said |= {
        "file": ask(file(kind, DATA), request_id="my-1"),
        "two": ask(file(kind, DATA, DATA)),
        "wanted": ask(file(kind, DATA), outputs=[wanted], parameters={"customer": "c1"}),
        "uint8": ask(numbers(kind, PIXELS, "UINT8")),
        "fp32": ask(numbers(kind, PIXELS.astype(np.float32), "FP32")),
        "version": ask(file(kind, DATA), model_version=said["metadata"]["versions"][0]),
        "no image": refusal(lambda: ask(file(kind, b"no image"))),
        "no model": refusal(lambda: client.infer("other", file(kind, DATA))),
        "no version": refusal(lambda: ask(file(kind, DATA), model_version="9")),
        "no input": refusal(lambda: ask(file(kind, DATA, name="picture"))),
        "no output": refusal(lambda: ask(file(kind, DATA), outputs=[kind.InferRequestedOutput("boxes")])),
        "fractions": refusal(lambda: ask(numbers(kind, PIXELS.astype(np.float32) / 255, "FP32"))),
        "no inputs": refusal(lambda: ask([])),
    }
    if kind is tritonclient.http:
        json_only = kind.InferRequestedOutput(names[0], binary_data=False)
        said["json"] = ask(numbers(kind, PIXELS, "UINT8", binary_data=False), outputs=[json_only])
    return said


async def at_once(kind, address):
    """How many of five calls at once say a probability or a share for each class."""
    client = kind.InferenceServerClient(address)
    try:
        inputs = file(tritonclient.http if kind is tritonclient.http.aio else tritonclient.grpc, DATA)
        results = await asyncio.gather(*(client.infer(MODEL, inputs) for _ in range(5)))
        return [plain(result.as_numpy("classes").ravel().tolist()[0]) for result in results]
    finally:
        await client.close()


def both(http, grpc):
    with (
        tritonclient.http.InferenceServerClient(http) as one,
        tritonclient.grpc.InferenceServerClient(grpc) as other,
    ):
        said = {"http": calls(one, tritonclient.http), "grpc": calls(other, tritonclient.grpc)}
    at_a_time = [at_once(tritonclient.http.aio, http), at_once(tritonclient.grpc.aio, grpc)]
    return said | {"aio": [asyncio.run(each) for each in at_a_time]}


print(json.dumps([both(*pair) for pair in zip(ADDRESSES[::2], ADDRESSES[1::2], strict=True)]))
