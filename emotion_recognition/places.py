"""Where files lie that no command names: those that come with the project, and the folder for what is kept aside."""

import os
import sys
from pathlib import Path


def shipped(name: str) -> Path:
    """Return where a file that comes with the project lies: inside the installed package, else beside the scripts."""
    package = Path(__file__).resolve().parent
    return package / name if (package / name).exists() else package.parent / name


def cache_folder() -> Path:
    """Return the folder in which this system keeps what can be made, or fetched, again."""
    if sys.platform == "win32":
        base = os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local"
    elif sys.platform == "darwin":
        base = Path.home() / "Library" / "Caches"
    else:
        base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "emotion-recognition"
