"""Models in a browser: the history of releases, versions, two on one picture, promotion and the way back."""

import pytest

from pylib.release.git import Git
from pylib.release.models import read_values
from tests.registry.conftest import (
    bare_machine,
    commit_all,
    in_git,
    judged,
    new_database,
    places,
    put,
    source,
    trained,
)
from tests.web.browsing import SCHEMES, SIZES
from tests.web.people import behind_gateway, someone
from tests.web.served import picture

FIXTURES = (bare_machine, commit_all, in_git, judged, new_database, places, put, source, trained)

pytestmark = pytest.mark.slow
PATHS = (
    "",
    "/segmentation",
    "/segmentation/versions/1",
    "/segmentation/compare?one=1&other=2",
    "/segmentation/promote?version=1",
    "/segmentation/rollback",
)


@pytest.fixture
def released(tmp_path, put, source, in_git):
    """Two releases, of which the second is served, and one that the gate refused."""
    in_git(source, "config", "receive.denyCurrentBranch", "ignore")
    found = put("first"), put("second")
    put("third", iou=0.1)
    return found


@pytest.fixture
def page_at(tmp_path, released, source):
    with behind_gateway(tmp_path, tmp_path / "roles.yaml", PYLIB_RELEASE_SOURCE=str(source)) as url:
        yield url


def test_models_are_looked_at_compared_rolled_back_and_promoted(browser, page_at, tmp_path, released):
    first, second = released
    for size in SIZES:
        for scheme in SCHEMES:
            with someone(browser, page_at, "dora", size=size, scheme=scheme) as dora:
                for path in PATHS:
                    dora.open(f"/models{path}")
                    dora.looked_at()
    with someone(browser, page_at, "dora") as dora:
        page = dora.open("/models")
        assert second[:12] in page.locator(".cards").inner_text()
        assert "3, of which the gate refused 1" in page.locator(".cards").inner_text()
        assert "mean IoU 0.8" in page.locator(".cards").inner_text()
        page.get_by_role("main").get_by_role("link", name="segmentation").click()
        subjects = page.locator(".steps strong").all_inner_texts()
        assert [text.split(",")[0] for text in subjects] == [
            f"Release segmentation {second[:12]}",
            f"Release segmentation {first[:12]}",
        ]
        chosen = [page.get_by_label(each, exact=True).input_value() for each in ("One", "The other")]
        assert chosen == ["2", "3"]
        assert page.locator("tbody .tag").all_inner_texts() == ["rejected", "passed", "passed"]
        assert page.get_by_role("link", name="Promote version 3").count() == 0
        dora.open("/models/segmentation/versions/2")
        names = page.get_by_role("region", name="Figures", exact=True).locator("tbody th").all_inner_texts()
        assert names == ["expected calibration error", "images", "mean IoU"]
        assert "per_class" in page.locator("details").text_content()
        compare(dora)
        roll_back_and_promote(dora, tmp_path / "gitops", first, second)
    with someone(browser, page_at, "ann") as ann:
        page = ann.open("/models/segmentation")
        assert page.get_by_role("link", name="Promote").count() == 0
        ann.open("/models/segmentation/rollback")
        assert "this page is for admins" in page.get_by_role("alert").inner_text()
        ann.complaints.clear()  # the browser's own line about the 403


def compare(dora):
    page = dora.open("/models/segmentation/compare?one=1&other=2")
    names = page.get_by_role("region", name="Figures", exact=True).locator("tbody th").all_inner_texts()
    assert names == ["expected calibration error", "images", "mean IoU"]
    more = page.locator("details tbody th").all_text_contents()
    assert "IoU of the worst class" in more
    assert not [name for name in [*names, *more] if "_" in name]
    image = {"name": "grey.png", "mimeType": "image/png", "buffer": picture(90)}
    page.get_by_label("A picture that both").set_input_files(image)
    page.wait_for_url("**image=**")
    dora.looked_at()
    assert page.locator("section h3").all_inner_texts() == ["Version 1", "Version 2, champion"]
    for drawn in page.locator("section img").all():
        assert drawn.evaluate("image => image.decode().then(() => image.naturalWidth)") >= 320


def roll_back_and_promote(dora, gitops, first, second):
    page = dora.open("/models/segmentation")
    page.get_by_role("link", name=f"Roll back to {first[:12]}").click()
    page.get_by_role("button", name="Roll back").click()
    assert "released again" in page.get_by_role("status").inner_text()
    assert read_values(Git(gitops), "segmentation").digest == first
    page.get_by_role("link", name="Promote version 2").click()
    page.get_by_role("button", name="Promote it").click()
    assert "Released" in page.get_by_role("status").inner_text()
    assert read_values(Git(gitops), "segmentation").digest == second
