"""Every page, at the width of a phone and of a desk, by day and night: axe and the browser say nothing."""

import pytest

from pylib.web.menu import MENU
from tests.web.browsing import SCHEMES, SIZES, visitor

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("scheme", SCHEMES)
def test_every_page(browser, site, size, scheme):
    with visitor(browser, site, size=size, scheme=scheme) as person:
        assert person.page.url == site.url + "/"
        led_to = person.page.locator("nav a").all_text_contents()
        assert led_to[0] == "Ask"
        assert led_to == [entry.title for entry in MENU if entry.title in led_to]
        for title in led_to:
            person.page.get_by_role("navigation").get_by_role("link", name=title, exact=True).click()
            person.looked_at()


def test_a_link_signs_in_once(browser, site):
    context = browser.new_context()
    page = context.new_page()
    page.goto(site.link)
    assert page.url == site.url + "/"
    again = browser.new_context().new_page()
    again.goto(site.link)
    assert "used before" in again.get_by_role("alert").text_content()
    page.get_by_role("button", name="Sign out").click()
    page.goto(site.url)
    assert page.get_by_label("Password").is_visible()
    context.close()
