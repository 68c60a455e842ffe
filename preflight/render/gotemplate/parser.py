"""A template parsed: its actions as nodes, each with what stands between it and its `end`."""

from collections.abc import Sequence

from preflight.render.gotemplate.lexer import Piece, Token, pieces, words
from preflight.render.gotemplate.nodes import (
    Branch,
    Dot,
    Function,
    Inner,
    Leave,
    Literal,
    Node,
    Operand,
    Pipe,
    Print,
    Text,
    Variable,
)
from preflight.render.gotemplate.values import NotKnownError, TemplateError

BRANCHES = ("if", "with", "range")
CONSTANTS = {"true": True, "false": False, "nil": None}


def parse(text: str) -> tuple[Node, ...]:
    """The nodes of a template. Raises TemplateError, and NotKnownError for templates within templates."""
    parser = _Templates(pieces(text))
    nodes, ended = parser.until(top=True)
    if ended:
        raise TemplateError(f"unexpected {{{{{ended}}}}}")
    return nodes


class _Templates:
    def __init__(self, found: list[Piece]) -> None:
        self.pieces = found
        self.at = 0

    def until(self, *, top: bool = False) -> tuple[tuple[Node, ...], str]:
        """Nodes up to `end` or `else`, and which it was; `else if` as it is written."""
        nodes: list[Node] = []
        while self.at < len(self.pieces):
            piece = self.pieces[self.at]
            self.at += 1
            if isinstance(piece, str):
                nodes.append(Text(piece))
                continue
            first = piece[0].text
            if first in {"end", "else"}:
                return tuple(nodes), " ".join(words(piece))
            nodes.append(self.node(piece))
        if not top:
            raise TemplateError("unexpected EOF: an `end` is missing")
        return tuple(nodes), ""

    def node(self, piece: tuple[Token, ...]) -> Node:
        word = piece[0].text if piece[0].kind == "word" else ""
        if word in BRANCHES:
            return self.branch(word, piece[1:])
        if word in {"break", "continue"}:
            return Leave(word)
        if word in {"define", "template", "block"}:
            raise NotKnownError(f"templates within templates ({{{{{word}}}}}) are not evaluated here")
        return Print(_Pipes(piece).whole())

    def branch(self, word: str, condition: Sequence[Token]) -> Branch:
        pipe = _Pipes(condition).whole()
        then, ended = self.until()
        otherwise: tuple[Node, ...] = ()
        if ended.startswith("else "):
            rest = self._tokens()[1:]
            otherwise = (self.branch(rest[0].text, rest[1:]),)
        elif ended == "else":
            otherwise, ended = self.until()
            if ended != "end":
                raise TemplateError(f"expected end; found {{{{{ended}}}}}")
        return Branch(word, pipe, then, otherwise)

    def _tokens(self) -> tuple[Token, ...]:
        piece = self.pieces[self.at - 1]
        return piece if isinstance(piece, tuple) else ()


class _Pipes:
    def __init__(self, tokens: Sequence[Token]) -> None:
        self.tokens = list(tokens)

    def whole(self) -> Pipe:
        pipe = self.pipe()
        if self.tokens:
            raise TemplateError(f"unexpected {self.tokens[0].text!r} in an action")
        return pipe

    def pipe(self) -> Pipe:
        names, mark = self.assigned()
        commands: list[tuple[Operand, ...]] = []
        operands: list[Operand] = []
        while self.tokens and self.tokens[0].text != ")":
            token = self.tokens.pop(0)
            if token.text == "|":
                commands.append(_command(operands))
                operands = []
            else:
                operands.append(self.operand(token))
        if operands or not commands:  # Go lets a last bar stand for nothing
            commands.append(_command(operands))
        return Pipe(tuple(commands), names, mark == ":=")

    def assigned(self) -> tuple[tuple[str, ...], str]:
        """The variables before `:=` or `=`, two for a range, and which of the marks it is."""
        texts = [token.text for token in self.tokens[:4]]
        for count, names in ((1, texts[:1]), (3, texts[:1] + texts[2:3])):
            mark = texts[count] if len(texts) > count else ""
            if mark in {":=", "="} and all(name.startswith("$") for name in names):
                del self.tokens[: count + 1]
                return tuple(names), mark
        return (), ""

    def operand(self, token: Token) -> Operand:
        match token.kind:
            case "string" | "number" | "char":
                return Literal(token.value)
            case "dot":
                return Dot()
            case "field":
                return Dot((token.text[1:], *self.fields()))
            case "variable":
                return Variable(token.text, self.fields())
            case "word":
                constant = token.text in CONSTANTS
                return Literal(CONSTANTS[token.text]) if constant else Function(token.text)
        if token.text != "(":
            raise TemplateError(f"unexpected {token.text!r} in operand")
        inner = self.pipe()
        if not self.tokens or self.tokens.pop(0).text != ")":
            raise TemplateError("unclosed left paren")
        return Inner(inner, self.fields())

    def fields(self) -> tuple[str, ...]:
        """The fields that follow without a space."""
        names = []
        while self.tokens and self.tokens[0].kind == "field" and self.tokens[0].glued:
            names.append(self.tokens.pop(0).text[1:])
        return tuple(names)


def _command(operands: list[Operand]) -> tuple[Operand, ...]:
    if not operands:
        raise TemplateError("missing value for command")
    return tuple(operands)
