"""Sprig's functions of strings and paths, and the two of Argo CD's that make names."""

import base64
import hashlib
import json
import posixpath
import re
from typing import Any

from preflight.render.gotemplate.functions import function
from preflight.render.gotemplate.values import NotKnownError, TemplateError, shown

LONGEST_NAME = 253
# What Go's regular expressions do not have, or mean otherwise.
PYTHON_ONLY = re.compile(r"\(\?[=!<#(]|\\[1-9ZzAGk]|[*+?}]\+")


def normalized(name: str) -> str:
    """Argo CD's SanitizeName: a DNS name made of any text."""
    return re.sub(r"[^-a-z0-9.]", "-", name.lower())[:LONGEST_NAME].strip("-.")


@function("str")
def normalize(name: str) -> str:
    return normalized(name)


@function("any*")
def slugify(*arguments: Any) -> str:
    """Argo CD's: [longest [whether to cut at a word]] name."""
    longest, smart = [*arguments[:-1], *(50, True)[max(len(arguments) - 1, 0) :], True][:2]
    if not arguments or not isinstance(arguments[-1], str) or type(longest) is not int:
        raise TemplateError("error calling slugify: its arguments are [length [smart]] name")
    text = normalized(arguments[-1])
    text = text if smart or len(text) < longest else text[:longest]
    text = re.sub(r"-+", "-", re.sub(r"[^a-zA-Z0-9_-]", "-", text)).strip("-_")
    if not smart or len(text) <= longest:
        return text
    cut = text.rfind("-", 0, longest + 1)
    return text[: cut if cut >= 0 else longest]


def strval(value: Any) -> str:
    """Sprig's own: a string as it is, anything else as it is printed."""
    return value if isinstance(value, str) else shown(value)


for _name, _method in {
    "lower": lambda text: text.lower(),
    "upper": lambda text: text.upper(),
    "trim": lambda text: text.strip(),
}.items():
    function("str", names=(_name,))(_method)
for _name, _join in {
    "trimAll": lambda chars, text: text.strip(chars),
    "trimSuffix": lambda end, text: text.removesuffix(end),
    "trimPrefix": lambda start, text: text.removeprefix(start),
    "contains": lambda part, text: part in text,
    "hasPrefix": lambda start, text: text.startswith(start),
    "hasSuffix": lambda end, text: text.endswith(end),
    "splitList": lambda mark, text: text.split(mark) if mark else list(text),
    "split": lambda mark, text: {f"_{at}": part for at, part in enumerate(text.split(mark))},
}.items():
    function("str", "str", names=(_name,))(_join)


@function("str", "str", "str")
def replace(old: str, new: str, text: str) -> str:
    return text.replace(old, new)


@function("str", "int", "str")
def splitn(mark: str, count: int, text: str) -> dict[str, str]:
    return {f"_{at}": part for at, part in enumerate(text.split(mark, count - 1))}


@function("int", "str")
def trunc(count: int, text: str) -> str:
    if count < 0:
        return text[count:] if len(text) + count > 0 else text
    return text[:count]


@function("int", "int", "str")
def substr(start: int, end: int, text: str) -> str:
    if start < 0:
        return text[:end]
    return text[start:] if end < 0 or end > len(text) else text[start:end]


@function("str")
def title(text: str) -> str:
    return re.sub(r"(?<![\w'])\w", lambda match: match[0].upper(), text)


@function("str")
def untitle(text: str) -> str:
    return re.sub(r"(?<!\S)\S", lambda match: match[0].lower(), text)


@function("str")
def nospace(text: str) -> str:
    return re.sub(r"\s", "", text)


@function("int", "str")
def repeat(count: int, text: str) -> str:
    return text * count


@function("int", "str")
def indent(spaces: int, text: str) -> str:
    return " " * spaces + text.replace("\n", "\n" + " " * spaces)


@function("int", "str")
def nindent(spaces: int, text: str) -> str:
    return "\n" + str(indent(spaces, text))


@function("any*")
def quote(*values: Any) -> str:
    texts = [strval(value) for value in values if value is not None]
    if any(not (text.isascii() and text.isprintable()) for text in texts):
        raise NotKnownError("quote of what is not plain text is not evaluated here")
    return " ".join(json.dumps(text) for text in texts)


@function("any*")
def squote(*values: Any) -> str:
    return " ".join(f"'{shown(value)}'" for value in values if value is not None)


@function("any*")
def cat(*values: Any) -> str:
    return " ".join(shown(value) for value in values if value is not None)


@function("str", "str", "int")
def plural(one: str, many: str, count: int) -> str:
    return one if count == 1 else many


@function("any", names=("toString",))
def to_string(value: Any) -> str:
    return strval(value)


for _name, _of in {
    "base": lambda text: posixpath.basename(text.rstrip("/")) or ("/" if text else "."),
    "dir": lambda text: posixpath.normpath(posixpath.dirname(text) or "."),
    "clean": lambda text: posixpath.normpath(text or "."),
    "ext": lambda text: (
        "." + text.rpartition("/")[2].rpartition(".")[2] if "." in text.rpartition("/")[2] else ""
    ),
    "isAbs": lambda text: text.startswith("/"),
    "b64enc": lambda text: base64.b64encode(text.encode()).decode(),
    "sha256sum": lambda text: hashlib.sha256(text.encode()).hexdigest(),
    "sha1sum": lambda text: hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest(),
}.items():
    function("str", names=(_name,))(_of)


def _pattern(written: str) -> re.Pattern[str]:
    if PYTHON_ONLY.search(written):
        raise NotKnownError(f"the regular expression {written!r} is not evaluated here")
    try:
        return re.compile(written, re.ASCII)
    except re.error as error:
        raise TemplateError(f"error parsing regexp: {error}") from error


@function("str", "str", names=("regexMatch", "mustRegexMatch"))
def regex_match(pattern: str, text: str) -> bool:
    return _pattern(pattern).search(text) is not None


@function("str", "str", names=("regexFind", "mustRegexFind"))
def regex_find(pattern: str, text: str) -> str:
    found = _pattern(pattern).search(text)
    return found[0] if found else ""


@function("str", "str", "str", names=("regexReplaceAll", "mustRegexReplaceAll"))
def regex_replace_all(pattern: str, text: str, new: str) -> str:
    return _pattern(pattern).sub(re.sub(r"\$\{?(\w+)\}?", r"\\g<\1>", new.replace("\\", r"\\")), text)


@function("str", "str", "str", names=("regexReplaceAllLiteral", "mustRegexReplaceAllLiteral"))
def regex_replace_literal(pattern: str, text: str, new: str) -> str:
    return _pattern(pattern).sub(lambda _match: new, text)
