"""A template's text in pieces: what is copied, and the actions between `{{` and `}}` in words."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from preflight.render.gotemplate.values import TemplateError

TOKEN = re.compile(
    r"""(?P<space>\s+)
    |(?P<string>"(?:\\.|[^"\\\n])*"|`[^`]*`)
    |(?P<char>'(?:\\.|[^'\\\n])')
    |(?P<number>[-+]?(?:0[xX][0-9a-fA-F_]+|\d[\d_]*(?:\.\d*)?(?:[eE][-+]?\d+)?|\.\d+(?:[eE][-+]?\d+)?))
    |(?P<mark>:=|=|\||\(|\)|,)
    |(?P<variable>\$\w*)
    |(?P<field>\.[^\W\d]\w*)
    |(?P<dot>\.)
    |(?P<word>[^\W\d]\w*)""",
    re.VERBOSE,
)
OPEN = re.compile(r"\{\{(?:-(?=\s))?")
CLOSE = re.compile(r"(?:\s-)?\}\}")
COMMENT = re.compile(r"\s*/\*.*?\*/\s*?(\s-)?\}\}", re.DOTALL)


@dataclass(frozen=True)
class Token:
    """A word of an action; `glued` where nothing stands between it and the one before."""

    kind: str
    text: str
    glued: bool = False

    @property
    def value(self) -> Any:
        """What a literal means."""
        match self.kind:
            case "string" if self.text[0] == "`":
                return self.text[1:-1]
            case "string":
                return _unquoted(self.text)
            case "char":
                return ord(_unquoted(f'"{self.text[1:-1]}"'))
            case _:
                return _number(self.text)


Piece = str | tuple[Token, ...]


def pieces(text: str) -> list[Piece]:
    """Texts and actions in turn, white space trimmed where a dash asks for it. Raises TemplateError."""
    found: list[Piece] = []
    at, trim = 0, False
    while opened := OPEN.search(text, at):
        before = text[at : opened.start()]
        before = before.lstrip() if trim else before
        found.append(before.rstrip() if opened[0].endswith("-") else before)
        comment = COMMENT.match(text, opened.end())
        if comment:
            at, trim = comment.end(), bool(comment[1])
            continue
        tokens, at, trim = _action(text, opened.end())
        found.append(tokens)
    found.append(text[at:].lstrip() if trim else text[at:])
    return [piece for piece in found if piece]


def _action(text: str, at: int) -> tuple[tuple[Token, ...], int, bool]:
    tokens: list[Token] = []
    glued = False
    while not (closed := CLOSE.match(text, at)):
        match = TOKEN.match(text, at)
        if not match:
            raise TemplateError(
                "unclosed action" if at >= len(text) else f"unexpected {text[at]!r} in an action"
            )
        if match.lastgroup != "space":
            tokens.append(Token(str(match.lastgroup), match[0], glued))
        glued, at = match.lastgroup != "space", match.end()
    if not tokens:
        raise TemplateError("missing value for command")
    return tuple(tokens), closed.end(), "-" in closed[0]


def _unquoted(text: str) -> str:
    try:
        return str(json.loads(re.sub(r"\\x([0-9a-fA-F]{2})", r"\\u00\1", text).replace("\\'", "'")))
    except ValueError as error:
        raise TemplateError(f"{text}: no string of Go") from error


def _number(text: str) -> int | float:
    plain = text.replace("_", "")
    try:
        return int(plain, 0) if re.fullmatch(r"[-+]?(0[xX][0-9a-fA-F]+|\d+)", plain) else float(plain)
    except ValueError as error:
        raise TemplateError(f"{text}: bad number syntax") from error


def words(tokens: tuple[Token, ...]) -> Iterator[str]:
    """The tokens as they were written."""
    return (token.text for token in tokens)
