"""Names of DNS and of labels, as apimachinery's validation has them."""

import re
from collections.abc import Mapping

from preflight.findings import Faults

LABEL = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?")
SUBDOMAIN = re.compile(rf"{LABEL.pattern}(\.{LABEL.pattern})*")
DNS_1035 = re.compile(r"[a-z]([-a-z0-9]*[a-z0-9])?")
QUALIFIED = re.compile(r"([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]")
PORT = re.compile(r"(?=.*[a-z])[a-z0-9]+(-[a-z0-9]+)*")
LONGEST_LABEL, LONGEST_NAME, LONGEST_PORT, LONGEST_CRON_JOB = 63, 253, 15, 52


def labels(own: Mapping[str, str], field: str) -> Faults:
    """Keys and values of labels."""
    for name, value in own.items():
        yield from key(f"{field}[{name}]", name)
        if len(str(value)) > LONGEST_LABEL or not (value == "" or QUALIFIED.fullmatch(str(value))):
            told = "at most 63 letters, digits, dots, dashes and underscores"
            yield f"{field}[{name}]", f"a label's value has {told}; {value} has others"


def named(field: str, name: object, pattern: re.Pattern[str], longest: int) -> Faults:
    """What is wrong with a name that must match a pattern and not be too long."""
    if name in {None, ""}:
        return  # that it is missing is for the schema to say
    text = str(name)
    if len(text) > longest:
        yield field, f"{text} has {len(text)} characters, and {longest} are allowed; shorten it"
    elif not pattern.fullmatch(text):
        first = "begin with a letter" if pattern is DNS_1035 else "begin with a letter or a digit"
        yield field, f"{text} must be of a-z, 0-9 and dashes, {first} and end with one; rename it"


def key(field: str, written: str) -> Faults:
    """What is wrong with the key of a label or an annotation."""
    prefix, slash, name = written.rpartition("/")
    if len(name) > LONGEST_LABEL or not QUALIFIED.fullmatch(name):
        yield field, f"its last part has at most 63 letters, digits, dots, dashes; {name} does not"
    elif slash and (len(prefix) > LONGEST_NAME or not SUBDOMAIN.fullmatch(prefix)):
        yield field, f"its first part is a domain name; {prefix} is none"
