"""Every page at the widths of a phone and of a desk, by day and night: axe and the browser say nothing."""

import shutil
import subprocess

import pytest

from pylib.release.manifest import Manifest
from pylib.serving.repository import manifest
from pylib.web.menu import MENU
from tests.web.browsing import SCHEMES, SIZES, running, visitor

pytestmark = pytest.mark.slow
ANN = ("-c", "user.name=Ann", "-c", "user.email=ann@example.org")


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("scheme", SCHEMES)
def test_every_page(browser, site, size, scheme):
    with visitor(browser, site, size=size, scheme=scheme) as person:
        pages = person.page.get_by_role("navigation", name="Pages")
        led_to = pages.get_by_role("link").all_text_contents()
        assert led_to[:2] == ["Ask", "Contribute"]
        assert led_to == [entry.title for entry in MENU if entry.title in led_to]
        for title in led_to:
            pages.get_by_role("link", name=title, exact=True).click()
            person.looked_at()


@pytest.mark.parametrize(("size", "scheme"), [("phone", "dark"), ("desk", "light")])
@pytest.mark.parametrize("model", ["classification", "segmentation"])
def test_an_answer(browser, site, size, scheme, model):
    with visitor(browser, site, size=size, scheme=scheme) as person:
        person.open(f"/?model={model}").get_by_role("button", name="sample 1").click()
        person.looked_at()
        person.page.get_by_role("radio", name="wrong").check()
        person.looked_at()


def test_what_runs_and_is_not_what_git_names_is_said(browser, site, output):
    gitops, said = output / "gitops", "still answers with model"
    path = gitops / manifest("classification")
    before = path.read_text()
    digest = Manifest(before, path).values.digest

    def commit():
        for command in (["init", "-q"], ["add", "-A"], [*ANN, "commit", "-qm", "Release"]):
            subprocess.run(["git", "-C", gitops, *command], check=True)

    try:
        commit()
        with visitor(browser, site) as person:
            assert said not in person.open("/?model=classification").get_by_role("main").inner_text()
            path.write_text(before.replace(digest, "e" * 64))
            commit()
            for place in ("/?model=classification", "/models", "/models/classification"):
                notice = person.open(place).locator(".notice", has_text=said).inner_text()
                assert f"{said} {digest[:12]}, where Git names {'e' * 12}" in notice
                person.looked_at()
    finally:
        path.write_text(before)
        shutil.rmtree(gitops / ".git")


def test_where_nothing_is_there_yet_the_page_says_what_to_run(browser, tmp_path):
    with running(tmp_path) as page, visitor(browser, page, size="phone") as person:
        assert "pylib serve --detach" in person.page.get_by_role("main").text_content()
        person.looked_at()
        assert "pylib data ingest" in person.open("/contribute").get_by_role("main").text_content()
        person.looked_at()


def test_the_password_signs_in(browser, site):
    page = browser.new_context().new_page()
    page.goto(f"{site.url}/contribute")
    page.get_by_label("Password").fill("wrong")
    page.get_by_role("button", name="Sign in").click()
    assert "not the password" in page.get_by_role("alert").text_content()
    page.get_by_label("Password").fill(site.password)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(f"{site.url}/contribute")
    page.context.close()


def test_a_link_signs_in_once(browser, tmp_path):
    with running(tmp_path) as page:
        first, second = (browser.new_context().new_page() for _ in range(2))
        first.goto(page.link)
        assert first.url == page.url + "/"
        second.goto(page.link)
        assert "used before" in second.get_by_role("alert").text_content()
        first.get_by_role("button", name="Sign out").click()
        first.wait_for_url(page.url + "/login")
        first.goto(page.url)
        assert first.get_by_label("Password").is_visible()
