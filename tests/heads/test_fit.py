"""Every head: as scikit-learn has it, kept without pickle, the same bits on every processor, odd data too."""

import json
import os
import subprocess
import sys
import warnings
from pathlib import Path

import numpy as np
import onnxruntime
import pytest

from pylib.errors import DataError, ModelError
from pylib.features.table import read_features
from pylib.heads import boosting, logistic, neighbours, svm
from pylib.heads.fit import fit_head
from pylib.heads.folds import folds
from pylib.heads.table import HEADS
from pylib.models.heads.fitted import ARRAYS, FittedHead, read_head
from pylib.models.heads.logits import standardised
from tests.heads.made import points, write_features

NAMES = list(HEADS)


@pytest.fixture(scope="module")
def features(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_features(tmp_path_factory.mktemp("features") / "three")


@pytest.mark.parametrize("name", NAMES)
def test_a_head_learns_and_is_read_back_equal(name: str, features: Path, tmp_path: Path) -> None:
    record = fit_head(features, name, tmp_path)
    assert record.macro_f1 > (0.5 if name == "dense_sgd" else 0.8)
    again, head = read_head(tmp_path)
    assert again == record
    assert {path.name for path in tmp_path.iterdir()} == {"head.json", "head.npz"}
    judged, truth = read_features(features, "validation")
    assert (head.logits(np.array(judged)).argmax(axis=1) == truth).mean() == record.accuracy
    assert len(record.grid) == len(HEADS[name].places())
    (tmp_path / ARRAYS).write_bytes((tmp_path / ARRAYS).read_bytes()[:-9])
    with pytest.raises(ModelError, match=r"SHA-256 is not that of head\.json"):
        read_head(tmp_path)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("classes", [2, 3])
def test_the_exported_graph_says_what_the_fitted_head_says(name: str, classes: int, tmp_path: Path) -> None:
    import keras

    from pylib.models.heads.layer import HeadLayer
    from pylib.serving.export import export_onnx

    fit_head(write_features(tmp_path / "features", classes), name, tmp_path)
    _, head = read_head(tmp_path)
    given = points(np.arange(40) % classes, seed=7, spread=3)
    entry, layer = keras.Input((given.shape[1],), name="features"), HeadLayer(head.spec, name="head")
    model = keras.Model(entry, layer(entry))
    layer.assign(head.arrays)
    names = [str(label) for label in range(classes)]
    export_onnx(model, tmp_path / "head.onnx", task="classification", classes=names, image_size=32)
    session = onnxruntime.InferenceSession(tmp_path / "head.onnx")
    (said,) = session.run(None, {"features": given})
    np.testing.assert_allclose(said, head.logits(given), atol=2e-4, rtol=1e-4)


def given(classes: int = 3) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    targets = np.arange(90) % classes
    return points(targets, 0, 2), targets.astype(np.int64), points(np.arange(60) % classes, 1, 3)


@pytest.mark.parametrize("classes", [2, 3])
def test_logistic_regression_is_scikit_learns(classes: int) -> None:
    from sklearn.linear_model import LogisticRegression

    x, y, asked = given(classes)
    head = logistic.fit(x, y, {"C": 0.1}, 0)
    model = LogisticRegression(C=0.1, tol=1e-3, max_iter=1000)
    model.fit(standardised(head.arrays, x).astype(np.float64), y)
    expected = model.predict_proba(standardised(head.arrays, asked).astype(np.float64))
    np.testing.assert_allclose(softmax(head.logits(asked)), expected, atol=1e-5)


def test_the_machines_are_scikit_learns() -> None:
    from sklearn.multiclass import OneVsRestClassifier
    from sklearn.svm import SVC

    x, y, asked = given()
    head = svm.fit(x, y, {"C": 10.0, "spread": 0.25}, 0)
    model = OneVsRestClassifier(SVC(C=10.0, gamma=float(head.spec.parameters["gamma"])))
    model.fit(standardised(head.arrays, x).astype(np.float64), y)
    expected = model.decision_function(standardised(head.arrays, asked).astype(np.float64))
    np.testing.assert_allclose(head.logits(asked), expected, atol=2e-3)


def test_neighbours_are_scikit_learns_with_dudanis_weights() -> None:
    from sklearn.neighbors import KNeighborsClassifier

    x, y, asked = given()
    head = neighbours.fit(x, y, {"neighbours": 7, "metric": "euclidean"}, 0)

    def weights(distances: np.ndarray) -> np.ndarray:
        squares = distances**2
        return np.where(np.arange(8) < 7, squares[:, -1:] * (1 + 1e-4) - squares, 0)

    model = KNeighborsClassifier(8, weights=weights, algorithm="brute")
    model.fit(standardised(head.arrays, x), y)
    shares = model.predict_proba(standardised(head.arrays, asked))
    np.testing.assert_allclose(softmax(head.logits(asked)), (7 * shares + 1 / 3) / 8, atol=1e-4)


@pytest.mark.parametrize("classes", [2, 3])
def test_trees_are_scikit_learns_but_at_their_edges(classes: int) -> None:
    from sklearn.ensemble import HistGradientBoostingClassifier

    x, y, asked = given(classes)
    head = boosting.fit(x, y, {"trees": 20, "depth": 3, "learning_rate": 0.1}, 0)
    model = HistGradientBoostingClassifier(
        max_iter=20, learning_rate=0.1, max_depth=3, max_leaf_nodes=None, min_samples_leaf=4,
        early_stopping=False, random_state=0,
    ).fit(x, y)  # fmt: skip
    differences = np.abs(softmax(head.logits(asked)) - model.predict_proba(asked)).max(axis=1)
    assert np.quantile(differences, 0.9) < 1e-5
    assert differences.max() < 0.1


def softmax(scores: np.ndarray) -> np.ndarray:
    shares = np.exp(scores - scores.max(axis=1, keepdims=True))
    return shares / shares.sum(axis=1, keepdims=True)


@pytest.mark.parametrize("name", ["logistic", "boosting", "svm", "knn_7", "dense"])
def test_a_hair_more_or_less_in_a_feature_turns_no_answer_over(
    name: str, features: Path, tmp_path: Path
) -> None:
    """As another runtime has it: a hard vote or split would jump."""
    fit_head(features, name, tmp_path)
    _, head = read_head(tmp_path)
    asked = points(np.arange(300) % 3, seed=5, spread=3)
    moved = (asked * (1 + 2e-6 * np.random.default_rng(0).normal(size=asked.shape))).astype(np.float32)
    assert np.abs(softmax(head.logits(asked)) - softmax(head.logits(moved))).max() < 1e-3


ODD: dict[str, dict[str, list[int]]] = {
    "one class with two images": {"train": [0] * 20 + [1] * 20 + [2, 2]},
    "a class that is missing in validation": {"validation": [0, 1, 1]},
    "a class that is missing in training": {"train": [0] * 20 + [2] * 20},
    "two images in all": {"train": [0, 2]},
    "five images in all": {"train": [0, 1, 2, 0, 1]},
    "one image to be judged on": {"validation": [1]},
}


@pytest.mark.parametrize("name", ["logistic", "dense", "boosting", "svm", "knn_7", "knn_3"])
@pytest.mark.parametrize("odd", ODD.values(), ids=ODD.keys())
def test_odd_data_gives_a_head_that_says_so(name: str, odd: dict[str, list[int]], tmp_path: Path) -> None:
    folder = write_features(tmp_path / "features", **odd)
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        record = fit_head(folder, name, tmp_path)
    _, head = read_head(tmp_path)
    logits = head.logits(points(np.arange(30) % 3, seed=3))
    assert logits.shape == (30, 3)
    assert np.isfinite(logits).all()
    missing = set(range(3)) - set(odd.get("train", [0, 1, 2]))
    assert not missing & set(logits.argmax(axis=1).tolist())
    said = " ".join(record.notes)
    assert all(f"class {label} has no training image" in said for label in missing)
    if name == "knn_7" and len(odd.get("train", range(9))) < 7:
        assert "7 neighbours were asked for" in said


@pytest.mark.parametrize("name", ["logistic", "dense", "boosting", "svm", "knn_7"])
def test_features_that_never_change_are_no_reason_to_fail(name: str, tmp_path: Path) -> None:
    folder = write_features(tmp_path / "features")
    for split in ("train", "validation"):
        features = np.array(read_features(folder, split)[0])
        features[:, :] = 0.5
        np.save(folder / f"{split}.features.npy", features)
    record = fit_head(folder, name, tmp_path)
    assert np.isfinite(read_head(tmp_path)[1].logits(np.full((4, 24), 0.5, np.float32))).all()
    assert record.accuracy < 0.5


def test_one_class_or_nothing_to_judge_on_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="train split holds only class 1: a head tells classes apart"):
        fit_head(write_features(tmp_path / "one", train=[1, 1, 1]), "logistic", tmp_path)
    with pytest.raises(DataError, match="validation split has no image"):
        fit_head(write_features(tmp_path / "none", validation=[]), "logistic", tmp_path)


