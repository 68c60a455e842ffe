"""dataset.json as it was written when every target was a mask; such commits are in people's stores."""

import json

from pylib.data.dataset import DatasetIndex, Item


def format_1(index: DatasetIndex) -> bytes:
    """The index of a segmentation in the former format, byte for byte as its writer made it."""
    content = {
        "format": 1,
        "name": index.name,
        "group_pattern": index.group_pattern,
        "classes": {str(number): name for number, name in index.classes.items()},
        "items": [_item(item) for item in index.items],
    }
    return json.dumps(content, sort_keys=True, indent=1, ensure_ascii=False).encode() + b"\n"


def _item(item: Item) -> dict[str, object]:
    content = item.model_dump(mode="json")
    target = content.pop("target")
    return content | {"mask": target["file"], "mask_sha256": target["sha256"]}
