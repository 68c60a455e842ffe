"""The schedule of a CronJob, as the API server's parser reads it (robfig/cron v3, "standard" form)."""

import re

MACROS = {"@yearly", "@annually", "@monthly", "@weekly", "@daily", "@midnight", "@hourly"}
EVERY = re.compile(r"@every (\d+(\.\d*)?(ns|us|µs|ms|s|m|h))+")
MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
FIELDS: tuple[tuple[str, int, int, dict[str, int]], ...] = (
    ("minute", 0, 59, {}),
    ("hour", 0, 23, {}),
    ("day of the month", 1, 31, {}),
    ("month", 1, 12, {name: number for number, name in enumerate(MONTHS, 1)}),
    ("day of the week", 0, 6, {name: number for number, name in enumerate(DAYS)}),
)


def mistake(schedule: str) -> str:
    """What is wrong with a schedule, empty where nothing is."""
    if schedule.startswith(("TZ=", "CRON_TZ=")):
        return "a time zone in the schedule is refused; write spec.timeZone"
    if schedule in MACROS or EVERY.fullmatch(schedule):
        return ""
    parts = schedule.split()
    if len(parts) != len(FIELDS):
        return f"{schedule} has {len(parts)} fields; write five: minute, hour, day, month, day of the week"
    for part, (name, low, high, names) in zip(parts, FIELDS, strict=True):
        if not all(_fits(item, low, high, names) for item in part.split(",")):
            return f"{part} is no {name}; write {low} to {high}, a range, a list or a step"
    return ""


def _fits(item: str, low: int, high: int, names: dict[str, int]) -> bool:
    """One item of a field: `*`, a number or a name, a range of two, each with an optional step."""
    span, slash, step = item.partition("/")
    if slash and not (step.isdecimal() and int(step) > 0):
        return False
    if span in {"*", "?"}:
        return True
    ends = [names.get(end.lower(), int(end) if end.isdecimal() else -1) for end in span.split("-")]
    return len(ends) <= 2 and all(low <= end <= high for end in ends) and ends == sorted(ends)  # noqa: PLR2004
