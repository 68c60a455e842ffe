"""Every verb of the command line, one a line."""

import typer

from pylib.cli import (
    cluster,
    data,
    doctor,
    example,
    explain,
    ingest,
    release,
    reproduce,
    retrain,
    run,
    serve,
    status,
)
from pylib.cli.compile import compile_pipelines


def register(app: typer.Typer) -> None:
    """Add every verb to the application."""
    data.data_app.command("ingest")(ingest.ingest)
    data.data_app.command("example")(example.example)
    app.add_typer(data.data_app, name="data")
    app.add_typer(run.run_app, name="run")
    app.command("compile")(compile_pipelines)
    app.command("evaluate")(release.evaluate)
    app.command("release")(release.release)
    app.command("released")(release.released)
    app.command("serve")(serve.serve)
    app.command("predict")(serve.predict)
    app.command("status")(status.status)
    app.command("explain")(explain.explain)
    app.command("reproduce")(reproduce.reproduce)
    app.command("doctor")(doctor.doctor)
    app.command("cluster", hidden=True, context_settings=cluster.ANYTHING)(cluster.cluster)
    app.add_typer(retrain.retrain_app, name="retrain")
