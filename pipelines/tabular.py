"""A table of numbers to a judged regression: the platform's smoke test, and any CSV file that fits it.

    pylib run tabular                                         the table that scikit-learn ships
    pylib data commit wine winequality-red.csv
    pylib run tabular --data wine@master --target quality     a table of one's own
    pylib run tabular --cluster                               on Kubeflow Pipelines

Two steps, so that something goes from one pod to another: store, steps, artifacts, tracking, registry and
gate are those of every pipeline, without TensorFlow and within seconds. Nothing is released: the version
that `regress` registers is nobody's to serve. Requests are what the steps took at most on the built-in table
and on red wine, rounded up: 0.3 GB.
"""

from kfp import dsl

from components.read_table import read_table
from components.regress import regress
from pipelines.placement import allocate, logs_runs, reads_data, uses_models

NAME = TASK = "tabular"
"""Whose gate is held against; no task of images."""


@dsl.pipeline(name=NAME, description="A table of numbers to a judged regression")
def tabular(data: str = "", target: str = "", alpha: float = 0.01, l1_ratio: float = 0.5) -> None:
    """Read, learn and judge.

    Args:
        data: repository@commit of one CSV file; `pylib run` takes a branch too, or what is built in.
        target: the column to predict; the last one without it.
        alpha: weight of the elastic net's penalty, on columns of variance 1.
        l1_ratio: share of the absolute values in the penalty, the rest is that of the squares.
    """
    table = read_table(data=data, target=target)
    allocate(table, cpu="100m", memory="384Mi", memory_limit="2Gi", hours=0.25)
    reads_data(table)
    regressed = regress(table=table.outputs["table"], pipeline=NAME, alpha=alpha, l1_ratio=l1_ratio)
    allocate(regressed, cpu="100m", memory="384Mi", memory_limit="2Gi", hours=0.25, cached=False)
    uses_models(regressed)
    logs_runs(regressed)
