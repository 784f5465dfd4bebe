"""The folder of tables that an archive of sources becomes: a Parquet file for each source, and their summaries.

archive.json              what was read how: a second start goes on only with the same
rows/DIGEST.parquet       the rows of one source, written whole; its summary is in the file's metadata
summary.parquet           a row for each source, and in summary_tracks.parquet one for each track
unreadable.csv            the sources that could not be read, and why
"""

import csv
import hashlib
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from emotion_recognition import __version__
from emotion_recognition.errors import UserError
from emotion_recognition.files import check_writable, written_whole
from emotion_recognition.recogniser import EmotionRecogniser
from emotion_recognition.studies.journal import describe_settings
from emotion_recognition.studies.parquet import ParquetRows
from emotion_recognition.studies.reading import ReadingSettings, read_source
from emotion_recognition.studies.summary import (
    PARTLY_READ,
    UNREADABLE,
    SourceSummary,
    Tally,
    TrackSummary,
    summary_columns,
)
from emotion_recognition.studies.table import COLUMNS
from emotion_recognition.video.capture import Source


@dataclass(frozen=True)
class Tables:
    """The tables in `folder`, which all machines see under this absolute path; plain values, which travel to workers.

    `record` is the text of archive.json.
    """

    folder: Path
    settings: ReadingSettings
    emotions: tuple[str, ...]
    record: str

    @classmethod
    def begin(cls, folder: str | Path, of: str, settings: ReadingSettings, emotions: Sequence[str]) -> "Tables":
        """Return the tables `of` a folder or list of sources, new ones or those of an earlier run with the same.

        UserError where the folder holds something else, or was begun otherwise.
        """
        folder = Path(folder).absolute()
        record = {"sources": str(Path(of)), "version": __version__, **describe_settings(settings, {}, emotions)}
        tables = cls(folder, settings, tuple(emotions), json.dumps(record, indent=1, default=str))
        if folder.exists() and not folder.is_dir():
            raise UserError(f"{folder} is a file: name a folder as --output.")
        if not tables._record_path.exists():
            if folder.exists() and any(folder.iterdir()):
                raise UserError(f"{folder} holds something else: name a new folder as --output.")
            check_writable(folder)
            with written_whole(tables._record_path) as temporary:
                temporary.write_text(tables.record, encoding="utf-8")
        (folder / "rows").mkdir(exist_ok=True)
        try:
            before = dict(json.loads(tables._record_path.read_text(encoding="utf-8")))
        except (ValueError, TypeError) as error:
            raise UserError(f"{tables._record_path} is damaged ({error}): name another --output.") from error
        for name, value in json.loads(tables.record).items():
            if before.get(name) != value:
                raise UserError(
                    f"{folder} was begun with {name} {before.get(name)}, not {value}: go on as it was begun, or name"
                    " another --output."
                )
        return tables

    def is_seen(self) -> bool:
        """Return whether this machine sees the folder, and not another one of the same name."""
        return self._record_path.is_file() and self._record_path.read_text(encoding="utf-8") == self.record

    def left(self, sources: Sequence[Source]) -> list[Source]:
        """Return the sources that have no part yet."""
        there = {path.name for path in (self.folder / "rows").iterdir()}
        return [source for source in sources if self.part(source.name).name not in there]

    def part(self, name: str) -> Path:
        """Return where the rows of the source of this name belong."""
        # Different names of sources have different digests; a path would have to lose its slashes.
        digest = hashlib.blake2b(name.encode(errors="surrogateescape"), digest_size=16).hexdigest()
        return self.folder / "rows" / f"{digest}.parquet"

    def write_part(self, source: Source, recogniser: EmotionRecogniser, is_last_try: bool) -> str | None:
        """Read a source and write its part; UserError, and no part, where it cannot be read.

        What is read of one that breaks off is kept at the last try; then the reason is returned.
        """
        with (
            written_whole(self.part(source.name)) as temporary,
            ParquetRows(temporary, (*COLUMNS, *self.emotions)) as part,
            source,
        ):
            summary, tracks = read_source(source, recogniser, self.settings, part.write)
            if summary.status == UNREADABLE or (summary.status == PARTLY_READ and not is_last_try):
                raise UserError(summary.reason)
            part.note({"summary": json.dumps(asdict(summary)), "tracks": json.dumps([asdict(each) for each in tracks])})
        return summary.reason

    def read_summary(self, name: str) -> tuple[SourceSummary, list[TrackSummary]]:
        """Return the summary of a source that has a part, and those of its tracks."""
        import pyarrow.parquet

        notes = pyarrow.parquet.read_metadata(self.part(name)).metadata
        tracks = [TrackSummary(**track) for track in json.loads(notes[b"tracks"])]
        return SourceSummary(**json.loads(notes[b"summary"])), tracks

    @contextmanager
    def open_list(self) -> Iterator[Any]:
        """Open the list of sources that cannot be read, a new one for each run: rows are appended as they come."""
        with (self.folder / "unreadable.csv").open(
            "w", newline="", encoding="utf-8", errors="backslashreplace", buffering=1
        ) as file:
            rows = csv.writer(file)
            rows.writerow(("source", "reason"))
            yield rows

    def complete(self, sources: Sequence[Source], unreadable: dict[str, str]) -> dict[str, str]:
        """Write the summaries of all sources, in their order, when nobody writes parts any more.

        Return {name: reason} of those that were not read to their end, by earlier runs too; their list holds these.
        """
        # What workers that were killed have left would be in the way of who reads all files of the folder.
        for rest in (self.folder / "rows").glob("*.partial.parquet"):
            rest.unlink(missing_ok=True)
        broken = {}
        of_sources, of_tracks = summary_columns(self.emotions)
        with (
            written_whole(self.folder / "summary.parquet") as first,
            written_whole(self.folder / "summary_tracks.parquet") as second,
            ParquetRows(first, of_sources) as summaries,
            ParquetRows(second, of_tracks) as all_tracks,
            self.open_list() as listed,
        ):
            for source in sources:
                if self.part(source.name).exists():
                    summary, tracks = self.read_summary(source.name)
                else:
                    summary, tracks = self._nothing(source.name, unreadable[source.name]), []
                summaries.write([summary.row()])
                all_tracks.write(track.row() for track in tracks)
                if summary.status in (UNREADABLE, PARTLY_READ):
                    broken[source.name] = summary.reason or ""
            listed.writerows(broken.items())
        return broken

    def _nothing(self, name: str, reason: str) -> SourceSummary:
        """Return the summary of a source that could not be read."""
        told = {"rate": None, "seconds": None, "model": self.settings.model_digest(), "version": __version__}
        nothing = {"frames": 0, "frames_with_face": 0, **Tally(self.emotions).values(), **told}
        return SourceSummary(name, UNREADABLE, reason, **nothing)

    @property
    def _record_path(self) -> Path:
        return self.folder / "archive.json"
