"""A headless Chromium in which nothing from elsewhere is loaded and every request is written down."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
VIEWS = [("light", 1100), ("dark", 1100), ("light", 360), ("dark", 360)]
OUTSIDE = ("http:", "https:", "ws:", "wss:")


def _give_up(reason: str) -> None:
    """Skip, or fail where a browser is required."""
    if os.environ.get("PAINSYNTH_REQUIRE_BROWSER", "") not in ("", "0"):
        pytest.fail(f"{reason}; PAINSYNTH_REQUIRE_BROWSER asks for it", pytrace=False)
    pytest.skip(reason)


def _program(playwright) -> str | None:
    """Path of a Chromium: the system's, else the one that Playwright has installed."""
    own = Path(playwright.chromium.executable_path)
    return next(filter(None, map(shutil.which, NAMES)), None) or (str(own) if own.exists() else None)


@pytest.fixture(scope="session")
def browser():
    """One headless browser for all tests."""
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        _give_up("Playwright is not installed: pip install playwright")
    with sync_playwright() as playwright:
        program = _program(playwright)
        if program is None:
            _give_up("there is no Chromium: apt-get install chromium, or python -m playwright install chromium")
        # Without a sandbox: containers of continuous integration run as root. Only our own files are opened.
        running = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield running
        running.close()


@pytest.fixture
def open_page(browser):
    """Open a file or HTML text: `open_page(path, scheme="dark", width=360)`; what it asked for is in `page.asked`."""
    contexts = []

    def open_it(what: Path | str, *, scheme: str = "light", width: int = 1100):
        context = browser.new_context(color_scheme=scheme, viewport={"width": width, "height": 900})
        contexts.append(context)
        asked: list[str] = []

        def refuse(route):
            asked.append(route.request.url)
            route.abort()

        context.route(lambda url: url.startswith(OUTSIDE), refuse)
        page = context.new_page()
        page.asked, page.said = asked, []
        page.on("console", lambda message: page.said.append(message.text))
        page.on("pageerror", lambda error: page.said.append(str(error)))
        if isinstance(what, Path):
            page.goto(what.resolve().as_uri())
        else:
            page.set_content(what)
        return page

    yield open_it
    for context in contexts:
        context.close()


@pytest.fixture
def violations():
    """What axe-core finds wrong with a page, in words; everything folded is unfolded first."""
    module = pytest.importorskip("axe_playwright_python.sync_playwright", reason="pip install axe-playwright-python")

    def find(page) -> list[str]:
        page.evaluate("document.querySelectorAll('details').forEach(part => part.open = true)")
        found = module.Axe().run(page).response["violations"]
        return [f"{rule['id']}: {rule['help']}: {node['html'][:160]}" for rule in found for node in rule["nodes"]]

    return find
