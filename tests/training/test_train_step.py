"""One step on one device, on two, and in mixed precision, with a model small enough to compare exactly."""

import subprocess
import sys
from collections.abc import Callable

import keras
import numpy as np
import pytest
import tensorflow as tf

from pylib.provenance.materials import ROOT
from pylib.tasks.task import find
from pylib.training.precision import Setting, build_optimizer, choose_policy, dtype_policy
from pylib.training.train_step import TrainStep

RATE = np.float32(0.01)
# Only possible before TensorFlow's first operation, so while tests are collected: two logical devices on this
# processor, on which MirroredStrategy does what it does on two GPUs.
tf.config.set_logical_device_configuration(
    tf.config.list_physical_devices("CPU")[0], [tf.config.LogicalDeviceConfiguration()] * 2
)


@pytest.fixture(scope="module")
def two_devices() -> tf.distribute.Strategy:
    return tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])


def small_model() -> keras.Model:
    keras.utils.set_random_seed(0)
    image = keras.Input((None, None, 3), dtype="uint8")
    x = keras.layers.Rescaling(1 / 255)(image)
    x = keras.layers.Conv2D(4, 3, padding="same", activation="relu", name="first")(x)
    return keras.Model(image, keras.layers.Conv2D(3, 1, dtype="float32", name="last")(x))


def make_steps(
    strategy: tf.distribute.Strategy,
    setting: Setting = "off",
    slow: float = 1.0,
    build: Callable[[], keras.Model] = small_model,
) -> TrainStep:
    policy = choose_policy(setting)
    with strategy.scope(), dtype_policy(policy):
        model = build()
        first = {each.path: slow for each in model.trainable_variables if each.path.startswith("first")}
        optimizer = build_optimizer(policy, model.trainable_variables, 0.0, first)
    return TrainStep(model, find("segmentation").objective, optimizer, strategy)


def batch() -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(0)
    return (
        random.integers(0, 256, (4, 8, 8, 3), dtype=np.uint8),
        random.integers(0, 3, (4, 8, 8), dtype=np.uint8),
    )


def deep_model() -> keras.Model:
    """What sees the other items of a batch, or draws for each of them."""
    keras.utils.set_random_seed(0)
    image = keras.Input((8, 8, 3), dtype="uint8")
    x = keras.layers.Conv2D(8, 3, padding="same", use_bias=False)(keras.layers.Rescaling(1 / 255)(image))
    x = keras.layers.ReLU()(keras.layers.BatchNormalization()(x))
    inner = keras.Input((8, 8, 8))
    part = keras.Model(
        inner, keras.layers.BatchNormalization()(keras.layers.Dropout(0.3)(inner)), name="part"
    )
    x = keras.layers.SpatialDropout2D(0.5)(part(x))
    return keras.Model(image, keras.layers.Conv2D(3, 1, dtype="float32")(x))


def distributed(strategy: tf.distribute.Strategy, size: int = 4) -> "tf.distribute.DistributedDataset":
    dataset = tf.data.Dataset.from_tensor_slices(batch()).batch(size)
    return strategy.experimental_distribute_dataset(dataset)


def weights_after(steps: TrainStep, count: int) -> list[np.ndarray]:
    (inputs,) = distributed(steps.strategy)
    for _ in range(count):
        assert np.isfinite(steps.train(*inputs, tf.constant(RATE)))
    return [variable.numpy() for variable in steps.model.trainable_variables]


def test_two_devices_take_the_step_that_one_takes(two_devices: tf.distribute.Strategy) -> None:
    assert two_devices.num_replicas_in_sync == 2
    one = make_steps(tf.distribute.get_strategy())
    two = make_steps(two_devices)
    (inputs,) = distributed(two_devices)
    assert float(two.train(*inputs, tf.constant(RATE))) == pytest.approx(
        float(one.train(*batch(), tf.constant(RATE))), rel=1e-5
    )
    for alone, together in zip(weights_after(one, 2), weights_after(two, 2), strict=True):
        np.testing.assert_allclose(together, alone, atol=1e-5)


def test_normalisation_and_dropout_on_two_devices_are_of_the_whole_batch(
    two_devices: tf.distribute.Strategy,
) -> None:
    one, two = (make_steps(each, build=deep_model) for each in (tf.distribute.get_strategy(), two_devices))
    (inputs,) = distributed(two_devices)
    for _ in range(3):
        alone, together = one.train(*batch(), tf.constant(RATE)), two.train(*inputs, tf.constant(RATE))
        assert float(together) == pytest.approx(float(alone), rel=1e-5)
    for expected, found in zip(
        one.model.variables, two.model.variables, strict=True
    ):  # of moments, of seeds too
        np.testing.assert_allclose(found.numpy(), expected.numpy(), atol=1e-4)
    replicas = two_devices.experimental_local_results
    for variable in two.model.variables:
        first, second = (each.numpy() for each in replicas(variable.value))
        np.testing.assert_array_equal(first, second)


def test_validation_counts_every_pixel_once_on_any_number_of_devices(
    two_devices: tf.distribute.Strategy,
) -> None:
    one, two = make_steps(tf.distribute.get_strategy()), make_steps(two_devices)
    batches = tf.data.Dataset.from_tensor_slices(batch()).batch(3)  # the last one has fewer than two images
    expected = one.measure(batches)
    assert expected.sum() == 4 * 8 * 8
    np.testing.assert_array_equal(two.measure(batches), expected)


LEARNS = """
import sys
from tests.training.test_train_step import learns_in_float32_variables
from pylib.training.config import training_config
from pylib.training.environment import prepare_environment
prepare_environment(training_config("segmentation", mixed_precision=sys.argv[1]))
learns_in_float32_variables(sys.argv[1])
"""


@pytest.mark.parametrize("setting", ["float16", "bfloat16"])
def test_mixed_precision_learns_in_float32_variables(setting: Setting) -> None:
    """In a process of its own, as a run is: oneDNN keeps what its first operation was held to."""
    done = subprocess.run(
        [sys.executable, "-c", LEARNS, setting], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]


def learns_in_float32_variables(setting: Setting) -> None:
    steps = make_steps(tf.distribute.get_strategy(), setting)
    before = [variable.numpy() for variable in steps.model.trainable_variables]
    after = weights_after(steps, 2)
    assert steps.model.get_layer("first").compute_dtype == setting
    assert steps.model.output.dtype == "float32"
    assert {array.dtype for array in after} == {np.dtype("float32")}
    assert all(not np.array_equal(old, new) for old, new in zip(before, after, strict=True))
    assert keras.config.dtype_policy().name == "float32"


def test_slow_variables_move_by_their_share() -> None:
    def moved(slow: float) -> dict[str, float]:
        steps = make_steps(tf.distribute.get_strategy(), slow=slow)
        before = [variable.numpy() for variable in steps.model.trainable_variables]
        after = weights_after(steps, 1)
        names = [variable.path for variable in steps.model.trainable_variables]
        return {name: float(np.abs(b - a).max()) for name, b, a in zip(names, before, after, strict=True)}

    full, part = moved(1.0), moved(0.1)
    for name, distance in full.items():
        assert part[name] == pytest.approx(distance * (0.1 if name.startswith("first") else 1.0), rel=1e-3)


def test_without_a_gpu_auto_is_float32() -> None:
    assert not tf.config.list_physical_devices("GPU")
    assert choose_policy("auto") == "float32"
