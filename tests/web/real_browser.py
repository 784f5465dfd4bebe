"""The page in a real browser: built once, served on the loopback address, with a camera that plays a file."""

import importlib.util
import shutil
import subprocess

import pytest
from conftest import REPOSITORY, SHARED

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--use-fake-device-for-media-stream",
]  # fmt: skip
READY = "html[data-state=ready]"
# The machine may be busy with other things.
PATIENCE = 90_000


@pytest.fixture(scope="session")
def build():
    """web/build.py as a module."""
    specification = importlib.util.spec_from_file_location("web_build", REPOSITORY / "web" / "build.py")
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def page_folder(build, tmp_path_factory):
    """The folder that web/build.py has filled."""
    pytest.importorskip("playwright", reason="the page's tests need playwright: pip install -r requirements-dev.txt")
    if shutil.which("npm") is None:
        pytest.skip("the page's tests need npm, which is not installed (Debian: apt-get install npm)")
    if CHROMIUM is None:
        pytest.skip("the page's tests need a browser (Debian: apt-get install chromium)")
    folder = tmp_path_factory.mktemp("page") / "dist"
    try:
        build.build(folder)
    except subprocess.CalledProcessError as error:
        pytest.skip(f"npm cannot fetch the page's packages here ({error})")
    return folder


@pytest.fixture(scope="session")
def address(build, page_folder):
    """The page's address."""
    with build.serve(page_folder) as address:
        yield address


@pytest.fixture(scope="session")
def camera_film(page_folder, tmp_path_factory):
    """What the camera shows, as a file of JPEG pictures: the clip in ../shared, or else a portrait."""
    from benchmarks.web import write_film

    clip, path = SHARED / "media" / "clip.mp4", tmp_path_factory.mktemp("camera") / "film.mjpeg"
    write_film(clip if clip.is_file() else None, path)
    return path


@pytest.fixture(scope="session")
def browser(page_folder, camera_film):
    """Chromium without a window."""
    from playwright.sync_api import sync_playwright

    flags = [*FLAGS, f"--use-file-for-fake-video-capture={camera_film}"]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, headless=True, args=flags)
        yield browser
        browser.close()


@pytest.fixture
def page_with_two_cameras(browser, address):
    """The page in a browser that has two cameras, which show moving shapes."""
    flags = [flag.replace("media-stream", "media-stream=device-count=2") for flag in FLAGS]
    other = browser.browser_type.launch(executable_path=CHROMIUM, headless=True, args=flags)
    page = other.new_context(permissions=["camera"]).new_page()
    page.set_default_timeout(PATIENCE)
    page.goto(address)
    page.wait_for_selector(READY)
    yield page
    other.close()


@pytest.fixture
def open_page(browser, address):
    """Return a function that opens the page as a new visitor: open_page(camera=True, **what the visitor has)."""
    contexts = []

    def open_page(camera=True, to=address, **options):
        context = browser.new_context(permissions=["camera"] if camera else [], accept_downloads=True, **options)
        contexts.append(context)
        context.set_default_timeout(PATIENCE)
        page = context.new_page()
        page.requested, page.errors = [], []
        context.on("request", lambda request: page.requested.append(request.url))
        page.on("pageerror", lambda error: page.errors.append(str(error)))
        page.goto(to)
        page.wait_for_selector(READY)
        return page

    yield open_page
    for context in contexts:
        context.close()
