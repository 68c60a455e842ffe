"""The image that a pipeline's worker runs: a version that stays, and of ours the one that images.lock has."""

from preflight.findings import Problem, Problems
from preflight.registry import rule
from preflight.render.cluster import Render
from preflight.rules.pachyderm.spec_schema import sound
from preflight.rules.security import image_versions


@rule("pachyderm-image", "the worker runs another program than the Job that it starts, or another each time")
def pachyderm_image(render: Render) -> Problems:
    """The same conditions as for a container's; `mutable-image-tag` reads ConfigMaps for tags that move."""
    locked = image_versions.locked(render)
    owners = tuple({f"{image.rpartition('/')[0]}/" for image in locked})
    for spec in sound(render):
        image = str(spec.transform.get("image") or "")
        if image and image_versions.moves(image) and not image_versions.MOVING_IN_TEXT.search(image):
            message = f"{image} has no tag; name a version or a digest"
            yield Problem(spec, "transform.image", message)
        elif owners and image.startswith(owners) and image not in locked:
            message = f"{image} is not as images.lock has it; copy it, or run `preflight images`"
            yield Problem(spec, "transform.image", message)
