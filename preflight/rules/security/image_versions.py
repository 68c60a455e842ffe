"""Images: a version that stays what it is, and ours as images.lock has them."""

import re
from collections.abc import Iterator

from preflight.findings import Pending, Problem, Problems
from preflight.platform import image_lock
from preflight.registry import remark, rule
from preflight.render.cluster import Render, every_pod
from preflight.render.pods import containers
from preflight.render.resources import Resource

# Tags that their owners move.
MOVING = "latest|main|master|nightly|edge|dev|devel|develop|stable|canary|none"
REPOSITORY = r"[\w-]+(?:\.[\w-]+)*(?:/[\w.-]+)+"
MOVING_TAG = re.compile(rf"(?:{MOVING})?")
MOVING_IN_TEXT = re.compile(rf"(?<![\w/.:-]){REPOSITORY}:(?:{MOVING})(?![\w.-])")
DIGEST = "@sha256:"
# What findings about our images have in common.
OTHERS = f"images of ours are others than {image_lock.LOCK} has"


@rule("mutable-image-tag", "a tag that moves lets two clusters of one commit run different programs")
def mutable_image_tag(render: Render) -> Problems:
    """Every container's image has a tag that stays, or a digest; so has what a setting names."""
    for resource, field, image in _named(render):
        if moves(image):
            told = f"'{_tag(image)}' is a tag that moves" if _tag(image) else "it has no tag"
            message = f"{image}: {told}; name a version or a digest"
            yield Problem(resource, field, message, f"image {image}")
    yield from _in_texts(render)


@rule("image-not-in-lock", "images.lock is the one place that says which build of ours a cluster runs")
def image_not_in_lock(render: Render) -> Problems:
    """Every image of ours is the one of images.lock, digest included."""
    known = set(locked(render))
    owners = tuple({f"{image.rpartition('/')[0]}/" for image in known})
    for resource, field, image in _named(render):
        if owners and image.startswith(owners) and image not in known:
            message = f"{image} is not as images.lock has it; copy it, or run `preflight images`"
            yield Problem(resource, field, message, OTHERS)


@remark
def pending(render: Render) -> Iterator[Pending]:
    """The images of ours whose digest is not known yet, so that any build under the tag would pass.

    No digest exists before the first push to a registry: that is not what --strict asks about.
    """
    used = {image for _, _, image in _named(render)}
    for image in locked(render):
        if image in used and DIGEST not in image:
            yield Pending(image_lock.LOCK, f"{image} has no digest yet; push it and run `preflight images`")


def _named(render: Render) -> Iterator[tuple[Resource, str, str]]:
    """Each image with its object and field: of containers, and of variables that operators read."""
    for pod in every_pod(render):
        for container in containers(pod):
            resource = pod.resource
            yield resource, f"{container.field}.image", container.image
            for index, variable in enumerate(container.body.get("env") or []):
                value = str(variable.get("value") or "")
                if "IMAGE" in str(variable.get("name")) and "/" in value and ":" in value:
                    yield resource, f"{container.field}.env[{index}].value", value


def _in_texts(render: Render) -> Problems:
    for resource in render.of("ConfigMap"):
        for key, text in (resource.body.get("data") or {}).items():
            for image in dict.fromkeys(MOVING_IN_TEXT.findall(str(text))):
                message = f"{image} has a tag that moves; name a version or a digest"
                yield Problem(resource, f"data.{key}", message)


def _tag(image: str) -> str:
    return image.rpartition("/")[2].partition(":")[2]


def moves(image: str) -> bool:
    """Whether it has no digest, and no tag or one that its owner moves."""
    return DIGEST not in image and bool(MOVING_TAG.fullmatch(_tag(image)))


def locked(render: Render) -> list[str]:
    """The images of ours, as images.lock has them; none where it is not there."""
    there = (render.tree / image_lock.LOCK).is_file()
    return list(image_lock.locked(render.tree).values()) if there else []
