"""A real browser for the pages: Chromium, found by tests/run.py."""

import os
import pathlib

import pytest

from tests.web.review_site import serving

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
def open_page(browser):
    """A function that opens a page of a browser profile of its own, which remembers requests and faults."""
    contexts = []

    def open_one(width=1440, height=900, **options):
        context = browser.new_context(viewport={"width": width, "height": height}, **options)
        contexts.append(context)
        opened = context.new_page()
        opened.set_default_timeout(20_000)
        opened.requested, opened.faults = [], []
        opened.on("request", lambda request: opened.requested.append(request.url))
        opened.on("pageerror", lambda error: opened.faults.append(str(error)))
        opened.on("console", lambda said: said.type == "error" and opened.faults.append(said.text))
        return opened

    yield open_one
    for context in contexts:
        context.close()


@pytest.fixture
def page(open_page):
    """A page on a desk that remembers what it asked for and what went wrong on it."""
    return open_page()


@pytest.fixture(scope="module")
def new_site(tmp_path_factory):
    """A function that makes a review on a server of its own, kept for the module."""
    opened = []

    def make(**values):
        context = serving(tmp_path_factory.mktemp("site"), **values)
        site = context.__enter__()
        opened.append(context)
        return site

    yield make
    for context in reversed(opened):
        context.__exit__(None, None, None)


@pytest.fixture(scope="session")
def axe():
    """The source of axe-core, which looks for faults of accessibility."""
    folder = os.environ.get("FTRACK_REVIEW_OFFICIAL_JAVASCRIPT", "")
    path = pathlib.Path(folder) / "node_modules" / "axe-core" / "axe.min.js"
    if not path.is_file():
        pytest.fail("FTRACK_REVIEW_OFFICIAL_JAVASCRIPT names no folder with axe-core: use tests/run.py")
    return path.read_text("utf-8")
