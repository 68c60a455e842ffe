"""Applications of every kind of source, rendered where it can be fetched, else told with the reason."""

import shutil
import subprocess
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import yaml

from preflight.render.cluster import Render, render
from tests.preflight.conftest import git, needs_kustomize, said
from tests.preflight.render.test_values import CHART, needs_helm

pytestmark = needs_kustomize
OURS = "https://git.example.org/team/app.git"
NOWHERE = "https://nowhere.invalid"  # a name that never resolves (RFC 2606)
MAP = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: %s, namespace: a}\ndata: {image: 'x'}\n"
DEPLOYMENT = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  template: {spec: {containers: [{name: web, image: example.org/web:1.0.0}]}}
"""
TEMPLATE = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: chart}\ndata: {a: {{ .Values.a | quote }}}\n"


class Quiet(SimpleHTTPRequestHandler):
    """A web server of files that does not talk."""

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def web(tmp_path: Path) -> Iterator[tuple[Path, str]]:
    """A folder on a web server, and its address."""
    folder = tmp_path / "web"
    folder.mkdir()
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield folder, f"http://127.0.0.1:{server.server_port}"
    server.shutdown()


@pytest.fixture
def upstream(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Another Git host's repository, with a chart, a kustomization and a plain folder at v1."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("PYLIB_MIRROR", raising=False)
    folder = tmp_path / "git/team/upstream"
    write(
        folder,
        {
            "chart/Chart.yaml": CHART,
            "chart/values.yaml": "a: default\n",
            "chart/templates/map.yaml": TEMPLATE,
            "base/kustomization.yaml": "resources: [web.yaml]\nnamePrefix: old-\n",
            "base/web.yaml": DEPLOYMENT,
            "plain/one.yaml": MAP % "one",
            "plain/deep/two.yaml": MAP % "two",
            "plain/three.jsonnet": "{}",
            "values/x.yaml": "a: shared\n",
        },
    )
    git(folder, "init", "--quiet")
    git(folder, "add", ".")
    git(folder, "commit", "--quiet", "--message", "v1")
    git(folder, "tag", "v1")
    return folder.as_uri()


def write(tree: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        (tree / name).parent.mkdir(parents=True, exist_ok=True)
        (tree / name).write_text(text)


def application(**spec: Any) -> str:
    destination = {"server": "https://kubernetes.default.svc", "namespace": "work"}
    body = {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Application",
        "metadata": {"name": "app", "namespace": "argocd"},
        "spec": {"project": "platform", "destination": destination, **spec},
    }
    return yaml.safe_dump(body)


def rendered(tmp_path: Path, app: str, **files: str) -> Render:
    """A small repository whose root brings one application, and beside it one that can be built."""
    tree = tmp_path / "tree"
    root = {"source": {"repoURL": OURS, "targetRevision": "main", "path": "argocd-apps/overlays/local"}}
    beside = {"source": {"repoURL": OURS, "targetRevision": "main", "path": "cluster-conf/beside"}}
    write(
        tree,
        {
            "argocd-apps/overlays/local/kustomization.yaml": "resources: [root.yaml, app.yaml, b.yaml]\n",
            "argocd-apps/overlays/local/root.yaml": application(**root).replace("name: app", "name: root"),
            "argocd-apps/overlays/local/app.yaml": app,
            "argocd-apps/overlays/local/b.yaml": application(**beside).replace("name: app", "name: beside"),
            "cluster-conf/beside/kustomization.yaml": "resources: [map.yaml]\n",
            "cluster-conf/beside/map.yaml": MAP % "beside",
            **files,
        },
    )
    made = render(tree, "local", processes=1)
    assert "beside" in {each.name for each in made.resources}, "one application stops no other"
    return made


def objects(made: Render) -> dict[str, Any]:
    return {each.name: each for each in made.of_application("app")}


def reason(made: Render) -> str:
    [told] = made.unchecked
    assert told.application == "app"
    assert "\n" not in told.reason
    assert "pylib-render-" not in told.reason
    return told.reason


def test_a_plain_folder_is_rendered_and_jsonnet_in_it_told(tmp_path: Path, upstream: str) -> None:
    source = {"repoURL": upstream, "path": "plain", "targetRevision": "v1", "directory": {"recurse": True}}
    made = rendered(tmp_path, application(source=source))
    found = objects(made)
    assert sorted(found) == ["one", "two"]
    assert found["two"].origin.file == "team/upstream@v1:plain/deep/two.yaml"
    assert reason(made) == "plain/three.jsonnet is Jsonnet, which is not evaluated here"
    assert made.broken == []


def test_what_an_application_changes_of_a_kustomization_is_changed(tmp_path: Path, upstream: str) -> None:
    kustomize = {
        "namePrefix": "new-",
        "images": ["example.org/web=registry.example.org/web:2.0.0"],
        "commonLabels": {"team": "$ARGOCD_APP_NAME"},
        "replicas": [{"name": "web", "count": 3}],
        "patches": [
            {"target": {"kind": "Deployment"}, "patch": "- {op: add, path: /spec/paused, value: true}"}
        ],
    }
    for at, source in enumerate(({"repoURL": upstream, "targetRevision": "v1", "path": "base"}, ours())):
        files = {"cluster-conf/x/kustomization.yaml": "resources: [web.yaml]\nnamePrefix: old-\n"}
        files["cluster-conf/x/web.yaml"] = DEPLOYMENT
        made = rendered(tmp_path / str(at), application(source={**source, "kustomize": kustomize}), **files)
        assert made.unchecked == []
        web = objects(made)["new-web"]
        assert web.spec["template"]["spec"]["containers"][0]["image"] == "registry.example.org/web:2.0.0"
        assert (web.spec["replicas"], web.spec["paused"], web.labels["team"]) == (3, True, "app")
        assert web.origin.file in {"team/upstream@v1:base/web.yaml", "cluster-conf/x/web.yaml"}


def ours() -> dict[str, str]:
    return {"repoURL": OURS, "targetRevision": "main", "path": "cluster-conf/x"}


@needs_helm
def test_a_chart_takes_its_values_from_another_source(tmp_path: Path, upstream: str) -> None:
    chart = {"repoURL": upstream, "targetRevision": "v1", "path": "chart"}
    chart["helm"] = {"valueFiles": ["$ours/cluster-conf/x/values.yaml"]}  # type: ignore[assignment]
    named = {"repoURL": OURS, "targetRevision": "main", "ref": "ours"}
    made = rendered(
        tmp_path, application(sources=[chart, named]), **{"cluster-conf/x/values.yaml": "a: ours\n"}
    )
    assert made.unchecked == []
    assert objects(made)["chart"].body["data"] == {"a": "ours"}
    assert objects(made)["chart"].namespace == "work"


@needs_helm
def test_a_chart_of_a_helm_repository_is_pulled_once(
    tmp_path: Path, upstream: str, web: tuple[Path, str]
) -> None:
    folder, address = web
    chart = tmp_path / "git/team/upstream/chart"
    subprocess.run(
        ["helm", "package", str(chart), "--destination", str(folder)], check=True, capture_output=True
    )
    subprocess.run(["helm", "repo", "index", str(folder)], check=True, capture_output=True)
    source = {
        "repoURL": address,
        "chart": "small",
        "targetRevision": "1.0.0",
        "helm": {"valuesObject": {"a": "b"}},
    }
    made = rendered(tmp_path, application(source=source))
    assert objects(made)["chart"].body["data"] == {"a": "b"}
    shutil.rmtree(folder)
    assert objects(rendered(tmp_path, application(source=source))).keys() == {"chart"}


@needs_helm
@pytest.mark.parametrize("options", ["--enable-helm", "", None])
def test_charts_within_a_kustomization_need_what_argo_cd_is_told(
    tmp_path: Path, upstream: str, web: tuple[Path, str], options: str | None
) -> None:
    folder, address = web
    chart = tmp_path / "git/team/upstream/chart"
    subprocess.run(
        ["helm", "package", str(chart), "--destination", str(folder)], check=True, capture_output=True
    )
    subprocess.run(["helm", "repo", "index", str(folder)], check=True, capture_output=True)
    inflated = f"helmCharts: [{{name: small, repo: '{address}', version: 1.0.0, releaseName: small}}]\n"
    files = {"cluster-conf/x/kustomization.yaml": inflated}
    if options is not None:
        config = {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": "argocd-cm", "namespace": "argocd"},
        }
        config["data"] = {"kustomize.buildOptions": options}  # type: ignore[assignment]
        files["cluster-conf/beside/kustomization.yaml"] = "resources: [map.yaml, cm.yaml]\n"
        files["cluster-conf/beside/cm.yaml"] = yaml.safe_dump(config)
    made = rendered(tmp_path, application(source=ours()), **files)
    if options:
        assert (made.unchecked, objects(made)["chart"].body["data"]) == ([], {"a": "default"})
    else:
        assert "helmCharts need --enable-helm in kustomize.buildOptions of argocd-cm" in reason(made)
        assert bool(made.broken) is (options is not None)


def test_a_file_by_its_address_is_a_resource(tmp_path: Path, upstream: str, web: tuple[Path, str]) -> None:
    folder, address = web
    (folder / "crds.yaml").write_text(MAP % "remote")
    files = {"cluster-conf/x/kustomization.yaml": f"resources: ['{address}/crds.yaml']\nnameSuffix: -x\n"}
    made = rendered(tmp_path, application(source=ours()), **files)
    assert made.unchecked == []
    assert objects(made)["remote-x"].origin.file == f"{address}/crds.yaml"
    gone = {"cluster-conf/x/kustomization.yaml": f"resources: ['{address}/gone.yaml']\n"}
    assert "gone.yaml: not in the cache, and" in reason(
        rendered(tmp_path, application(source=ours()), **gone)
    )


@pytest.mark.parametrize(
    ("source", "said"),
    [
        (
            {"repoURL": f"{NOWHERE}/team/x", "path": "a", "targetRevision": "v1"},
            "team/x@v1: not in the cache, and",
        ),
        ({"repoURL": "git@nowhere.invalid:team/x.git", "path": "a"}, "team/x@HEAD: not in the cache, and"),
        (
            {"repoURL": OURS, "path": "a", "plugin": {"name": "cdk8s"}},
            "the config management plugin cdk8s makes it",
        ),
        ({"repoURL": OURS, "path": "a", "targetRevision": "v0"}, "it reads this repository at v0"),
        (
            {"repoURL": "oci://nowhere.invalid/x", "path": "."},
            "an OCI artifact of manifests is not fetched here",
        ),
    ],
)
def test_what_cannot_be_had_here_is_told_and_nobody_is_to_blame(
    tmp_path: Path, upstream: str, source: dict[str, Any], said: str
) -> None:
    made = rendered(tmp_path, application(source=source))
    assert said in reason(made)
    assert made.broken == []


@pytest.mark.parametrize(
    "url", ["nowhere.invalid/charts", "oci://nowhere.invalid/charts", f"{NOWHERE}/charts"]
)
def test_a_chart_that_no_host_gives_is_told(tmp_path: Path, upstream: str, url: str) -> None:
    source = {"repoURL": url, "chart": "podinfo", "targetRevision": "6.7.1"}
    made = rendered(tmp_path, application(source=source))
    helm = shutil.which("helm")
    host = "nowhere.invalid does not answer"
    assert (host if helm else "helm is not on PATH") in reason(made)
    assert made.broken == []


@pytest.mark.parametrize(
    "entry",
    [
        f"{NOWHERE}/team/x//base?ref=v1",
        "git::https://nowhere.invalid/team/sub/x.git//base?ref=v1",
        "git@nowhere.invalid:team/x.git//base?ref=v1",
        "ssh://git@nowhere.invalid/team/x?ref=v1",
        f"{NOWHERE}/team/project/_git/x/base?ref=v1",
        f"{NOWHERE}/files/crds.yaml",
    ],
)
def test_a_base_that_no_host_gives_is_told(tmp_path: Path, upstream: str, entry: str) -> None:
    made = rendered(
        tmp_path,
        application(source=ours()),
        **{"cluster-conf/x/kustomization.yaml": f"resources: ['{entry}']\n"},
    )
    assert "not in the cache, and" in reason(made)
    assert made.broken == []


@pytest.mark.parametrize(
    ("source", "said"),
    [
        (
            {"path": "cluster-conf/gone"},
            "cluster-conf/gone: no such folder in this repository; fix the path",
        ),
        ({"path": ""}, "a source without path, chart or ref"),
        ({"repoURL": "repoURL"}, "repoURL: no address of a repository"),
        ({"helm": {}, "kustomize": {}}, "built by helm and by kustomize"),
        ({"helm": {}}, "no Chart.yaml there"),
        ({"kustomize": {"replicas": [{"name": "a", "count": "many"}]}}, "'many' is no number"),
        ({"kustomize": {"patches": 3}}, "its source is of no known shape"),
    ],
)
def test_what_nobody_can_build_is_the_repository_s_own_fault(
    tmp_path: Path, upstream: str, source: dict[str, Any], said: str
) -> None:
    files = {"cluster-conf/x/kustomization.yaml": "resources: []\n"}
    made = rendered(tmp_path, application(source={**ours(), **source}), **files)
    assert said in reason(made)
    assert [each.application for each in made.broken] == ["app"]


def test_an_application_for_another_cluster_is_not_looked_at_with_this_one(
    tmp_path: Path, upstream: str
) -> None:
    app = application(source=ours(), destination={"server": "https://other.example.org", "namespace": "a"})
    made = rendered(tmp_path, app, **{"cluster-conf/x/kustomization.yaml": "resources: []\n"})
    assert (
        reason(made) == "it goes to another cluster, https://other.example.org, which is not looked at here"
    )


def test_what_the_folder_says_of_its_source_counts(tmp_path: Path, upstream: str) -> None:
    files = {
        "cluster-conf/x/kustomization.yaml": "resources: [web.yaml]\n",
        "cluster-conf/x/web.yaml": DEPLOYMENT,
        "cluster-conf/x/.argocd-source-app.yaml": "kustomize: {nameSuffix: -mine}\n",
    }
    assert objects(rendered(tmp_path, application(source=ours()), **files)).keys() == {"web-mine"}


def test_a_set_in_a_folder_makes_applications_too(tmp_path: Path, upstream: str) -> None:
    template = {"metadata": {"name": "{{.name}}"}, "spec": yaml.safe_load(application(source=ours()))["spec"]}
    spec = {
        "goTemplate": True,
        "generators": [{"list": {"elements": [{"name": "made"}]}}],
        "template": template,
    }
    body = {"apiVersion": "argoproj.io/v1alpha1", "kind": "ApplicationSet"}
    body |= {"metadata": {"name": "inner", "namespace": "argocd"}, "spec": spec}  # type: ignore[dict-item]
    files = {
        "cluster-conf/y/kustomization.yaml": "resources: [set.yaml]\n",
        "cluster-conf/y/set.yaml": yaml.safe_dump(body),
        "cluster-conf/x/kustomization.yaml": "resources: [web.yaml]\n",
        "cluster-conf/x/web.yaml": DEPLOYMENT,
    }
    made = rendered(tmp_path, application(source={**ours(), "path": "cluster-conf/y"}), **files)
    assert made.unchecked == []
    assert [each.name for each in made.of_application("made")] == ["web"]


def test_an_application_that_brings_itself_is_built_once(tmp_path: Path, upstream: str) -> None:
    files = {
        "cluster-conf/x/kustomization.yaml": "resources: [self.yaml, other.yaml]\n",
        "cluster-conf/x/self.yaml": application(source=ours()),
        "cluster-conf/x/other.yaml": application(source=ours()).replace("name: app", "name: other"),
    }
    made = rendered(tmp_path, application(source=ours()), **files)
    assert {"app", "other"} <= made.applications.keys()


def test_what_a_set_does_not_make_is_missed_and_no_build_is_to_blame(tmp_path: Path, upstream: str) -> None:
    """So that nobody calls missing what the set would have brought."""
    generators = [{"list": {"elements": [{"nome": "made"}]}}, {"pullRequest": {}}]
    template = {"metadata": {"name": "{{.name}}"}, "spec": {"source": ours()}}
    spec = {"goTemplate": True, "goTemplateOptions": ["missingkey=error"], "generators": generators}
    body = {"apiVersion": "argoproj.io/v1alpha1", "kind": "ApplicationSet", "metadata": {"name": "app"}}
    made = rendered(tmp_path, yaml.safe_dump({**body, "spec": {**spec, "template": template}}))
    assert [each.application for each in made.unchecked] == ["ApplicationSet app"] * 2
    assert [each.reason for each in made.broken] == [
        'spec.template: {{.name}}: map has no entry for key "name"'
    ]
    assert list(said("build-failed", made)) == []