def test_every_class_is_in_the_folds_and_none_is_judged_on_what_it_was_fitted_on() -> None:
    targets = np.array([0] * 9 + [1] * 4 + [2] * 2)
    judged = []
    for fit, held_out in folds(targets, seed=1):
        assert not set(fit) & set(held_out)
        assert {0, 1} <= set(targets[held_out].tolist())
        judged += held_out.tolist()
    assert sorted(judged) == list(range(15))
    assert list(folds(np.array([0, 0, 0, 1]), 0)) == []


SCRIPT = """
import sys, pathlib
import pylib
from pylib.heads.fit import fit_head
for name in sys.argv[3:]:
    folder = pathlib.Path(sys.argv[2]) / name
    folder.mkdir()
    print(name, fit_head(pathlib.Path(sys.argv[1]), name, folder).sha256)
"""


def bits(features: Path, folder: Path, **environment: str) -> dict[str, str]:
    folder.mkdir()
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(features), str(folder), *NAMES],
        env={**os.environ, **environment},
        capture_output=True,
        encoding="utf-8",
        check=True,
    )
    return dict(line.split() for line in done.stdout.splitlines())


@pytest.mark.slow
def test_the_bits_are_those_of_any_processor_and_any_number_of_threads(
    features: Path, tmp_path: Path
) -> None:
    """What a person sets for other kernels is overruled; with the second it would be another processor's."""
    here = bits(features, tmp_path / "here")
    there = bits(
        features,
        tmp_path / "there",
        OPENBLAS_CORETYPE="Sandybridge",
        OPENBLAS_NUM_THREADS="3",
        OMP_NUM_THREADS="5",
        NPY_DISABLE_CPU_FEATURES="X86_V3 X86_V4",
        ONEDNN_MAX_CPU_ISA="SSE41",
    )
    assert here == there
    assert len(set(here.values())) == len(NAMES) - 1, "two count neighbours among the same images"


