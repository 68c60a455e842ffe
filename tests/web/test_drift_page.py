"""The page of `pylib drift` in a browser: each chart is whole on a phone, too."""

import pytest

from pylib.drift.compare import Drift
from pylib.drift.report import render
from tests.web.browsing import SIZES

pytestmark = pytest.mark.slow
RANGES = tuple(f"{low / 10:.3g} to {(low + 1) / 10:.3g}" for low in range(10))
INSIDE = """svg => {
  const whole = svg.getBoundingClientRect();
  return [...svg.querySelectorAll("text, rect")].every(each => {
    const box = each.getBoundingClientRect();
    return box.left >= whole.left && box.right <= whole.right && box.bottom <= whole.bottom;
  });
}"""


@pytest.mark.parametrize("size", SIZES)
def test_the_charts_are_whole(browser, size):
    drifts = [
        Drift("brightness", RANGES, (10,) * 10, (*(0,) * 9, 70), 0.3, 0.2),
        Drift("label", ("a class with quite a long name", "b"), (50, 50), (30, 40), 0.01, 0.2),
    ]
    width, height = SIZES[size]
    page = browser.new_page(viewport={"width": width, "height": height})
    page.set_content(render("inks", "0" * 64, "yesterday", drifts))
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    charts = page.locator("svg")
    assert charts.first.locator("rect").count() == 2 * len(RANGES)
    assert charts.evaluate_all(f"all => all.map({INSIDE})") == [True, True]
    page.close()
