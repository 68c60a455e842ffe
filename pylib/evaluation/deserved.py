"""What evaluation.json has of the confidence with and without the calibration, and what gates ask of it."""

from collections.abc import Mapping

from pydantic import Field

from pylib.evaluation.calibration import Reliability, expected_calibration_error
from pylib.evaluation.class_metrics import Bin, bins
from pylib.evaluation.intervals import Bounds, upper_bounds
from pylib.evaluation.record import Share
from pylib.records import Record

ERROR = "expected_calibration_error"
CALIBRATION_METRICS = (f"{ERROR}.upper", "uncalibrated_error", "calibration_gain")
"""`expected_calibration_error.upper` is the upper bound of its 95 % interval, `uncalibrated_error` the error
without the model's calibration, and `calibration_gain` by how much the calibration lowers it."""


class Before(Record):
    """The same network on the same test items without its calibration."""

    expected_calibration_error: Share
    reliability: list[Bin] = Field(min_length=1)


def before(found: Reliability) -> Before | None:
    """Of decisions without the calibration; None where nobody asked for them."""
    if not found.counts.sum():
        return None
    return Before(expected_calibration_error=expected_calibration_error(found), reliability=bins(found))


def calibration_values(
    error: float, found: Mapping[str, Bounds], without: Before | None
) -> dict[str, float | None]:
    """What CALIBRATION_METRICS names; None where the model has no calibration."""
    former = without.expected_calibration_error if without else None
    gain = None if former is None else former - error
    return {**upper_bounds(found, [ERROR]), "uncalibrated_error": former, "calibration_gain": gain}
