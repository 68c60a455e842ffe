"""Every command that a message or a document names is there, with the options that it is given."""

import re
import shlex

import pytest
import typer

from preflight import cli as preflight
from pylib.cli.verbs import register

from .named_commands import ROOT, commands, in_code, in_documents

PYLIB = typer.Typer()
register(PYLIB)
PROGRAMS = {
    "pylib": typer.main.get_command(PYLIB),
    "preflight": typer.main.get_command(preflight.app),
}
PLACEHOLDER = re.compile(r"[A-Z]+…?|…|X|<.*>|\[.*\]")


def wrong(words: str) -> str:
    """What of a command does not exist; empty where all of it does."""
    program, *rest = [word.rstrip(",.;:") for word in shlex.split(words.replace("'", ""), comments=True)]
    name = program.removeprefix(".venv/bin/")
    if name in PROGRAMS:
        return _wrong_verb(PROGRAMS[name], rest)
    if name == "make":
        return next((word for word in rest if "=" not in word and word not in _targets()), "")
    script = ROOT / name
    if not script.is_file():
        return name
    told = [
        word for before, word in zip(["", *rest], rest, strict=False) if not _option(before) or _option(word)
    ]
    return next((word for word in told if word not in _known(script) and not _value(word)), "")


def _wrong_verb(command, words):
    """The first word that is no verb here, or the first option that its command does not have."""
    while hasattr(command, "list_commands") and words and not words[0].startswith("-"):
        first, *words = words
        if PLACEHOLDER.fullmatch(first):
            return ""
        missing = [each for each in first.split("|") if each not in command.list_commands(None)]
        if missing:
            return missing[0]
        command = command.get_command(None, first.split("|")[0])
    known = {"--help", *(option for each in command.params for option in [*each.opts, *each.secondary_opts])}
    options = [word.split("=")[0] for word in words if _option(word)]
    return next((option for option in options if option not in known), "")


def _targets():
    return set(re.findall(r"^([a-z][\w-]*):", (ROOT / "Makefile").read_text(), re.MULTILINE))


def _known(script):
    """The words that a script tells apart: the labels of its `case`."""
    labels = re.findall(r"^\s+([\w| -]+)\)", script.read_text(), re.MULTILINE)
    return {word.strip() for label in labels for word in label.split("|")}


def _option(word):
    return word.startswith("-")


def _value(word):
    """Whether a word is a file, a setting or a placeholder, and not a verb or an option."""
    return "=" in word or "." in word or "/" in word or bool(PLACEHOLDER.fullmatch(word.split("|")[0]))


@pytest.mark.parametrize("named", sorted({*in_code(), *in_documents()}), ids=lambda named: named.place)
def test_a_command_that_is_named_exists(named):
    assert wrong(named.words) == "", f"{named.place}: `{named.words}`"


@pytest.mark.parametrize(
    ("words", "missing"),
    [
        ("make setup", "setup"),
        ("make test STRICT=--strict", ""),
        ("pylib cluster-validate", "cluster-validate"),
        ("pylib data ingest|commit|mend", "mend"),
        ("pylib data ingest SOURCE --reprot x", "--reprot"),
        (".venv/bin/pylib run segmentation --data pets@master --cluster", ""),
        ("pylib run segmentation --wieghts none", "--wieghts"),
        ("pylib run segmentaton --help", "segmentaton"),
        ("preflight validate --strict --cluster gpu", ""),
        ("preflight validate --stric", "--stric"),
        ("./environments.sh dev serve", ""),
        ("./environments.sh setup", "setup"),
        ("./run_e2e.sh --data pets.tar", ""),
        ("./run_e2e.sh --wieghts none", "--wieghts"),
        ("./setup.sh", "./setup.sh"),
    ],
)
def test_what_does_not_exist_is_told(words, missing):
    assert wrong(words) == missing


def test_commands_are_found_in_lines_and_in_blocks():
    text = (
        "Say `make up`, or `pylib data ingest\\|ls`.\n\n"
        "```console\n$ A=b pylib serve & # here\n$ git log && preflight diff main\n```\n\n"
        "    pylib doctor && make down\n"
    )
    assert set(commands(text)) == {
        "make up", "pylib data ingest|ls", "pylib serve", "preflight diff main", "pylib doctor", "make down",
    }  # fmt: skip


def test_messages_and_documents_name_the_commands_that_everybody_needs():
    """The search itself finds what is known to be said, so that an empty search is no success."""
    said = {named.words for named in in_code()}
    assert {"pylib serve --stop", "make up", "preflight images"} <= said
    written = {named.words for named in in_documents()}
    assert {"make test", "make test-cluster", "preflight validate"} <= written
