"""Images and numbers to a released linear model: prepare, train, evaluate, release.

pylib run brightness --data photos@master
"""

from kfp import dsl

from components.evaluate import evaluate
from components.prepare import prepare
from components.release import release
from components.train import train

NAME = TASK = "brightness"


@dsl.pipeline(name=NAME, description="Images and numbers to a released linear model")
def brightness(data: str, image_size: int = 0, seed: int = 0, options: dict = {}) -> None:  # type: ignore[type-arg]  # noqa: B006
    """Train, judge and release.

    Args:
        data: repository@commit in the versioned store; `pylib run` takes a branch as well.
        image_size: side of the square to learn from, in pixels; 0: 16.
        seed: of the order.
        options: other hyper-parameters by name, such as {"epochs": 10}.
    """
    shards = prepare(data=data, image_size=image_size).outputs["shards"]
    model = train(shards=shards, seed=seed, options=options).outputs["model"]
    evaluated = evaluate(shards=shards, model=model, pipeline=NAME)
    release(model=model, evaluation=evaluated.outputs["evaluation"], data=data, pipeline=NAME)
