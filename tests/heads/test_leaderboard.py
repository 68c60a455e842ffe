"""Which head is served, of those that were compared."""

from pylib.evaluation.leaderboard import Row
from pylib.heads.leaderboard import ranked


def row(head: str, macro_f1: float, folds: float | None = None, error: float = 0.0) -> Row:
    figures = {"macro_f1": macro_f1, "standard_error": error, "cross_validated": folds}
    return Row(head=head, parameters={}, numbers=1, accuracy=0, **figures)


def names(*rows: Row) -> list[str]:
    return [each.head for each in ranked(rows)]


def test_what_is_better_on_validation_by_more_than_chance_is_first_whatever_the_folds_say() -> None:
    assert names(row("logistic", 0.6, 0.9), row("svm", 0.71, 0.7, error=0.1)) == ["svm", "logistic"]


def test_within_one_standard_error_of_the_best_the_folds_decide() -> None:
    # 39 images, and one more right: the folds saw ten times as many.
    found = names(
        row("svm", 0.90, 0.95),
        row("knn_3", 0.95, 0.87, 0.04),
        row("logistic", 0.92, 0.93),
        row("knn_7", 0.93),
    )
    assert found == ["logistic", "knn_3", "knn_7", "svm"]


def test_of_equals_on_validation_the_folds_decide() -> None:
    assert names(row("logistic", 0.8, 0.7), row("knn_3", 0.8, 0.8)) == ["knn_3", "logistic"]


def test_a_fine_tuned_one_has_its_heads_folds_and_is_first_where_it_is_better() -> None:
    tuned = row("dense+2", 0.85, 0.8, error=0.1)
    assert names(row("dense", 0.8, 0.8), tuned, row("svm", 0.84, 0.7)) == ["dense+2", "svm", "dense"]


def test_of_equals_the_simpler_is_first_and_a_fine_tuned_one_after_its_own() -> None:
    equal = [row(head, 0.8, 0.8) for head in ("knn_7", "dense+2", "boosting", "dense", "logistic")]
    assert names(*equal) == ["logistic", "dense", "dense+2", "boosting", "knn_7"]


def test_without_folds_validation_decides() -> None:
    assert names(row("logistic", 0.5), row("svm", 0.55, error=0.2)) == ["svm", "logistic"]
