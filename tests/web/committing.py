"""The end of a commit that a person asked the page for."""

from playwright.sync_api import Page

_PATIENCE = 180_000  # milliseconds: the checks load TensorFlow


def committed(page: Page) -> str:
    """Wait until the page says what became of it; return its heading."""
    page.locator("main:not(:has([data-poll])) h1").wait_for(timeout=_PATIENCE)
    return page.locator("h1").inner_text()
