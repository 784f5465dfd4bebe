"""Make docs/browser.png anew: the page with the portrait, and what decides for it.

python web/picture.py    needs npm, a browser, and Playwright (requirements-dev.txt)
"""

import shutil
import tempfile
from pathlib import Path

from build import PROJECT, build, serve
from playwright.sync_api import sync_playwright

BROWSERS = ("chromium", "chromium-browser", "google-chrome")


def main():
    path = next(filter(None, map(shutil.which, BROWSERS)), None)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        build(Path(folder) / "dist")
        with serve(Path(folder) / "dist") as address:
            browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
            page = browser.new_page(viewport={"width": 1100, "height": 800})
            page.goto(address)
            page.wait_for_selector("html[data-state=ready]")
            page.set_input_files("#files", PROJECT / "docs" / "grace_hopper.jpg")
            page.wait_for_selector("#faces li")
            page.keyboard.press("h")
            page.wait_for_selector("#heat-key:not([hidden])")
            page.screenshot(path=PROJECT / "docs" / "browser.png")
            browser.close()
    print("Wrote docs/browser.png")


if __name__ == "__main__":
    main()
