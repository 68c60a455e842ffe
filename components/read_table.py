"""Data commit of one CSV file to rows by split: read whole or refused, split by what each row holds."""

from kfp.dsl import Dataset, Output

from components import component


@component
def read_table(data: str, target: str, table: Output[Dataset]) -> None:
    """Read a table and split its rows.

    Args:
        data: repository@commit in the versioned store, which holds one CSV or TSV file.
        target: the column to predict; the last one where it is empty.
        table: float64 arrays by split, and which column is which.
    """
    from pathlib import Path

    from pylib.steps.read_table import read_table

    read_table(Path(table.path), data=data, target=target)
