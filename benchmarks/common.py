"""What the benchmarks share: times, where they were measured, and a picture that plays as a video."""

import os
import platform
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from emotion_recognition.images import read_picture

PROJECT = Path(__file__).resolve().parent.parent
PORTRAIT = PROJECT / "docs" / "grace_hopper.jpg"
PORTRAIT_FACE = slice(60, 360), slice(110, 410)
# So many frames a picture stands still, and so many of them a second.
STILL_FRAMES, FRAME_RATE = 20, 25.0


def still_frames(picture: np.ndarray) -> Iterator[tuple[np.ndarray, float]]:
    """Yield a picture, uint8 (height, width, 3), again and again, and the time in seconds."""
    for number in range(STILL_FRAMES):
        yield picture.copy(), number / FRAME_RATE


def portraits(number: int) -> np.ndarray:
    """Return a picture, uint8 (720, 1280, 3), with so many portraits of one face."""
    face = cv2.resize(read_picture(PORTRAIT)[PORTRAIT_FACE], (140, 140), interpolation=cv2.INTER_AREA)
    picture = np.full((720, 1280, 3), 200, np.uint8)
    for place in range(number):
        top, left = 2 + 144 * (place // 8), 2 + 160 * (place % 8)
        picture[top : top + 140, left : left + 140] = face
    return picture


def measure(seconds: list[float], work: Callable[..., Any], *arguments: Any, **options: Any) -> Any:
    """Return what a call returns, and append the seconds that it took."""
    started = time.perf_counter()
    result = work(*arguments, **options)
    seconds.append(time.perf_counter() - started)
    return result


def where() -> str:
    """Return in a sentence which commit was measured and on what, since figures mean little without it."""
    git = ["git", "-C", str(PROJECT), "describe", "--always", "--dirty"]
    try:
        commit = subprocess.run(git, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        commit = "unknown"
    machine = f"{platform.system()}, {platform.machine()}, {os.cpu_count()} cores"
    return f"At commit {commit}, with Python {platform.python_version()} and OpenCV {cv2.__version__}, on {machine}."