@pytest.mark.slow
def test_kernels_that_were_chosen_before_pylib_are_refused() -> None:
    script = "import numpy, pylib\nfrom pylib.kernels import held\nwith held(): pass"
    environment = {**os.environ, "OPENBLAS_CORETYPE": "Sandybridge"}
    done = subprocess.run(
        [sys.executable, "-c", script], env=environment, capture_output=True, encoding="utf-8", check=False
    )
    assert "OpenBLAS computes with kernels for Sandybridge" in done.stderr
    assert "import pylib before numpy" in done.stderr


def test_neighbours_do_not_wait_for_scikit_learn(features: Path, tmp_path: Path) -> None:
    script = (
        "import sys\nfrom pathlib import Path\nfrom pylib.heads.fit import fit_head\n"
        "fit_head(Path(sys.argv[1]), 'knn_3', Path(sys.argv[2]))\n"
        "print(sorted({'scipy', 'sklearn'} & sys.modules.keys()))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, features, tmp_path], capture_output=True, encoding="utf-8", check=True
    )
    assert done.stdout == "[]\n"


def test_what_is_kept_is_arrays_and_json(features: Path, tmp_path: Path) -> None:
    fit_head(features, "svm", tmp_path)
    with np.load(tmp_path / ARRAYS, allow_pickle=False) as file:
        assert all(file[name].dtype in {np.dtype("float32"), np.dtype("int32")} for name in file.files)
    assert json.loads((tmp_path / "head.json").read_text())["spec"]["kind"] == "svm"
    assert isinstance(read_head(tmp_path)[1], FittedHead)
