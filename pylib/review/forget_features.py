"""The rows of an image in the store of features: found by its pixels, deleted with the segment that has them.

What is deleted beside them is computed again when it is asked for.
"""

import obstore

from pylib.data.images import decode_image, resize_image
from pylib.errors import DataError
from pylib.features.gc import tables
from pylib.features.segments import SUFFIX, image_key
from pylib.store.objects import open_url, store_errors


def segments(artifacts: str, image: bytes) -> list[str]:
    """The objects below the URL `artifacts` with a row of this image, a file's bytes; raises StoreError."""
    found, store = [], open_url(artifacts.rstrip("/"))
    for table in tables(artifacts):
        if table.key is None:
            continue
        try:
            pixels = decode_image(image, sample_bits=table.key.sample_bits)
        except DataError:
            return []
        key = image_key(resize_image(pixels, table.key.image_size))
        for entry in table.objects:
            if entry.key.endswith(SUFFIX):
                with store_errors(f"{artifacts}/{entry.key}"):
                    data = bytes(obstore.get(store, entry.key).bytes())
                found += [entry.key] if key in data else []
    return found


def delete(artifacts: str, keys: list[str]) -> None:
    """Delete the objects; raises StoreError."""
    with store_errors(f"deletion in {artifacts}"):
        obstore.delete(open_url(artifacts.rstrip("/")), keys)
