"""A real browser for the pages: Chromium, found by tests/run.py."""

import os

import pytest

ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--autoplay-policy=no-user-gesture-required",
]


@pytest.fixture(scope="module")
def browser():
    """A browser for one module: while Playwright is open, no other test can run an event loop."""
    path = os.environ.get("FTRACK_REVIEW_CHROMIUM")
    if not path:
        pytest.fail("FTRACK_REVIEW_CHROMIUM names no Chromium: use tests/run.py")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        yield launched
        launched.close()


@pytest.fixture
def page(browser):
    """A page that remembers what it asked for and what went wrong on it."""
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    opened = context.new_page()
    opened.requested, opened.faults = [], []
    opened.on("request", lambda request: opened.requested.append(request.url))
    opened.on("pageerror", lambda error: opened.faults.append(str(error)))
    opened.on(
        "console", lambda message: opened.faults.append(message.text) if message.type == "error" else None
    )
    yield opened
    context.close()
