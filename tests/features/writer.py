"""A process that fills a table until it is killed: usage: python writer.py ARTIFACTS IMAGES FIRST

Prints a line when it begins, and at its end how many images it computed.
"""

import sys

from pylib.features import feature_store, filling
from pylib.features.compute import BATCH
from pylib.features.feature_store import FeatureTable
from tests.features import rows


def main() -> None:
    filling.CHUNK, feature_store.SMALL_SEGMENTS = BATCH, 3  # many writes, and merges among them
    images = rows.images(int(sys.argv[2]), int(sys.argv[3]))
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    _, computed = filling.fill(images, FeatureTable(sys.argv[1], rows.KEY), rows.Network, rows.WIDTH)
    sys.stdout.write(f"{computed}\n")


if __name__ == "__main__":
    main()
