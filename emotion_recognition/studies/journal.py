"""A line for each source that the tables hold whole, in a file beside them: what a stopped run goes on from."""

import json
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from emotion_recognition.errors import UserError
from emotion_recognition.studies.locks import append, lock
from emotion_recognition.studies.parquet import is_parquet, rows_path
from emotion_recognition.studies.reading import ReadingSettings
from emotion_recognition.studies.summary import SourceSummary, TrackSummary
from emotion_recognition.studies.table import COLUMNS, STANDARD_OUTPUT, encoded
from emotion_recognition.video.capture import Source


@dataclass(frozen=True)
class Record:
    """A source that is whole: what it held; by its flag, how many bytes each table has with it, and their digest."""

    summary: SourceSummary
    tracks: list[TrackSummary]
    sizes: dict[str, tuple[int, str]]


class Journal:
    """The journal of a run: first what the run was told (`settings`), then a record for each source.

    Without `continues` it begins anew; with it, `records` has those of the earlier run, and UserError tells which
    setting differs. A line that was cut off by a kill counts as not written.
    """

    def __init__(self, path: Path, settings: dict[str, Any], flag: str, continues: bool) -> None:
        self.path, self.records = path, list[Record]()
        self._file = path.open("a+b", buffering=0)
        lock(self._file, path, flag)
        try:
            if continues:
                self._read(settings)
            else:
                self._file.truncate(0)
            if self._file.seek(0, os.SEEK_END) == 0:
                self._write(settings)
        except BaseException:
            self._file.close()
            raise

    def _read(self, settings: dict[str, Any]) -> None:
        self._file.seek(0)
        text = self._file.read()
        whole = text[: text.rfind(b"\n") + 1]
        try:
            lines = [json.loads(line) for line in whole.splitlines()]
            before = dict(lines[0]) if lines else settings
            self.records = [
                Record(
                    SourceSummary(**line["summary"]),
                    [TrackSummary(**track) for track in line["tracks"]],
                    {flag: (int(size), str(digest)) for flag, (size, digest) in line["sizes"].items()},
                )
                for line in lines[1:]
            ]
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise UserError(f"{self.path} is damaged: begin anew with --force.") from error
        # As JSON has it: there, tuples are lists.
        now = json.loads(json.dumps(settings))
        for name in {**now, **before}:
            if lines and now.get(name) != before.get(name):
                raise UserError(describe_difference(self.path, name, before.get(name), now.get(name)))
        self._file.truncate(len(whole))

    def add(self, record: Record) -> None:
        """Append the record of a source; OSError, and no part of it in the file, where the disk is full."""
        self._write(asdict(record))

    def _write(self, values: dict[str, Any]) -> None:
        append(self._file, json.dumps(values).encode() + b"\n", self.path)

    def close(self, is_kept: bool) -> None:
        """Close the file, and remove it unless it is kept."""
        self._file.close()
        if not is_kept:
            self.path.unlink(missing_ok=True)


def describe_difference(path: Path, name: str, before: Any, now: Any) -> str:
    """Return a sentence on a setting that the run before had otherwise."""
    table = path.name.removesuffix(".journal")
    way_out = "begin anew with --force, or name other files"
    if name == "columns":
        return f"{table} is a table of another version, with other columns: {way_out}."
    if name == "model":
        return f"{table} was begun with another --model: go on with that one, {way_out}."
    if name == "files":
        named = ", ".join(f"{flag} {file}" for flag, file in (before or {}).items())
        return f"{table} was begun with {named}: name the same files, or {way_out}."
    flag = "--" + name.replace("_", "-")
    value = "" if before is True else f" {before}"
    told = f"without {flag}" if before is None or before is False else f"with {flag}{value}"
    return f"{table} was begun {told}: go on so, or {way_out}."


def journal_path(path: str | Path) -> Path:
    """Return where the journal of a run lies whose first table this is."""
    return Path(f"{path}.journal")


def describe_settings(settings: ReadingSettings, files: dict[str, Path], emotions: Sequence[str]) -> dict[str, Any]:
    """Return all that two runs into the same tables must have in common, as values for JSON."""
    values = {name: str(value) if isinstance(value, Path) else value for name, value in asdict(settings).items()}
    names = {flag: path.name for flag, path in files.items()}
    # Tables are the same with blurred faces and without; the pictures of a report are not.
    del values["report"], values["blur"]
    return {
        **values,
        "no_blur": settings.report is not None and settings.blur is False,
        "model": settings.model_digest(),
        "files": names,
        "columns": [*COLUMNS, *emotions],
    }


def files_on_disk(files: dict[str, str | Path]) -> dict[str, Path]:
    """Return the files of a run, by their flags, without what is printed."""
    return {flag: Path(path) for flag, path in files.items() if str(path) != STANDARD_OUTPUT}


def find_journal(files: dict[str, str | Path], sources: Sequence[Source]) -> Path | None:
    """Return where the journal of a run lies; None where it has none: without files, and of cameras and streams."""
    on_disk = files_on_disk(files)
    has_end = not any(source.is_live for source in sources)
    return journal_path(next(iter(on_disk.values()))) if on_disk and has_end else None


def check_can_continue(files: dict[str, str | Path], sources: Sequence[Source], emotions: Sequence[str]) -> bool:
    """Return whether there is a run to go on with; UserError where there are its tables, but not its journal."""
    journal = find_journal(files, sources)
    if journal is None:
        raise UserError("--continue goes on with tables of files: name --table, --csv, --jsonl, --summary or --report.")
    if journal.exists():
        return True
    for flag, path in files_on_disk(files).items():
        if not (path.exists() or (is_parquet(path) and rows_path(path).exists())):
            continue
        if flag == "--csv" and path.open("rb").readline() != encoded(",".join((*COLUMNS, *emotions)) + "\n"):
            raise UserError(
                f"{path} is a table of another version, with other columns: name another {flag}, or replace it with "
                "--force."
            )
        raise UserError(
            f"{journal}, which tells what {path} holds whole, is missing: name another {flag}, or replace it with "
            "--force."
        )
    return False
