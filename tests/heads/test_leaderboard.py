"""Which head is served, of those that were compared."""

from pylib.evaluation.leaderboard import Row
from pylib.heads.leaderboard import ranked


def row(head: str, macro_f1: float, folds: float | None = None) -> Row:
    return Row(head=head, parameters={}, numbers=1, macro_f1=macro_f1, accuracy=0, cross_validated=folds)


def names(*rows: Row) -> list[str]:
    return [each.head for each in ranked(rows)]


def test_what_is_better_on_validation_is_first_whatever_the_folds_say() -> None:
    assert names(row("logistic", 0.6, 0.9), row("svm", 0.61, 0.7)) == ["svm", "logistic"]


def test_of_equals_on_validation_the_folds_decide() -> None:
    assert names(row("logistic", 0.8, 0.7), row("knn_3", 0.8, 0.8)) == ["knn_3", "logistic"]


def test_of_equals_the_simpler_is_first_and_a_fine_tuned_one_after_its_own() -> None:
    equal = [row(head, 0.8, 0.8) for head in ("knn_7", "dense+2", "boosting", "dense", "logistic")]
    assert names(*equal) == ["logistic", "dense", "dense+2", "boosting", "knn_7"]


def test_without_folds_validation_decides() -> None:
    assert names(row("logistic", 0.5), row("svm", 0.55)) == ["svm", "logistic"]
