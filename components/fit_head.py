"""Features to one fitted head; side by side with the others."""

from kfp.dsl import Dataset, Input, Model, Output

from components import component


@component
def fit_head(features: Input[Dataset], name: str, head: Output[Model], seed: int = 0) -> None:
    """Fit a head, its parameters chosen by cross-validation on the train split.

    Args:
        features: what `features` made; its train and validation splits are read.
        name: logistic, dense, dense_sgd, boosting, svm, knn_7 or knn_3.
        head: its arrays, what it is, and its figures on the validation split.
        seed: of folds, first weights and order.
    """
    from pathlib import Path

    from pylib.steps.fit_head import fit_head

    # KFP's messages know one kind of number: whole ones may come as floats.
    fit_head(Path(features.path), Path(head.path), name=name, seed=int(seed))
