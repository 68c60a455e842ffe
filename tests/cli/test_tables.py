"""A console for tables is as wide as it is told, and cuts nothing where nobody tells."""

from pylib.cli.tables import console

LONG = "x" * 300


def test_a_pipe_has_no_width(monkeypatch, capsys):
    monkeypatch.delenv("COLUMNS", raising=False)
    console().print(LONG)
    assert capsys.readouterr().out == LONG + "\n"


def test_columns_is_kept(monkeypatch, capsys):
    monkeypatch.setenv("COLUMNS", "100")
    console().print(LONG)
    assert capsys.readouterr().out.splitlines() == ["x" * 100] * 3
