"""What a step's cache key is made of, in a copy of the repository that is edited."""

import shutil
import subprocess
import sys

import pytest

from pylib.provenance.materials import ROOT

KEY = "from pylib.provenance.statement import Definition; print(Definition('evaluate', {}).key())"


@pytest.fixture
def copy(tmp_path):
    for name in ("pylib", "components"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path


def key(folder):
    return subprocess.check_output([sys.executable, "-c", KEY], cwd=folder, text=True)


def test_an_edited_template_is_another_key(copy):
    before = key(copy)
    templates = sorted((copy / "pylib").rglob("*.j2"))
    assert templates
    keys = {before}
    for template in templates:
        template.write_text(template.read_text() + "<!-- edited -->")
        keys.add(key(copy))
    assert len(keys) == 1 + len(templates)


def test_what_python_and_editors_leave_is_not(copy):
    before = key(copy)
    (copy / "pylib/__pycache__").mkdir(exist_ok=True)
    (copy / "pylib/__pycache__/left.txt").write_text("over")
    (copy / "pylib/data/.checks.py.swp").write_text("over")
    assert key(copy) == before
