"""A difference as a comment on a pull request: dangers first, then the applications, folded away.

GitHub takes 65,536 characters. What does not fit is counted, never dropped in silence, and never a danger
before a field.
"""

import re
from collections.abc import Iterable, Iterator

from preflight.diff.compare import ApplicationChange, Difference
from preflight.diff.condensed import condensed
from preflight.diff.dangers import Danger
from preflight.diff.lines import Line, lines
from preflight.diff.summary import DangerRow, counted, rows, title

MARKER = "<!-- preflight diff -->"
MOST = 65_000
DANGERS = 40_000  # characters kept for dangers, so that some details always fit
OBJECT_LINES = 20
SIGNS = {"created": "+", "removed": "-"}
SPECIAL = re.compile(r"([\\`*_\[\]<>~#|!])")


def markdown(compared: list[tuple[Difference, list[Danger]]], between: str) -> str:
    """One comment about all clusters."""
    text = "\n".join([MARKER, f"### Cluster diff: {escape(between)}", ""])
    for difference, dangers in compared:
        text += _overview(difference, dangers, DANGERS // len(compared))
    blocks = [
        (difference.cluster, application)
        for difference, _ in compared
        for application in difference.applications
    ]
    return text + _fitting(blocks, MOST - len(text))


def escape(text: str) -> str:
    """Text as it is, whatever people put in a name: no markup, no mention of anybody, one line."""
    return SPECIAL.sub(r"\\\1", " ".join(text.split())).replace("@", "@\u200b")


def _overview(difference: Difference, dangers: list[Danger], most: int) -> str:
    parts = [f"**{difference.cluster}**: {counted(difference.objects)}; {len(dangers)} dangers", ""]
    if dangers:
        parts += ["| | danger | what | what it costs |", "|---|---|---|---|"]
        parts += [*_capped([_row(row) for row in rows(dangers)], most), ""]
    missing = [
        f"- not compared: **{escape(e.application)}**: {escape(e.reason)}" for e in difference.not_compared
    ]
    return "\n".join([*parts, *_capped(missing, most // 4), "", ""])


def _capped(texts: list[str], most: int) -> Iterator[str]:
    """As many as fit, and a count of the others."""
    used = 0
    for position, text in enumerate(texts):
        used += len(text) + 1
        if used > most:
            yield f"| | | and {len(texts) - position} more | |" if text.startswith("|") else "- and more"
            return
        yield text


def _row(row: DangerRow) -> str:
    first = row.first
    field = f"<br>{escape(first.field)}" if first.field else ""
    return f"| **{first.outcome}** | {first.id} | {escape(row.what)}{field} | {escape(first.message)} |"


def _fitting(blocks: list[tuple[str, ApplicationChange]], room: int) -> str:
    """The applications' details: whole, else without fields, else counted."""
    text, left_out = "", []
    for cluster, application in blocks:
        whole, short = _block(cluster, application, OBJECT_LINES), _block(cluster, application, 0)
        fits = next((each for each in (whole, short) if len(text) + len(each) < room - 1000), "")
        text += fits
        left_out += [] if fits else [f"{application.name} ({cluster})"]
    if not left_out:
        return text
    names = escape(", ".join(left_out))[:500]
    count = f"{len(left_out)} applications more do not fit here"
    return f"{text}\n{count}; `preflight diff` shows them: {names}\n"


def _block(cluster: str, application: ApplicationChange, most: int) -> str:
    summary = escape(f"{cluster}: {title(application)}")
    content = "\n".join(_details(application, most))
    longest = max((len(run) for run in re.findall("`+", content)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"<details><summary>{summary}</summary>\n\n{fence}diff\n{content}\n{fence}\n\n</details>\n\n"


def _details(application: ApplicationChange, most: int) -> Iterator[str]:
    for part in condensed(application):
        heading = _one_line(part.heading)
        sign = SIGNS.get(part.verb)
        yield f"{sign} {heading}" if sign else f"@@ {part.verb} {heading} @@"
        if most:
            yield from _signed([*lines(part.fields, most), *part.notes])


def _signed(listed: Iterable[Line]) -> Iterator[str]:
    return (f"{line.sign} {_one_line(line.text)}" for line in listed)


def _one_line(text: str) -> str:
    return text.replace("\r", "\\r").replace("\n", "\\n")
