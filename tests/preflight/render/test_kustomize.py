"""Why a kustomization cannot be built, in one line, from the real command and from kubectl's log."""

from pathlib import Path

import pytest

from preflight.errors import ClusterError
from preflight.render import kustomize
from tests.preflight.conftest import needs_kustomize

MAP = "{apiVersion: v1, kind: ConfigMap, metadata: {name: a}, data: {a: '1'}}\n"


def why(folder: Path, kustomization: str, **files: str) -> str:
    folder.mkdir(exist_ok=True)
    (folder / "kustomization.yaml").write_text(kustomization)
    for name, text in files.items():
        (folder / f"{name}.yaml").write_text(text)
    with pytest.raises(ClusterError) as error:
        kustomize.build(folder)
    text = str(error.value)
    assert "\n" not in text
    return text.removeprefix("kustomize build: ")


@needs_kustomize
@pytest.mark.parametrize(
    ("kustomization", "files", "said"),
    [
        ("resources: [gone.yaml]", {}, "{}/gone.yaml: no such file"),
        (
            "resources: [x.yaml, x.yaml]",
            {"x": MAP},
            "x.yaml: may not add resource with an already registered id",
        ),
        ("resources: [x.yaml]", {"x": "kind: ConfigMap\n"}, "x.yaml: missing metadata.name in object"),
        ("resource: [x.yaml]", {}, 'invalid Kustomization: json: unknown field "resource"'),
        (
            "resources: [x.yaml]\npatches:\n  - target: {kind: ConfigMap}\n    patch: |\n      a: [\n",
            {"x": MAP},
            "",
        ),
    ],
)
def test_the_reason_names_the_file_and_what_is_wrong(
    tmp_path: Path, kustomization: str, files: dict[str, str], said: str
) -> None:
    folder = tmp_path / "base"
    told = why(folder, kustomization, **files)
    assert said.replace("{}", str(folder)) in told
    assert "must build at directory" not in told
    assert len(told) > 10


@needs_kustomize
def test_the_folders_on_the_way_are_left_out(tmp_path: Path) -> None:
    why(tmp_path / "base", "resources: [gone.yaml]")
    assert why(tmp_path / "overlay", "resources: [../base]") == f"{tmp_path}/base/gone.yaml: no such file"


def test_an_error_of_several_lines_in_kubectls_log_is_one_line() -> None:
    log = (
        "# Warning: 'bases' is deprecated.\nE1128 14:56:49.774850 5292 run.go:72] \"command failed\" err=<\n"
        "\ttrouble configuring builtin PatchTransformer with config: `\n\tpath: p.yaml\n\t`: unable to\n"
        "\tparse SM or JSON patch from [a: [\n\t]\n >\n"
    )
    expected = "trouble configuring builtin PatchTransformer: unable to parse SM or JSON patch from [a: [ ]"
    assert kustomize.reason(log) == expected


def test_no_reason_is_told_as_such() -> None:
    assert kustomize.reason("") == "no reason given"
