"""The files of pylib, and of katib, that a step can use: found from its own module, without running it.

Every import counts, those inside functions too, and the packages on the way; what is imported for the type
checker does not. Two things are no import, and count by a rule that finds too much rather than too little:

    a task's aspects   pylib.tasks.task imports them by name when an attribute such as `.objective` is read:
                       an attribute of that name, of whatever, anywhere in what was found
    other files        templates say: with the package whose folder they lie in
"""

import ast
import functools
import hashlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pylib

if TYPE_CHECKING:
    from grimp import ImportGraph

_TASKS = "pylib.tasks"
_BY_NAME = "pylib.tasks.task"
"""The one module that imports others by name."""

_LEFT = ("nohup.out", "*.log", "*.orig", "*.rej", "*.bak", "*~", "#*#", "*.sw[op]", "core", "core.[0-9]*")

_FOLDER = Path(pylib.__file__).resolve().parent
_OWN = ("pylib", "katib")
"""The packages whose modules count: the library, and beside it what an Experiment means."""


def files(module: str, task: str | None = None) -> dict[str, str]:
    """SHA-256 by path (`pylib/…`) of what a module can use on data of a task; of all tasks without one.

    All of pylib, where the module is none of pylib's. The same for the same code, wherever and however it
    lies there: line ends of text are those of Unix.
    """
    found = modules(module, task)
    paths = [*(_source(name) for name in found), *_others(found)]
    return {path.relative_to(_FOLDER.parent).as_posix(): digest(path) for path in sorted(paths)}


def modules(module: str, task: str | None = None) -> set[str]:
    """The names of the modules of pylib that a module can import, itself with them."""
    graph = _graph()
    if module not in graph.modules:
        return set(graph.modules)
    found = _reached(graph, [module])
    while _BY_NAME in found and (more := set(_aspects(graph, found, task)) - found):
        found |= _reached(graph, more)
    return found


@functools.cache
def _graph() -> "ImportGraph":
    """Who imports whom; made anew in each process, because a pod has nowhere to keep it."""
    import grimp

    own = [name for name in _OWN if (_FOLDER.parent / name).is_dir()]
    return grimp.build_graph(*own, cache_dir=None, exclude_type_checking_imports=True)


def _reached(graph: "ImportGraph", start: Iterable[str]) -> set[str]:
    found: set[str] = set()
    ahead = list(start)
    while ahead:
        name = ahead.pop()
        if name not in found:
            found.add(name)
            package = name.rpartition(".")[0]
            ahead += [*graph.find_modules_directly_imported_by(name), *([package] if package else [])]
    return found


def _aspects(graph: "ImportGraph", found: Iterable[str], task: str | None) -> Iterator[str]:
    """The aspects of the task, or of all, that code of these modules reads as an attribute."""
    tasks = [f"{_TASKS}.{task}"] if task else sorted(graph.find_children(_TASKS))
    offered = {node.name for node in _nodes(_BY_NAME) if isinstance(node, ast.FunctionDef)}
    read = offered & {name for each in found for name in _attributes(each)}
    return (aspect for each in tasks for name in read if (aspect := f"{each}.{name}") in graph.modules)


@functools.cache
def _attributes(module: str) -> frozenset[str]:
    return frozenset(node.attr for node in _nodes(module) if isinstance(node, ast.Attribute))


def _nodes(module: str) -> Iterator[ast.AST]:
    return ast.walk(ast.parse(_source(module).read_bytes()))


def _source(module: str) -> Path:
    path = _FOLDER.parent.joinpath(*module.split("."))
    return path / "__init__.py" if path.is_dir() else path.with_suffix(".py")


def _others(found: set[str]) -> Iterator[Path]:
    """What lies beside the modules and is no code; not what was left there."""
    for path in _FOLDER.rglob("*"):
        left = is_left(path.relative_to(_FOLDER.parent))
        if not left and path.suffix != ".py" and path.is_file() and _package(path) in found:
            yield path


def is_left(path: Path) -> bool:
    """Whether a file of pylib is what Python, an editor, a shell or a merge left there.

    Known by name, because any other file may be one that code reads, before it is added to Git too.
    """
    hidden = any(part == "__pycache__" or part.startswith(".") for part in path.parts)
    return hidden or any(path.match(pattern) for pattern in _LEFT)


def _package(path: Path) -> str:
    """The package that a file lies in, in a folder of its own perhaps."""
    folder = next(each for each in path.parents if (each / "__init__.py").is_file())
    return ".".join(folder.relative_to(_FOLDER.parent).parts)


def digest(path: Path) -> str:
    """SHA-256 of a file of code, hex, with the line ends of Unix in text."""
    content = path.read_bytes()
    text = content if b"\0" in content else content.replace(b"\r\n", b"\n")
    return hashlib.sha256(text).hexdigest()
