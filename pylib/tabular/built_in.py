"""The built-in table: 442 patients with diabetes, which scikit-learn ships, in the units of its source."""

from typing import cast

REPOSITORY, FILE = "sklearn-diabetes", "diabetes.csv"


def built_in() -> dict[str, bytes]:
    """The file of a commit, by path: ten columns and `progression`, a year later; always the same bytes.

    Efron, Hastie, Johnstone and Tibshirani, Least Angle Regression, 2004;
    https://scikit-learn.org/stable/datasets/toy_dataset.html#diabetes-dataset
    """
    from sklearn.datasets import load_diabetes
    from sklearn.utils import Bunch

    found = cast("Bunch", load_diabetes(scaled=False))
    rows = zip(found.data.tolist(), found.target.tolist(), strict=True)
    lines = [[*found.feature_names, "progression"], *([*map(repr, row), repr(value)] for row, value in rows)]
    return {FILE: "".join(",".join(line) + "\n" for line in lines).encode()}
