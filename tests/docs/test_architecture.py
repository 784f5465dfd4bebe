"""The page on the architecture names every module."""

import re

from conftest import REPOSITORY


def test_the_page_names_every_module_and_script():
    page = (REPOSITORY / "docs/architecture.md").read_text()
    named = {name.rpartition(".")[2] for name in re.findall(r"`([a-z0-9_.]+)`", page.replace(".py`", "`"))}
    modules = {path.stem for path in (REPOSITORY / "emotion_recognition").rglob("*.py")} - {"__init__"}
    scripts = {path.stem for path in REPOSITORY.glob("*.py")}
    assert sorted((modules | scripts) - named) == []
