"""What a search has done, in SQLite: every trial that was asked for, and how each ended, in order.

It is the one source of truth: a search that is started again asks and tells its algorithm the same.
"""

import json
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, fields
from pathlib import Path

from katib.collectors import Reported
from katib.counting import Status
from katib.medianstop import Rule
from katib.values import Assignments
from pylib.errors import SweepError

_SCHEMA = """
CREATE TABLE IF NOT EXISTS search (identity TEXT NOT NULL, counts TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS trial (
    number INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, assignments TEXT NOT NULL, rule TEXT,
    asked INTEGER NOT NULL UNIQUE, ended INTEGER UNIQUE,
    status TEXT NOT NULL, reason TEXT NOT NULL DEFAULT '',
    reported TEXT NOT NULL DEFAULT '[]', seconds REAL NOT NULL DEFAULT 0, tries INTEGER NOT NULL DEFAULT 0
);
"""


@dataclass(frozen=True)
class Trial:
    """A trial.

    rule: what it is held against, None for nothing; asked, ended: places in the order of all that happened
    reason: why it failed; reported: what the collector found; seconds: of its own processes; tries: how many
    """

    number: int
    name: str
    assignments: Assignments
    rule: Rule | None
    asked: int
    ended: int | None
    status: Status
    reason: str
    reported: Sequence[Reported]
    seconds: float
    tries: int


_COLUMNS = [each.name for each in fields(Trial)]


class State:
    """The database of one search; a killed process leaves each write whole or undone."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._known: list[Trial] | None = None  # what was read last; this process alone writes
        path.parent.mkdir(parents=True, exist_ok=True)
        with self._open() as connection:
            connection.executescript(_SCHEMA)

    def begin(self, identity: str, counts: Sequence[int | None]) -> Sequence[int | None]:
        """Say whose state this is; return the counts that it began with. Raises SweepError for another's."""
        with self._open() as connection:
            row = connection.execute("SELECT identity, counts FROM search").fetchone()
            if row is None:
                connection.execute("INSERT INTO search VALUES (?, ?)", (identity, json.dumps(counts)))
                return counts
        if row[0] != identity:
            raise SweepError(f"{self.path}: it is of another search; move it away")
        former: list[int | None] = json.loads(row[1])
        return former

    def recount(self, counts: Sequence[int | None]) -> None:
        """Note that the search goes on with other counts."""
        self._write("UPDATE search SET counts = ?", json.dumps(counts))

    def trials(self) -> list[Trial]:
        """All trials, in the order in which they were asked for."""
        if self._known is None:
            with self._open() as connection:
                rows = connection.execute(f"SELECT {', '.join(_COLUMNS)} FROM trial ORDER BY number")  # noqa: S608
                self._known = [_trial(row) for row in rows]
        return self._known

    def asked(self, number: int, name: str, assignments: Assignments, rule: Rule | None) -> None:
        """Note a trial before anything of it runs."""
        self._write(
            _ASKED,
            number,
            name,
            json.dumps(assignments),
            json.dumps(rule) if rule else None,
            Status.RUNNING,
        )

    def tried(self, number: int, seconds: float) -> None:
        """Note that a process of a trial failed, and that another is to be started."""
        self._write(
            "UPDATE trial SET tries = tries + 1, seconds = seconds + ? WHERE number = ?", seconds, number
        )

    def ended(
        self, number: int, status: Status, reason: str, reported: Sequence[Reported], seconds: float
    ) -> None:
        """Note how a trial ended."""
        self._write(
            _ENDED,
            status,
            reason,
            json.dumps(reported),
            seconds,
            number,
        )

    def _write(self, statement: str, *values: object) -> None:
        with self._open() as connection:
            connection.execute(statement, values)
        self._known = None

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        """A transaction; SweepError where the file is damaged, of another version, or cannot be written."""
        try:
            with closing(sqlite3.connect(self.path, timeout=60)) as connection, connection:
                yield connection
        except sqlite3.DatabaseError as error:
            fix = "free or unlock it" if isinstance(error, sqlite3.OperationalError) else "it is damaged"
            raise SweepError(
                f"{self.path}: {error}; {fix}, or move {self.path.parent} away and search again"
            ) from error
        except ValueError as error:
            raise SweepError(
                f"{self.path}: it is damaged ({error}); move {self.path.parent} away and search again"
            ) from error


_NEXT = "(SELECT 1 + max(coalesce(max(asked), 0), coalesce(max(ended), 0)) FROM trial)"
_ASKED = f"""INSERT INTO trial (number, name, assignments, rule, status, asked)
VALUES (?, ?, ?, ?, ?, {_NEXT})"""  # noqa: S608 (nothing of it is a value)
_ENDED = f"""UPDATE trial SET status = ?, reason = ?, reported = ?, tries = tries + 1, seconds = seconds + ?,
ended = {_NEXT} WHERE number = ?"""  # noqa: S608 (nothing of it is a value)


def _trial(row: sqlite3.Row) -> Trial:
    number, name, assignments, rule, asked, ended, status, reason, reported, seconds, tries = row
    return Trial(
        number=number,
        name=name,
        assignments=json.loads(assignments),
        rule=Rule(*json.loads(rule)) if rule else None,
        asked=asked,
        ended=ended,
        status=Status(status),
        reason=reason,
        reported=[Reported(*each) for each in json.loads(reported)],
        seconds=seconds,
        tries=tries,
    )
