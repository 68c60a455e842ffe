"""The commands that messages and documents name, and where each stands."""

import ast
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[1]
CODE = ("pylib", "preflight", "components", "pipelines")
_PROGRAM = r"(?:(?:\.venv/bin/)?(?:pylib|preflight)|make|\./\w+\.sh)"
# In a message: between backticks, in brackets, after `Now:`, a script anywhere, or the whole of a literal.
_SAID = re.compile(
    rf"`({_PROGRAM} [^`]+)`|\((make [a-z-]+)\)|Now: ({_PROGRAM} [\w-]+)|(\./\w+\.sh [\w-]+)(?=[).,;]|$)"
    r"|^((?:pylib|preflight)(?: [\w-]+)+|make [\w-]+)$"
)
# In a document: code within a line, or a line of a block, after variables and the prompt.
_INLINE = re.compile(r"`([^`\n]+)`")
_BLOCK = re.compile(r"^```\w*\n(.*?)^```|^((?: {4,}\S.*\n)+)", re.MULTILINE | re.DOTALL)
_LINE = re.compile(rf"^(?:\$ )?(?:[A-Z_]+=\S+ )*({_PROGRAM}(?: .*)?)$")


class Named(NamedTuple):
    """A command as it is written, and the file and line that names it."""

    words: str
    place: str


def in_code() -> Iterator[Named]:
    """Those of string literals, messages and docstrings alike."""
    for file in sorted(path for folder in CODE for path in (ROOT / folder).rglob("*.py")):
        for line, text in _literals(file):
            for found in _SAID.finditer(text):
                words = next(group for group in found.groups() if group)
                yield Named(words, f"{file.relative_to(ROOT)}:{line}")


def in_documents() -> Iterator[Named]:
    """Those of all Markdown files that Git has, or would take."""
    listed = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "*.md"]
    for name in subprocess.check_output(listed, cwd=ROOT, text=True).split():
        if (ROOT / name).is_file():
            yield from (Named(words, name) for words in commands((ROOT / name).read_text()))


def commands(markdown: str) -> Iterator[str]:
    """The commands in a Markdown text."""
    for block in _BLOCK.finditer(markdown):
        for line in (block[1] or block[2]).splitlines():
            yield from _split(line.strip())
    for inline in _INLINE.finditer(_BLOCK.sub("", markdown)):
        yield from _split(inline[1].replace(r"\|", "|"))


def _split(line: str) -> Iterator[str]:
    """What one line of a shell runs, each by itself, without comments."""
    for part in re.split(r" && | & |; | \| ", re.sub(r"\s+#.*", "", line).rstrip("&\\ ")):
        if found := _LINE.match(part.strip()):
            yield found[1]


def _literals(file: Path) -> Iterator[tuple[int, str]]:
    """Every string of a module; what is filled in is `X`."""
    tree = ast.parse(file.read_text())
    within = {id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in node.values}
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            parts = [part.value if isinstance(part, ast.Constant) else "X" for part in node.values]
            yield node.lineno, "".join(map(str, parts))
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in within:
            yield node.lineno, node.value
