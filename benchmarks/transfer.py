"""Transfer learning the classic way against ours: wall time until a model of the same accuracy is there.

    .venv/bin/python benchmarks/transfer.py --data trashnet.tar --weights mobilenet_v2_0.35_….h5

Ours is `pylib run classification` with five heads, less the steps `evaluate` and `release`: what is timed
ends with the exported model. The classic way is Keras' own guide to transfer learning, on the same splits,
weights and image size: `image_dataset_from_directory`, the frozen backbone, a head, `fit`; a process for each
of five heads, each for the epochs of ours. Two times are taken of each: until its validation accuracy was as
high as that of the head that ours chose, where it ever was, and until its end.
"""

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from pylib.data.dataset import INDEX_FILE, DatasetIndex, LabelTarget
from pylib.evaluation.leaderboard import read_leaderboard
from pylib.heads.dense import BATCH, DROPOUT, L2
from pylib.heads.table import find_head
from pylib.models.spec import SPEC_FILE
from pylib.store.opening import open_store
from pylib.store.protocol import CommitRef

OURS = ["logistic", "dense", "svm", "knn_7", "boosting"]
CLASSIC = {
    "softmax": [],
    "dense": [124, 64],
    "wider": [256, 128],
    "narrower": [64],
    "sgd": [124, 64],
}
"""The hidden layers of each classic head."""
EPOCHS = int(find_head("dense").fixed["epochs"])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--data", required=True)
    parser.add_argument("--weights", required=True)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        output = Path(folder) / "out"
        commit, seconds, model = ours(given.data, given.weights, output)
        board = read_leaderboard(model)
        assert board is not None
        size = json.loads((model / SPEC_FILE).read_bytes())["image_size"]
        images = class_folders(commit, output, Path(folder) / "images")
        target = board.rows[0].accuracy
        print(f"machine: {os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}")
        print(f"data: {Path(given.data).name}, images of {size} pixels")
        chosen = f"{target:.3f} on validation ({board.chosen})"
        print(f"ours     {len(OURS)} heads {seconds:7.1f} s  accuracy {chosen}", flush=True)
        fits = [classic(name, images, given.weights, size, target) for name in CLASSIC]
    for what, of in (("to the same accuracy", "reached"), ("to the end", "seconds")):
        total = sum(fit[of] for fit in fits)
        print(f"classic  five heads {what}: {total:6.1f} s, {total / seconds:.1f} x ours")


def ours(data: str, weights: str, output: Path) -> tuple[str, float, Path]:
    """The data commit, seconds until the model is there, and its folder."""
    environment = {**os.environ, "PYLIB_OUTPUT": str(output)}
    pylib = str(Path(sys.executable).with_name("pylib"))
    ingest = [pylib, "data", "ingest", data, "--task", "classification"]
    commit = subprocess.run(
        ingest, check=True, stdout=subprocess.PIPE, text=True, env=environment
    ).stdout.strip()
    run = [pylib, "run", "classification", "--data", commit, "--weights", weights, "--json"]
    run += ["-p", f"heads={json.dumps(OURS)}"]
    begun = time.monotonic()
    told = subprocess.run(run, check=False, stdout=subprocess.PIPE, text=True, env=environment)
    whole = time.monotonic() - begun
    assert told.returncode == 0, told.stdout
    steps = json.loads(told.stdout)["steps"]
    return commit, whole - steps["evaluate"] - steps["release"], next(output.glob("latest/*/assemble/model"))


def class_folders(commit: str, output: Path, folder: Path) -> Path:
    """The same images in folders of splits and classes, as Keras reads them."""
    store = open_store((output / "store").as_uri())
    store.checkout(CommitRef.parse(commit), folder / "commit")
    index = DatasetIndex.loads((folder / "commit" / INDEX_FILE).read_bytes())
    for item in index.items:
        assert isinstance(item.target, LabelTarget)
        name = index.classes[item.target.label]
        place = folder / item.split / name / item.id.replace("/", "-")
        place.parent.mkdir(parents=True, exist_ok=True)
        place.with_name(place.name + Path(item.image).suffix).hardlink_to(folder / "commit" / item.image)
    return folder


def classic(name: str, images: Path, weights: str, size: int, target: float) -> dict[str, float]:
    """One fit in a process of its own, with its start."""
    given = json.dumps([name, str(images), weights, size, target])
    begun = time.monotonic()
    command = [sys.executable, __file__, "--fit", given]
    told = subprocess.run(command, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    seconds, found = time.monotonic() - begun, json.loads(told.stdout.splitlines()[-1])
    reached = seconds - found["left"]
    when = f"reached after {reached:.1f} s" if found["left"] else "never reached"
    print(f"classic  {name:<8} {seconds:6.1f} s  accuracy {found['accuracy']:.3f}; {when}", flush=True)
    return {"seconds": seconds, "reached": reached}


def fit(name: str, images: str, weights: str, size: int, target: float) -> None:
    """What Keras' guide does; prints the best accuracy, and the seconds left when it was enough."""
    import keras

    keras.utils.set_random_seed(0)
    train, validation = (
        keras.utils.image_dataset_from_directory(
            Path(images) / split, image_size=(size, size), batch_size=BATCH, verbose=False
        )
        for split in ("train", "validation")
    )
    backbone = keras.applications.MobileNetV2(
        alpha=0.35, input_shape=(size, size, 3), include_top=False, weights=None, pooling="avg"
    )
    backbone.load_weights(weights)
    backbone.trainable = False
    inputs = keras.Input((size, size, 3))
    x = backbone(keras.applications.mobilenet_v2.preprocess_input(inputs), training=False)
    for units in CLASSIC[name]:
        x = keras.layers.Dense(units, activation="relu", kernel_regularizer=keras.regularizers.L2(L2))(x)
        x = keras.layers.Dropout(DROPOUT)(x)
    outputs = keras.layers.Dense(len(train.class_names), activation="softmax")(x)
    model = keras.Model(inputs, outputs)
    optimizer = keras.optimizers.SGD(0.01) if name == "sgd" else keras.optimizers.AdamW(1e-3)
    model.compile(optimizer, "sparse_categorical_crossentropy", metrics=["accuracy"])

    reached: list[float] = []

    class Reached(keras.callbacks.Callback):
        def on_epoch_end(self, _epoch: int, logs: dict[str, float]) -> None:
            if logs["val_accuracy"] >= target:
                reached.append(time.monotonic())

    learned = model.fit(train, validation_data=validation, epochs=EPOCHS, verbose=0, callbacks=[Reached()])
    left = time.monotonic() - reached[0] if reached else 0.0
    print(json.dumps({"accuracy": max(learned.history["val_accuracy"]), "left": left}))


if __name__ == "__main__":
    if sys.argv[1:2] == ["--fit"]:
        fit(*json.loads(sys.argv[2]))
    else:
        main()
