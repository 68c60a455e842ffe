"""An output with two small data sets, and a real server for a model of each, as a release leaves it."""

import hashlib
import io
import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import onnx
from PIL import Image

from pylib.data.dataset import INDEX_FILE, SPLITS, DatasetIndex, Item, LabelTarget, MaskTarget
from pylib.serving import local
from pylib.serving.deployment import SeldonDeployment, read_deployment
from pylib.serving.repository import SERVER, manifest
from pylib.store.artifacts import ArtifactStore
from pylib.store.local import LocalStore
from tests.web.browsing import ROOT

SHADES, PARTS = ["dark", "light"], ["ground", "spot"]
SIZE = 32


def picture(shade: int, spot: int | None = None, form: str = "PNG", side: int = SIZE) -> bytes:
    """A picture of one grey, 0…255, with a rectangle of another within."""
    pixels = np.full((side, side, 3), shade, np.uint8)
    if spot is not None:
        pixels[10:20, 10:25] = spot
    return _encoded(pixels, form)


def mask() -> bytes:
    """Of a picture with a spot: where that is."""
    indices = np.zeros((SIZE, SIZE), np.uint8)
    indices[10:20, 10:25] = 1
    return _encoded(indices, "PNG")


def _encoded(pixels: np.ndarray, form: str) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, form)
    return buffer.getvalue()


@contextmanager
def served(output: Path) -> Iterator[dict[str, str]]:
    """The data commit of each model that is served from that output, by its name."""
    commits = {"classification": shades(output), "segmentation": _spots(output)}
    models = {"classification": _classifier(), "segmentation": _segmenter()}
    store = (output / "artifacts").as_uri()
    for name, model in models.items():
        local.start(
            _released(output / "gitops", name, _stored(output, store, model), commits[name]),
            artifacts=store,
            folder=output / "serving" / name,
            port=0,
            workers=1,
            predictions=output / "predictions.jsonl",
        )
    yield commits
    for name in models:
        local.stop(output / "serving" / name)


def classifier(output: Path) -> tuple[SeldonDeployment, str]:
    """A released classifier of light and dark, which nobody serves yet, and the URL of its store."""
    store = (output / "artifacts").as_uri()
    digest = _stored(output, store, _classifier())
    return _released(output / "gitops", "classification", digest, "c0ffee" * 6), store


def shades(output: Path) -> str:
    """Commit a data set of light and dark pictures; return the commit."""
    files = {f"images/{split}{shade}.png": picture(shade) for split in SPLITS for shade in (10, 245)}
    items = [_item(path, data, LabelTarget(label=int("245" in path))) for path, data in sorted(files.items())]
    return _commit(output, "shades", "classification", SHADES, items, files)


def _spots(output: Path) -> str:
    files = {f"images/{split}.png": picture(10, 240) for split in SPLITS}
    files |= {path.replace("images", "masks"): mask() for path in files}
    digest = hashlib.sha256(mask()).hexdigest()
    items = [
        _item(path, data, MaskTarget(file=path.replace("images", "masks"), sha256=digest))
        for path, data in sorted(files.items())
        if path.startswith("images/")
    ]
    return _commit(output, "spots", "segmentation", PARTS, items, files)


def _item(path, data, target):
    name = Path(path).stem
    split = next(each for each in SPLITS if name.startswith(each))
    return Item(
        id=name,
        image=path,
        image_sha256=hashlib.sha256(data).hexdigest(),
        target=target,
        width=SIZE,
        height=SIZE,
        phash="0" * 16,
        group=None,
        split=split,
    )


def _commit(output, name, task, classes, items, files) -> str:
    index = DatasetIndex(task=task, name=name, classes=dict(enumerate(classes)), items=items)
    store = LocalStore(output / "store")
    return str(store.commit(name, {**files, INDEX_FILE: index.dumps()}).ref)


def _classifier() -> bytes:
    """Light or dark, by the mean of all pixels; between the two it is unsure."""
    weights = np.array([[-0.05, 0.05]], np.float32)
    bias = np.array([6.375, -6.375], np.float32)
    nodes = [
        onnx.helper.make_node("Cast", ["image"], ["float"], to=onnx.TensorProto.FLOAT),
        onnx.helper.make_node("Flatten", ["float"], ["flat"]),
        onnx.helper.make_node("ReduceMean", ["flat", "axes"], ["mean"], keepdims=1),
        onnx.helper.make_node("Gemm", ["mean", "weights", "bias"], ["logits"]),
        onnx.helper.make_node("Softmax", ["logits"], ["probabilities"], axis=-1),
    ]
    constants = {"weights": weights, "bias": bias, "axes": np.array([1], np.int64)}
    more = {"task": "classification", "confidence_threshold": "0.9"}
    return _model(nodes, constants, ["N", len(SHADES)], SHADES, more)


def _segmenter() -> bytes:
    """What is light is spot."""
    weights = np.array([-1, -1, -1, 1, 1, 1], np.float32).reshape(2, 3, 1, 1) / 255
    constants = {"weights": 8 * weights, "bias": np.array([12, -12], np.float32)}
    nodes = [
        onnx.helper.make_node("Cast", ["image"], ["float"], to=onnx.TensorProto.FLOAT),
        onnx.helper.make_node("Transpose", ["float"], ["planes"], perm=[0, 3, 1, 2]),
        onnx.helper.make_node("Conv", ["planes", "weights", "bias"], ["scores"]),
        onnx.helper.make_node("Transpose", ["scores"], ["logits"], perm=[0, 2, 3, 1]),
        onnx.helper.make_node("Softmax", ["logits"], ["probabilities"], axis=-1),
    ]
    return _model(nodes, constants, ["N", "H", "W", len(PARTS)], PARTS, {"task": "segmentation"})


def _model(nodes, constants, shape, classes, metadata) -> bytes:
    helper, types = onnx.helper, onnx.TensorProto
    graph = helper.make_graph(
        nodes,
        "small",
        [helper.make_tensor_value_info("image", types.UINT8, ["N", "H", "W", 3])],
        [helper.make_tensor_value_info("probabilities", types.FLOAT, shape)],
        [onnx.numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    said = {"classes": json.dumps(classes), "image_size": str(SIZE), "format": "2", **metadata}
    helper.set_model_props(model, said)
    onnx.checker.check_model(model)
    return model.SerializeToString()


def _stored(output: Path, store: str, model: bytes) -> str:
    digest = hashlib.sha256(model).hexdigest()
    folder = output / "models" / digest
    folder.mkdir(parents=True)
    (folder / "model.onnx").write_bytes(model)
    ArtifactStore(store).put_model(folder, digest)
    return digest


def _released(repository: Path, name: str, digest: str, commit: str) -> SeldonDeployment:
    for file in (SERVER, manifest(name)):
        (repository / file).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / file, repository / file)
    path = repository / manifest(name)
    text = path.read_text()
    values = {"model_digest": digest, "data_commit": commit, "git_commit": "badcafe" * 5}
    for parameter, value in values.items():
        before = f'- name: {parameter}\n            type: STRING\n            value: "'
        head, tail = text.split(before)
        text = f"{head}{before}{value}{tail[tail.index(chr(34)) :]}"
    path.write_text(text)
    return read_deployment(repository, name)
