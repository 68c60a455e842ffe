"""A process that reviews until nothing waits, or until it is killed.

usage: python reviewer.py INBOX NAME LEASE_SECONDS
Prints `claimed ID`, then `decided ID` or `refused ID`, as each happens.
"""

import sys

from pylib.errors import ReviewError
from pylib.review.queue import Queue
from pylib.store.inbox import Inbox
from tests.review.submitting import decision


def tell(line):
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def main():
    queue, name = Queue(Inbox(sys.argv[1]), lease_seconds=float(sys.argv[3])), sys.argv[2]
    tell("ready")
    while found := queue.claim(name):
        tell(f"claimed {found['id']}")
        try:
            queue.decide(decision(found["id"], name))
        except ReviewError:
            tell(f"refused {found['id']}")
        else:
            tell(f"decided {found['id']}")


if __name__ == "__main__":
    main()
