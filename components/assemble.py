"""Heads to one model: the best is chosen, calibrated, and exported with its backbone."""

from typing import List  # noqa: UP035  # KFP reads no `list[Model]`

from kfp.dsl import Dataset, Input, Model, Output

from components import component


@component
def assemble(
    shards: Input[Dataset],
    features: Input[Dataset],
    heads: Input[List[Model]],  # noqa: UP006
    model: Output[Model],
    weights: str = "none",
    target_precision: float = 0.95,
    fine_tune: int = 0,
    seed: int = 0,
    options: dict = {},  # type: ignore[type-arg]  # noqa: B006  # KFP knows no parameters of a dict
    search: dict = {},  # type: ignore[type-arg]  # noqa: B006
) -> None:
    """Choose a head, calibrate it, fine-tune where asked, and export one graph.

    Args:
        shards: what `prepare` made; its test split is not read.
        features: what `features` made of them.
        heads: what `fit_head` made, each of the same features.
        model: specification, weights, leaderboard, and model.onnx, which is what is served.
        weights: the backbone's, as `features` had them.
        target_precision: share of right answers among those that are not unsure; 0: no answer is unsure.
        fine_tune: how many of the backbone's last blocks learn further with a dense head; 0: none.
        seed: of order and augmentation in fine-tuning.
        options: other hyper-parameters of fine-tuning by name, such as {"epochs": 5}.
        search: which search found the head, for the record: its experiment, sha256 and trial.
    """
    from pathlib import Path

    from pylib.steps.assemble import assemble

    # KFP's messages know one kind of number: whole ones may come as floats.
    assemble(
        Path(shards.path),
        Path(features.path),
        [Path(head.path) for head in heads],
        Path(model.path),
        weights=weights,
        target_precision=target_precision,
        fine_tune=int(fine_tune),
        seed=int(seed),
        options=options,
        search=search,
    )
