"""A process that makes commits of what was accepted, each in a child that kills itself.

usage: python committer.py, from whose input it reads lines `INBOX STORE EVENT`
The child of a line kills itself at the n-th thing that it does to the disk from the moment that the commit is
kept as begun; the line is answered with `killed`, or with how many things it did where it came to its end.
"""

import os
import signal
import sys
import warnings

from pylib.review import begun
from pylib.review.commit import commit_accepted
from pylib.review.queue import Queue
from pylib.store.inbox import Inbox
from pylib.store.opening import open_store
from tests.store.writer import DISK, kill_at, tell


def commit(inbox: str, store: str, event: int) -> int:
    begin, done = begun.begin, []

    def counted(*given):
        kill_at(event)
        sys.addaudithook(lambda name, _: done.append(name) if name in DISK else None)
        return begin(*given)

    begun.begin = counted
    commit_accepted(Queue(Inbox(inbox)), open_store(store), "pets", by="ann")
    return len(done)


def main() -> None:
    warnings.simplefilter("ignore", DeprecationWarning)  # of a fork beside threads, which NumPy has
    for line in sys.stdin:
        inbox, store, event = line.split()
        child = os.fork()
        if not child:
            tell(str(commit(inbox, store, int(event))))
            os._exit(0)
        if os.waitpid(child, 0)[1] == signal.SIGKILL:
            tell("killed")


if __name__ == "__main__":
    main()
