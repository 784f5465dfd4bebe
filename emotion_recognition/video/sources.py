"""Where frames come from: pictures, folders of them, video files, streams and cameras."""

import logging
import os
from collections.abc import Generator, Iterable, Sequence
from pathlib import Path

from emotion_recognition.errors import UserError, as_line
from emotion_recognition.images import read_picture, readable_suffixes, why_not_a_picture
from emotion_recognition.video.capture import Frame, Source, Video

logger = logging.getLogger(__name__)

# fmt: off
VIDEO_SUFFIXES = (
    ".mp4", ".avi", ".mov", ".mkv", ".webm", ".m4v", ".mpg", ".mpeg", ".wmv", ".3gp", ".flv", ".mts", ".m2ts",
    ".ts", ".vob", ".ogv", ".asf", ".3g2",
)
# fmt: on
# A folder may hold thousands of other files: so many are named one by one.
MOST_SKIPPED_NAMED = 20


class Unreadable(Source):
    """A name behind which nothing can be read: who reads it is told the reason."""

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(name)
        self.reason = reason

    def _read(self) -> Generator[Frame]:
        raise UserError(self.reason)
        # Makes this a generator: the error is raised when frames are asked for, not before.
        yield


class Picture(Source):
    """A picture file: one frame."""

    path: Path

    def __init__(self, path: Path, name: str, place: Path | None = None) -> None:
        super().__init__(name, place)
        self.path = path

    def _read(self) -> Generator[Frame]:
        yield Frame(read_picture(self.path), 0, 0.0)


def find_sources(
    names: Sequence[str],
    camera: int | None = None,
    resolution: tuple[int, int] | None = None,
    output: str | Path | None = None,
) -> list[Source]:
    """Return the sources that a person named, or else the camera (the first), asked for a `resolution` (width, height).

    Names that cannot be read become sources whose reading raises UserError. What is skipped in a folder is logged;
    what lies in `output` is left out of folders silently: it is what an earlier run has written.
    """
    if not names:
        camera = camera or 0
        return [Video(camera, f"Camera {camera}", is_live=True, resolution=resolution)]
    if camera is not None:
        raise UserError("--camera is read where no file or stream is named: leave out one of them.")
    if resolution:
        raise UserError("--resolution is what a camera is asked for: leave it out for files and streams.")
    # A single name is a sequence of letters: "/" of a path would be the whole disk.
    names = [names] if isinstance(names, str) else names
    sources = [source for name in names for source in expand(str(name), output)]
    taken: set[str] = set()
    for source in sources:
        plain, number = source.name, 1
        while source.name in taken:
            number += 1
            source.name = f"{plain} ({number})"
        taken.add(source.name)
    return sources


def expand(name: str, output: str | Path | None = None) -> list[Source]:
    """Return the source behind one name, or all pictures and videos below a folder that are not in its `output`.

    Hidden files are left out: macOS puts one beside each photo on a memory card, of its name.
    """
    if "://" in name:
        return [Video(name, name, is_live=True)]
    if not name:
        # Not the current folder, as elsewhere: a variable that is not set would read all that is in it.
        return [Unreadable(name, "An empty name names nothing: leave it out, or see which variable is not set.")]
    folder = Path(name)
    # Unlike its namesake in pathlib, this raises nothing where it may not look: reading tells so, of this name alone.
    if not os.path.isdir(name):  # noqa: PTH112
        return [make_source(folder, name, Path(folder.name))]
    files, closed = list_files(folder)
    own = Path(output).resolve() if output else None
    # Who names a folder inside the output wants it to be read.
    if own and folder.resolve() in own.parents:
        files = [file for file in files if not file.resolve().is_relative_to(own)]
    known = readable_suffixes() + VIDEO_SUFFIXES
    report_skipped([file for file in files if file.suffix.lower() not in known])
    places = [file.relative_to(folder) for file in files if file.suffix.lower() in known]
    found = [make_source(folder / place, os.path.join(name, place), place) for place in places]  # noqa: PTH118
    refused = [
        Unreadable(place, f"{place} cannot be read ({reason}): check its permissions, or the drive.")
        for place, reason in ((error.filename, error.strerror) for error in closed)
    ]
    return found + refused or [Unreadable(name, f"{name} holds no pictures or videos: name another folder.")]


def list_files(folder: Path) -> tuple[list[Path], list[OSError]]:
    """Return all files below a folder that are not hidden, and what the system says of those that may not be seen."""
    files, closed = list[Path](), list[OSError]()
    for place, folders, names in os.walk(folder, onerror=closed.append):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for path in (Path(place, name) for name in names if not name.startswith(".")):
            try:
                if path.is_file():
                    files.append(path)
            except OSError as error:
                closed.append(error)
    return sorted(files), closed


def report_skipped(files: list[Path]) -> None:
    """Log what is neither picture nor video, the reason and the way out."""
    for file in files[:MOST_SKIPPED_NAMED]:
        try:
            reason = f"it is {why_not_a_picture(file)}"
        except OSError as error:
            reason = f"{error.strerror}"
        logger.info("%s", as_line(f"{file} is skipped: {reason}."))
    if len(files) > MOST_SKIPPED_NAMED:
        logger.info("%d more files are skipped.", len(files) - MOST_SKIPPED_NAMED)


def make_source(path: Path, name: str, place: Path) -> Source:
    """Return the source that reads a file of this name."""
    if path.suffix.lower() in VIDEO_SUFFIXES:
        return Video(str(path), name, is_live=False, place=place)
    return Picture(path, name, place)


def keep_sources(targets: Iterable[str | Path], sources: Iterable[Source], flag: str = "--output") -> None:
    """Refuse to write over what is read, whatever --force says."""
    read = {source.path.resolve() for source in sources if source.path}
    for target in targets:
        if Path(target).resolve() in read:
            raise UserError(f"{target} would be written over a source: name another {flag}.")
