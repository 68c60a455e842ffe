"""Our images by digest: asked of their registry, written into images.lock and wherever the image is named."""

import re
from pathlib import Path

import requests
import yaml

from preflight.errors import ClusterError, ConfigurationError

LOCK = "images.lock"
# The places that name an image of ours by its full reference.
NAMED_IN = ("cluster-conf/**/*.yaml", "pipelines/sweeps/*.yaml")
SECONDS = 30
MANIFESTS = ", ".join(
    f"application/vnd.{kind}+json"
    for kind in (
        "oci.image.index.v1",
        "oci.image.manifest.v1",
        "docker.distribution.manifest.list.v2",
        "docker.distribution.manifest.v2",
    )
)
REFERENCE = re.compile(
    r"^(?P<registry>[^/]+)/(?P<name>[^@]+?):(?P<tag>[\w.-]+)(?:@(?P<digest>sha256:[0-9a-f]{64}))?$"
)


def locked(tree: Path) -> dict[str, str]:
    """The image of each stage of the Dockerfile, as images.lock has it."""
    content = yaml.safe_load((tree / LOCK).read_text(encoding="utf-8"))
    if not isinstance(content, dict) or not all(REFERENCE.match(str(value)) for value in content.values()):
        raise ConfigurationError(f"{LOCK}: not of the form `stage: registry/name:tag[@sha256:…]`")
    return {str(stage): str(reference) for stage, reference in content.items()}


def resolve(reference: str, *, scheme: str = "https") -> str:
    """The reference with the digest that its registry has for the tag now.

    Raises ClusterError where the registry cannot be reached or does not have it.
    """
    match = REFERENCE.match(reference)
    if not match:
        raise ConfigurationError(f"{reference}: not of the form registry/name:tag")
    url = f"{scheme}://{match['registry']}/v2/{match['name']}/manifests/{match['tag']}"
    tagged = f"{match['registry']}/{match['name']}:{match['tag']}"
    try:
        answer = _head(url)
    except requests.RequestException as error:
        raise ClusterError(
            f"{tagged}: {match['registry']}: {type(error).__name__}; is it reachable?"
        ) from error
    digest = answer.headers.get("Docker-Content-Digest", "")
    if not answer.ok or not digest.startswith("sha256:"):
        raise ClusterError(
            f"{tagged}: the registry answers {answer.status_code}; was it pushed, and is it public?"
        )
    return f"{tagged}@{digest}"


def write(tree: Path, resolved: dict[str, str]) -> list[Path]:
    """Put the references into images.lock and the manifests; the files that changed."""
    before = locked(tree)
    files = [tree / LOCK, *(file for pattern in NAMED_IN for file in sorted(tree.glob(pattern)))]
    return [file for file in files if _replace(file, before, resolved)]


def _replace(file: Path, before: dict[str, str], resolved: dict[str, str]) -> bool:
    text = changed = file.read_text(encoding="utf-8")
    for stage, reference in resolved.items():
        # The reference as a whole: `…:0.1.0` must not match within `…:0.1.0-rc1` or before a digest.
        changed = re.sub(rf"{re.escape(before[stage])}(?![\w.@-])", reference, changed)
    if changed != text:
        file.write_text(changed, encoding="utf-8")
    return changed != text


def _head(url: str) -> requests.Response:
    headers = {"Accept": MANIFESTS}
    answer = requests.head(url, headers=headers, timeout=SECONDS, allow_redirects=True)
    challenge = answer.headers.get("WWW-Authenticate", "")
    if answer.status_code == requests.codes.unauthorized and challenge.startswith("Bearer "):
        headers["Authorization"] = f"Bearer {_token(challenge)}"
        answer = requests.head(url, headers=headers, timeout=SECONDS, allow_redirects=True)
    return answer


def _token(challenge: str) -> str:
    """An anonymous token, as the registry's challenge tells where to get one."""
    told = dict(re.findall(r'(\w+)="([^"]*)"', challenge))
    realm = told.pop("realm", "")
    answer = requests.get(realm, params=told, timeout=SECONDS)
    answer.raise_for_status()
    content = answer.json()
    return str(content.get("token") or content.get("access_token") or "")
