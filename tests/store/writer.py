"""A process that commits until it is killed, or kills itself at the n-th thing it does to the disk.

usage: python writer.py STORE NAME COMMITS [EVENT]
Prints `ready`, then the id of each commit as soon as it is made.
"""

import os
import random
import signal
import sys

from pylib.store.opening import open_store

DISK = {"open", "os.rename", "os.remove", "os.mkdir", "fcntl.flock", "sqlite3.connect", "os.scandir"}


def kill_at(event: int) -> None:
    seen = 0

    def hook(name, _):
        nonlocal seen
        if name in DISK:
            seen += 1
            if seen == event:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(hook)


def tell(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def main() -> None:
    store, name, commits, event = open_store(sys.argv[1]), sys.argv[2], int(sys.argv[3]), sys.argv[4:]
    chance = random.Random(name)
    tell("ready")
    if event:
        kill_at(int(event[0]))
    for number in range(commits):
        files = {
            f"{name}/{number}/{n}": chance.randbytes(chance.randrange(20_000))
            for n in range(40 if number % 3 == 2 else 10)
        }
        if number % 4 == 1:
            files[f"{name}/{number}/large"] = chance.randbytes(5 << 20)
        tell(store.commit("pets", files, mode="add").id)


if __name__ == "__main__":
    main()
