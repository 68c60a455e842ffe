"""The page killed two hundred times while pictures are sent: what is lost of what it had acknowledged.

    python benchmarks/kills.py [TIMES]

Prints how many pictures were acknowledged, how many kills came within a request, how many submissions there
are afterwards; each is read again, with its image, by its digest. It fails where one that was acknowledged is
missing or half there.
"""

import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))  # the tests, which make the kills

from tests.web.killing import check, kill

TIMES = 200


def main() -> None:
    times = int(sys.argv[1]) if len(sys.argv) > 1 else TIMES
    with tempfile.TemporaryDirectory() as folder:
        sent = kill(Path(folder), times)
        kept = check(Path(folder), sent)
    print(f"{times} kills, {sent.cut_off} within a request")
    print(f"{len(sent.acknowledged)} pictures acknowledged, none lost; {kept} submissions, all whole")


if __name__ == "__main__":
    main()
