"""A process that sends submissions with images until it is killed.

usage: python sender.py INBOX SEED [EVENT]
Prints `ready`, then the id of each submission as soon as it is kept. With EVENT it kills itself at the n-th
thing that it does to the disk.
"""

import random
import sys

from pylib.store.inbox import Inbox
from tests.review.submitting import put
from tests.store.writer import kill_at, tell


def main():
    inbox, chance = Inbox(sys.argv[1]), random.Random(sys.argv[2])
    tell("ready")
    if sys.argv[3:]:
        kill_at(int(sys.argv[3]))
    while True:
        tell(put(inbox, chance.randbytes(chance.randrange(1, 200_000))))


if __name__ == "__main__":
    main()
