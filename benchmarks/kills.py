"""Two hundred kills by SIGKILL, in one run: what is lost of what was acknowledged, and what is half there?

    python benchmarks/kills.py [TIMES]

A quarter each of: the page while pictures are sent, the page while they are reviewed, `pylib review commit`,
the model server while feedback is sent. Prints a table; it fails where something that was acknowledged is
missing, is there twice, or is half there. Cut off is what got no answer.
"""

import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))  # the tests, which make the kills

from tests.kills import commits, feedback, reviews, uploads

TIMES = 200
PARTS = {
    "page, pictures sent": uploads,
    "page, reviews": reviews,
    "pylib review commit": commits,
    "server, feedback": feedback,
}


def main() -> None:
    times = int(sys.argv[1]) if len(sys.argv) > 1 else TIMES
    line = "{:<22}{:>7}{:>10}{:>14}{:>13}{:>10}"
    print(line.format("killed", "kills", "cut off", "acknowledged", "there after", "seconds"))
    for name, part in PARTS.items():
        began = time.monotonic()
        with tempfile.TemporaryDirectory() as folder:
            killed = part.kill(Path(folder), times // len(PARTS))
            there = part.check(Path(folder), killed)
        figures = (killed.kills, killed.cut_off, len(killed.acknowledged), there)
        print(line.format(name, *figures, f"{time.monotonic() - began:.0f}"), flush=True)
    print("nothing that was acknowledged is lost, nothing is there twice, nothing is half there")


if __name__ == "__main__":
    main()
