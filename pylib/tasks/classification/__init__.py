"""A class for each image: folders of images or a table of labels, a head on a backbone, macro F1."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:  # what the type checker holds this task's modules to
    from pylib.tasks import aspects
    from pylib.tasks.classification import (
        answer,
        checks,
        features,
        heads,
        judgement,
        layout,
        network,
        objective,
        records,
        sample,
    )

    _layout: aspects.LayoutReader = layout
    _checks: aspects.Checks = checks
    _records: aspects.Records = records
    _sample: aspects.Sample = sample
    _objective: aspects.Objective = objective
    _network: aspects.Network = network
    _features: aspects.Features = features
    _heads: aspects.Heads = heads
    _judgement: aspects.Judgement = judgement
    _answer: aspects.Answer = answer
