"""Where things are kept, read once from the environment: the only place where laptop and cluster differ."""

import os
from dataclasses import dataclass
from pathlib import Path

from pylib.errors import ConfigurationError

MAX_PIXELS = 64_000_000
"""Of one image, unless `PYLIB_MAX_PIXELS` says otherwise: above what a camera of 61 megapixels makes."""


@dataclass(frozen=True)
class Settings:
    """Places of one installation.

    output: folder of all local results (`PYLIB_OUTPUT`, default ./out)
    store: versioned data store, a file URL, `s3://bucket/prefix` or `pachyderm` (`PYLIB_STORE`; where it
        is not set, `PACHD_ADDRESS` selects Pachyderm)
    artifacts: URL of the model artifacts, file://, s3://, gs:// (`PYLIB_ARTIFACTS`)
    inbox: URL of what people send back, file:// or s3:// (`PYLIB_INBOX`, default <output>/inbox)
    cache: folder of finished steps, None where the engine caches, as Kubeflow does (`PYLIB_CACHE`)
    release_repository: the Git clone that a release commits to (`PYLIB_RELEASE_REPOSITORY`)
    release_source: the repository that it is a clone of, a path or a URL (`PYLIB_RELEASE_SOURCE`)
    release_push: whether a release is pushed there: only where a source was named
    release: whether a run releases what passes its gate; else it registers it alone (`PYLIB_RELEASE`, true or
        false)
    predictions: where answers are logged, a file or the URL of a folder or bucket (`PYLIB_PREDICTIONS`,
        default <output>/predictions.jsonl)
    katib_namespace: where searches are created as Katib's Experiments (`PYLIB_KATIB_NAMESPACE`); None: they
        run on this machine
    web_prefix: path that the page's addresses begin with (`PYLIB_WEB_PREFIX`, as in /web; default none)
    web_gateway: identity of the gateway whose login the page believes (`PYLIB_WEB_GATEWAY`, a SPIFFE id);
        where it is not set the page asks for a password
    web_roles: file of who may do what there (`PYLIB_WEB_ROLES`)
    web_models: base URLs of the model servers that the page asks, by name (`PYLIB_WEB_MODELS`, as in
        a=http://one b=http://two); where it is not set, those that run on this machine
    """

    output: Path
    store: str
    artifacts: str
    inbox: str
    cache: Path | None
    release_repository: Path
    release_source: str
    release_push: bool
    release: bool
    predictions: str
    katib_namespace: str | None
    web_prefix: str
    web_gateway: str
    web_roles: Path
    web_models: dict[str, str]


def settings() -> Settings:
    """Read the settings; a relative output folder is taken from the working directory."""
    output = Path(os.environ.get("PYLIB_OUTPUT", "out")).expanduser().resolve()
    if output.exists() and not output.is_dir():
        raise ConfigurationError(f"PYLIB_OUTPUT: {output} is not a folder; name a folder for the results")
    cache = os.environ.get("PYLIB_CACHE", "")
    return Settings(
        output=output,
        store=os.environ.get("PYLIB_STORE") or _default_store(output),
        artifacts=os.environ.get("PYLIB_ARTIFACTS") or (output / "artifacts").as_uri(),
        inbox=os.environ.get("PYLIB_INBOX") or (output / "inbox").as_uri(),
        cache=Path(cache).resolve() if cache else None,
        release_repository=Path(os.environ.get("PYLIB_RELEASE_REPOSITORY") or output / "gitops"),
        release_source=os.environ.get("PYLIB_RELEASE_SOURCE") or str(Path(__file__).resolve().parents[1]),
        release_push=bool(os.environ.get("PYLIB_RELEASE_SOURCE")),
        release=_release(os.environ.get("PYLIB_RELEASE") or "true"),
        predictions=os.environ.get("PYLIB_PREDICTIONS") or str(output / "predictions.jsonl"),
        katib_namespace=os.environ.get("PYLIB_KATIB_NAMESPACE") or None,
        web_prefix=_web_prefix(os.environ.get("PYLIB_WEB_PREFIX", "")),
        web_gateway=os.environ.get("PYLIB_WEB_GATEWAY", ""),
        web_roles=Path(os.environ.get("PYLIB_WEB_ROLES") or "/etc/pylib/roles.yaml"),
        web_models=_web_models(os.environ.get("PYLIB_WEB_MODELS", "")),
    )


def make_folder(folder: Path) -> Path:
    """Make a folder for results, with those above it; ConfigurationError where it cannot be."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigurationError(
            f"{folder}: it cannot be made ({error.strerror or error}); name a folder to write into, "
            "PYLIB_OUTPUT=FOLDER"
        ) from error
    return folder


def max_pixels() -> int:
    """Pixels that an image may have, for ingest and server alike (`PYLIB_MAX_PIXELS`)."""
    text = os.environ.get("PYLIB_MAX_PIXELS") or str(MAX_PIXELS)
    if not text.isdecimal() or int(text) == 0:
        raise ConfigurationError(f"PYLIB_MAX_PIXELS={text}: give a number of pixels, as in {MAX_PIXELS}")
    return int(text)


def _default_store(output: Path) -> str:
    return "pachyderm" if os.environ.get("PACHD_ADDRESS") else (output / "store").as_uri()


def _release(text: str) -> bool:
    if text not in {"true", "false"}:
        raise ConfigurationError(f"PYLIB_RELEASE={text}: give true, or false for a run that only registers")
    return text == "true"


def _web_prefix(text: str) -> str:
    prefix = text.rstrip("/")
    if prefix and not prefix.startswith("/"):
        raise ConfigurationError(f"PYLIB_WEB_PREFIX={text}: give a path from the root, as in /web")
    return prefix


def _web_models(text: str) -> dict[str, str]:
    models = dict(each.partition("=")[::2] for each in text.split())
    wrong = [name for name, url in models.items() if not url.startswith(("http://", "https://"))]
    if wrong:
        raise ConfigurationError(
            f"PYLIB_WEB_MODELS: {wrong[0]} has no URL; give NAME=http://HOST, blanks between"
        )
    return models
