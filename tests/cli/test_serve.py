"""The verbs serve and predict as a person uses them, with a released model and a real server."""

import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import onnx
import pytest
import typer
from PIL import Image
from typer.testing import CliRunner

from pylib.cli import serve
from pylib.cli.status import _outdated
from pylib.errors import PylibError, ServingError
from pylib.release.manifest import Manifest
from pylib.release.served import Canary, Served, Values
from pylib.serving import local
from pylib.serving.repository import SERVER, manifest
from pylib.store.artifacts import ArtifactStore

app = typer.Typer()
app.command("serve")(serve.serve)
app.command("predict")(serve.predict)
ROOT, NAME = Path(__file__).parents[2], "segmentation"
PROGRAM = "import typer; from pylib.cli.serve import serve; typer.run(serve)"


def release_constant_model(output: Path) -> str:
    """Release a model that answers class 1 everywhere into the output's folders; return its digest."""
    helper, types = onnx.helper, onnx.TensorProto
    weights = onnx.numpy_helper.from_array(np.zeros((2, 3, 1, 1), np.float32), "weights")
    bias = onnx.numpy_helper.from_array(np.array([0, 2], np.float32), "bias")
    graph = helper.make_graph(
        [
            helper.make_node("Cast", ["image"], ["float"], to=types.FLOAT),
            helper.make_node("Transpose", ["float"], ["planes"], perm=[0, 3, 1, 2]),
            helper.make_node("Conv", ["planes", "weights", "bias"], ["scores"]),
            helper.make_node("Transpose", ["scores"], ["logits"], perm=[0, 2, 3, 1]),
            helper.make_node("Softmax", ["logits"], ["probabilities"], axis=-1),
        ],
        "constant",
        [helper.make_tensor_value_info("image", types.UINT8, ["N", "H", "W", 3])],
        [helper.make_tensor_value_info("probabilities", types.FLOAT, ["N", "H", "W", 2])],
        [weights, bias],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    helper.set_model_props(model, {"classes": '["cat", "wall"]', "image_size": "32"})
    folder = output / "model"
    folder.mkdir(parents=True)
    (folder / "model.onnx").write_bytes(model.SerializeToString())
    digest = hashlib.sha256((folder / "model.onnx").read_bytes()).hexdigest()
    ArtifactStore((output / "artifacts").as_uri()).put_model(folder, digest)
    for file in (SERVER, manifest(NAME)):
        (output / "gitops" / file).parent.mkdir(parents=True)
        shutil.copy(ROOT / file, output / "gitops" / file)
    served = output / "gitops" / manifest(NAME)
    served.write_text(served.read_text().replace('value: ""', f'value: "{digest}"', 1))
    return digest


def put_another(output: Path) -> str:
    """Store another model that answers the same; return its digest."""
    model = onnx.load(output / "model" / "model.onnx")
    model.doc_string = "another"
    folder = output / "another"
    folder.mkdir()
    (folder / "model.onnx").write_bytes(model.SerializeToString())
    digest = hashlib.sha256((folder / "model.onnx").read_bytes()).hexdigest()
    ArtifactStore((output / "artifacts").as_uri()).put_model(folder, digest)
    return digest


def serve_another(output: Path) -> None:
    """The same model under a second name."""
    served = output / "gitops" / manifest("walls")
    served.parent.mkdir(parents=True)
    text = (output / "gitops" / manifest(NAME)).read_text()
    served.write_text(text.replace(f"name: {NAME}", "name: walls"))


@pytest.fixture
def output(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The output folder that the verbs use, with paths as short as a terminal is wide."""
    folder = tmp_path / "out"
    monkeypatch.setenv("PYLIB_OUTPUT", str(folder))
    for name in ("PYLIB_ARTIFACTS", "PYLIB_RELEASE_REPOSITORY"):
        monkeypatch.delenv(name, raising=False)
    return folder


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    path = tmp_path / "cat.jpg"
    Image.effect_noise((70, 50), 60).convert("RGB").save(path)
    return path


def run(*arguments: str) -> str:
    result = CliRunner().invoke(app, arguments, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.stdout


def commit(clone: Path) -> None:
    """Make a clone of a folder, with all that is in it."""
    subprocess.run(["git", "init", "-q", str(clone)], check=True)
    made = ["-c", "user.name=Ann", "-c", "user.email=a@b", "commit", "-qm", "Release"]
    for command in (["add", "--all"], made):
        subprocess.run(["git", "-C", str(clone), *command], check=True)


def fail(*arguments: str) -> PylibError:
    result = CliRunner().invoke(app, arguments)
    assert isinstance(result.exception, PylibError), result.output
    assert "\n" not in str(result.exception)
    return result.exception


@pytest.mark.slow
def test_serve_ask_and_stop(output: Path, picture: Path, tmp_path: Path) -> None:
    digest = release_constant_model(output)
    server = json.loads(run("serve", "--port", "0", "--workers", "1", "--detach", "--json"))
    try:
        figures = json.loads(run("predict", str(picture), "--json"))
        table = run("predict", str(picture), "--overlay", str(tmp_path / "overlay.png"))
        by_url = json.loads(run("predict", str(picture), "--url", server["url"], "--json"))
    finally:
        stopped = run("serve", "--stop")
    assert stopped == "stopped\n"
    assert run("serve", "--stop") == "no server is running\n"
    assert figures["class_shares"] == {"cat": 0.0, "wall": 1.0}
    assert (figures["width"], figures["height"]) == (70, 50)
    assert figures["model_digest"] == digest
    assert figures["mean_confidence"] == pytest.approx(1 / (1 + np.exp(-2)), abs=1e-6)
    assert by_url["prediction_id"] != figures["prediction_id"]
    for expected in ("cat", "0.0%", "wall", "100.0%", digest, "prediction_id"):
        assert expected in table
    assert Image.open(tmp_path / "overlay.png").width >= 320
    logged = [json.loads(line)["prediction_id"] for line in (output / "predictions.jsonl").open()]
    assert {figures["prediction_id"], by_url["prediction_id"]} < set(logged)


@pytest.mark.slow
@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_serve_in_the_foreground_ends_cleanly(output: Path, how: signal.Signals) -> None:
    release_constant_model(output)
    command = [sys.executable, "-c", PROGRAM, "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert "serving at http://127.0.0.1:" in process.stdout.readline()
        process.send_signal(how)
        _, errors = process.communicate(timeout=60)
    assert process.returncode == 0, errors
    assert errors == ""
    assert run("serve", "--stop") == "no server is running\n"


@pytest.mark.slow
def test_serve_with_a_canary_ends_with_all_of_its_servers(output: Path, picture: Path) -> None:
    release_constant_model(output)
    path = output / "gitops" / manifest(NAME)
    text = Manifest(path.read_text(), path)
    path.write_text(text.with_served(Served(text.values, Canary(Values(put_another(output)), 50))).text)
    command = [sys.executable, "-c", PROGRAM, "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert "serving at http://127.0.0.1:" in process.stdout.readline()
        for _ in range(24):
            run("predict", str(picture))
        folders = [file.parent for file in (output / "serving" / NAME).glob("**/server.json")]
        running = [server for folder in folders if (server := local.running(folder))]
        commit(output / "gitops")
        canary = next(each for each in running if Path(each.log).parent.name.startswith("canary"))
        os.killpg(canary.pid, signal.SIGSTOP)
        told = _outdated(output)
        os.killpg(canary.pid, signal.SIGCONT)
        process.send_signal(signal.SIGTERM)
        _, errors = process.communicate(timeout=60)
    assert (process.returncode, errors) == (0, "")
    assert len(running) == 3
    assert told == {}  # what does not answer is no other model
    assert not any(local.running(folder) for folder in folders)
    assert run("serve", "--stop") == "no server is running\n"
    logged = [json.loads(line)["predictor"] for line in (output / "predictions.jsonl").open()]
    assert set(logged) == {"default", "canary"}  # but once in eight million times


@pytest.mark.slow
def test_serve_in_the_foreground_says_when_another_took_its_place(output: Path, picture: Path) -> None:
    champion = release_constant_model(output)
    command = [sys.executable, "-c", PROGRAM, "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        url = process.stdout.readline().split()[2]
        path = output / "gitops" / manifest(NAME)
        text = Manifest(path.read_text(), path)
        path.write_text(text.with_served(Served(text.values, Canary(Values(champion), 50))).text)
        assert json.loads(run("serve", NAME, "--detach", "--json"))["url"] == url
        said, errors = process.communicate(timeout=60)
    try:
        assert (process.returncode, errors) == (0, "")
        assert "in its place, which goes on" in said
        assert json.loads(run("predict", str(picture), "--json"))["model_digest"] == champion
    finally:
        run("serve", "--stop")


@pytest.mark.slow
def test_serve_in_the_foreground_says_when_the_server_ends(output: Path) -> None:
    release_constant_model(output)

    def end_server() -> None:
        state = output / "serving" / NAME / "server.json"
        while not (output / "ready").exists():
            time.sleep(0.02)
        os.kill(json.loads(state.read_text())["pid"], signal.SIGTERM)

    command = [sys.executable, "-c", PROGRAM, "--port", "0"]
    ender = threading.Thread(target=end_server)
    ender.start()
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        process.stdout.readline()
        (output / "ready").touch()
        _, errors = process.communicate(timeout=60)
    ender.join()
    assert process.returncode == 1
    assert "the model server ended by itself" in errors


def test_serve_without_a_release_says_what_is_missing(output: Path) -> None:
    assert "gitops has no cluster-conf/models/NAME/" in str(fail("serve", "--port", "0"))


@pytest.mark.slow
def test_serve_of_a_repository_without_a_model_says_so(output: Path) -> None:
    repository = str(ROOT)
    assert "release a model first" in str(fail("serve", "--repository", repository, "--port", "0"))


@pytest.mark.slow
def test_models_are_served_side_by_side(output: Path, picture: Path) -> None:
    release_constant_model(output)
    serve_another(output)
    assert "name one of them: segmentation, walls" in str(fail("serve", "--port", "0"))
    arguments = ("--port", "0", "--workers", "1", "--detach", "--json")
    try:
        servers = {name: json.loads(run("serve", name, *arguments)) for name in (NAME, "walls")}
        several = str(fail("predict", str(picture)))
        asked = json.loads(run("predict", str(picture), "--url", servers["walls"]["url"], "--json"))
        assert run("serve", "walls", "--stop") == "stopped\n"
        alone = json.loads(run("predict", str(picture), "--json"))
    finally:
        run("serve", "--stop")
    assert f"several models are served here (segmentation at {servers[NAME]['url']}, walls at " in several
    assert asked["task"] == alone["task"] == "segmentation"
    assert run("serve", "--stop") == "no server is running\n"


def name_model(output: Path, digest: str) -> None:
    """Have Git name another model than the one that was released before, or none."""
    served = output / "gitops" / manifest(NAME)
    lines = served.read_text().splitlines(keepends=True)
    place = next(number for number, line in enumerate(lines) if "name: model_digest" in line)
    lines[place + 2] = lines[place + 2].split('"')[0] + f'"{digest}"\n'
    served.write_text("".join(lines))


@pytest.mark.slow
def test_a_server_that_runs_is_told_and_goes_on_where_git_names_what_is_not_there(output: Path) -> None:
    digest = release_constant_model(output)
    serve_another(output)
    detached = ("--workers", "1", "--detach", "--port")
    server = json.loads(run("serve", NAME, *detached, "0", "--json"))
    try:
        assert json.loads(run("serve", NAME, "--json")) == server
        as_named = _outdated(output)
        assert f"serving already, as Git names it, at {server['url']} " in run("serve", NAME, *detached, "0")
        other = CliRunner().invoke(app, ["serve", NAME, "--detach", "--port", "9", "--workers", "2"])
        foreground = str(fail("serve", NAME))
        taken = str(fail("serve", "walls", *detached, server["url"].rpartition(":")[2]))
        name_model(output, "e" * 64)
        commit(output / "gitops")
        behind = _outdated(output)["served"]
        outdated = str(fail("serve", NAME, "--json"))
        missing = str(fail("serve", NAME, *detached, "0"))
        assert json.loads((output / "serving" / NAME / "server.json").read_text()) == server
        assert local.running(output / "serving" / NAME)
    finally:
        run("serve", "--stop")
    assert (other.exit_code, "serving already" in other.stdout) == (0, True)
    assert other.stderr == (
        f"{NAME} goes on at {server['url']}: --port 9 and --workers 2 will hold from a new start on, "
        f"after `pylib serve {NAME} --stop`\n"
    )
    where = f"{NAME} is served already at {server['url']} (process {server['pid']}), and it is"
    assert f"{where} what Git names: `pylib serve {NAME} --detach`" in foreground
    assert f"{where} other models than Git names: `pylib serve {NAME} --detach`" in outdated
    assert f"it is where {NAME} (model {digest[:12]}) is served: `pylib serve {NAME} --stop` ends" in taken
    assert "e" * 12 in missing
    assert as_named == {}
    assert (
        f"{NAME} still answers with model {digest[:12]}, where Git names {'e' * 12}: `pylib serve" in behind
    )


@pytest.mark.slow
def test_a_server_that_does_not_answer_is_told_and_not_replaced(output: Path) -> None:
    digest = release_constant_model(output)
    server = json.loads(run("serve", NAME, "--port", "0", "--workers", "1", "--detach", "--json"))
    try:
        os.killpg(server["pid"], signal.SIGSTOP)
        asked = CliRunner().invoke(app, ["serve", NAME, "--json"])
        detached = str(fail("serve", NAME, "--detach"))
        name_model(output, "")
        unnamed = str(fail("serve", NAME))
        os.killpg(server["pid"], signal.SIGCONT)
        answering = str(fail("serve", NAME))
        name_model(output, digest)
        assert json.loads(run("serve", NAME, "--detach", "--json")) == server
    finally:
        run("serve", "--stop")
    silent = f"{NAME} at {server['url']} (process {server['pid']}) does not answer"
    for said in (detached, unnamed, str(asked.exception)):
        assert said.startswith(silent)
        assert said.endswith(
            f"its log is {server['log']}; ask again, or end it with `pylib serve {NAME} --stop`"
        )
    assert json.loads(asked.stdout) == server
    assert "other models than Git names" in answering


def test_predict_without_a_server_says_how_to_start_one(output: Path, picture: Path) -> None:
    error = fail("predict", str(picture), "--url", "http://127.0.0.1:1")
    assert isinstance(error, ServingError)
    assert "pylib serve" in str(error)


def test_predict_of_a_missing_file_names_it(output: Path) -> None:
    assert "none.jpg: No such file" in str(fail("predict", "none.jpg"))
