"""What TensorFlow's native code says of itself on standard error, kept from the answer of a short command."""

import os
import re
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

_OF_ITSELF = re.compile(rb"WARNING: All log messages before absl::|I\d{4} .*oneDNN custom operations are on")


@contextmanager
def held_back() -> Iterator[None]:
    """Pass on what is written to standard error when the block is left, without TensorFlow's greeting.

    No setting of TensorFlow's turns that off: absl writes it before they are read.
    """
    sys.stderr.flush()
    kept = os.dup(2)
    with tempfile.TemporaryFile() as written:
        os.dup2(written.fileno(), 2)
        try:
            yield
        finally:
            sys.stderr.flush()
            os.dup2(kept, 2)
            os.close(kept)
            written.seek(0)
            for line in written:
                if not _OF_ITSELF.match(line):
                    os.write(2, line)
