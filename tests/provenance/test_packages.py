"""What is installed, of all that a lock names."""

import subprocess
import sys
from importlib.metadata import version

from pylib.provenance.materials import LOCK, ROOT, code
from pylib.provenance.packages import installed

PRINT = f"""
from pathlib import Path
from pylib.provenance.packages import installed
print(installed(Path({str(ROOT / LOCK)!r}))["annotations"]["pillow"])
"""


def test_each_package_of_the_lock_has_the_version_that_is_installed(tmp_path):
    lock = tmp_path / "lock.txt"
    lock.write_text(
        "pillow==0.1 \\\n    --hash=sha256:0\n# via x==1\nnot-on-this-platform==1.0 ; sys_platform == 'x'\n"
    )
    assert installed(lock)["annotations"] == {"pillow": version("pillow")}


def test_a_package_that_somebody_exchanged_is_seen(tmp_path):
    other = tmp_path / "pillow-0.0.1.dist-info"
    other.mkdir()
    (other / "METADATA").write_text("Metadata-Version: 2.1\nName: pillow\nVersion: 0.0.1\n")
    seen = subprocess.run(
        [sys.executable, "-c", PRINT],
        env={"PYTHONPATH": f"{tmp_path}:{ROOT}"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert seen.stdout.strip() == "0.0.1"


def test_it_is_part_of_what_a_step_is_made_of():
    assert installed(ROOT / LOCK) in code("pylib.steps.prepare")
