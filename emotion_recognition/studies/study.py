"""The tables of a run: a row for each face and frame, summaries of sources and tracks, and which sources are whole."""

import gzip
import logging
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from emotion_recognition.errors import UserError
from emotion_recognition.files import claim_output, written_whole
from emotion_recognition.recogniser import Face
from emotion_recognition.studies.journal import (
    Journal,
    Record,
    describe_settings,
    files_on_disk,
    find_journal,
    journal_path,
)
from emotion_recognition.studies.parquet import ParquetTable, check_pyarrow, is_parquet, rows_path, write_parquet
from emotion_recognition.studies.reading import ReadingSettings
from emotion_recognition.studies.report import write_report
from emotion_recognition.studies.summary import UNREADABLE, SourceSummary, TrackSummary, summary_columns
from emotion_recognition.studies.table import Row, Table, as_lines, check_ending, csv_lines, encoded, make_rows
from emotion_recognition.video.capture import Frame, Source
from emotion_recognition.video.sources import keep_sources

logger = logging.getLogger(__name__)


class Study:
    """Keeps what is read of each source, in files that are complete after `close`.

    `files` has a path for each of --table, --csv, --jsonl, --summary and --report that is wanted. Rows are appended as
    they come; when a source ends, a line in a journal beside the first file tells how long the tables are with it. With
    `continues`, tables are cut back to the last such line, and `left` tells which sources are not whole yet. The
    journal is removed at the end of a run that has read its only source whole; none is kept of cameras and streams.
    """

    def __init__(
        self,
        files: dict[str, str | Path],
        sources: Sequence[Source],
        emotions: Sequence[str],
        settings: ReadingSettings,
        continues: bool = False,
    ) -> None:
        self._emotions, self._continues = tuple(emotions), continues
        self._names = {source.name for source in sources}
        self._blurs = settings.blur is not False
        self._summary, self._report = files.get("--summary"), files.get("--report")
        # What each source held, for who draws a report of it.
        self.summaries: dict[str, tuple[SourceSummary, list[TrackSummary]]] = {}
        self._is_done: dict[str, bool] = {}
        self._emotions_of_empty_rows = self._emotions if settings.all_frames else ()
        on_disk = files_on_disk(files)
        self._files = files_of(on_disk)
        self._journal: Journal | None = None
        self.tables: list[Table] = []
        with ExitStack() as stack:
            if path := find_journal(files, sources):
                told = describe_settings(settings, on_disk, self._emotions)
                self._journal = Journal(path, told, next(iter(on_disk)), continues)
                stack.callback(self._journal.close, is_kept=True)
            for flag, file in files.items():
                if flag not in ("--summary", "--report"):
                    kind = ParquetTable if is_parquet(file) else Table
                    self.tables.append(kind(file, flag, self._emotions))
                    stack.callback(self.tables[-1].close)
            if self._journal:
                self._resume(self._journal.records)
            stack.pop_all()

    def _resume(self, records: list[Record]) -> None:
        """Cut the tables back to the last record of the journal, and take the summaries that it holds."""
        self.summaries = {record.summary.source: (record.summary, record.tracks) for record in records}
        if self._continues:
            sizes = records[-1].sizes if records else {}
            for table in self.tables:
                table.resume(*sizes.get(table.flag, (0, "")))

    @property
    def written(self) -> list[Path]:
        """The files that this run has written, once it is closed."""
        begun = {table.flag for table in self.tables if table.is_begun}
        begun |= {"--summary", "--report"} if self._is_done else set()
        return [path for flag, path in self._files if flag in begun and path.exists()]

    @property
    def has_journal(self) -> bool:
        """Whether --continue can go on with this run."""
        return self._journal is not None

    def left(self, sources: Sequence[Source]) -> list[Source]:
        """Return the sources that the tables do not hold whole; one that could not be read is tried again."""
        whole = {name for name, (summary, _) in self.summaries.items() if summary.status != UNREADABLE}
        left = [source for source in sources if source.name not in whole]
        if len(left) < len(sources):
            logger.info("%d of %d sources are whole already.", len(sources) - len(left), len(sources))
        return left

    def write(self, source: Source, frame: Frame, faces: list[Face]) -> None:
        """Append the rows of a frame to all tables."""
        rows = make_rows(source.name, frame.number, frame.seconds, faces, self._emotions_of_empty_rows)
        for table in self.tables:
            table.write(rows)

    def append(self, lines: dict[str, bytes]) -> None:
        """Append rows that `table.as_lines` has put into lines, by the flag of their table."""
        for table in self.tables:
            table.append(lines[table.flag])

    def end_source(self, summary: SourceSummary, tracks: list[TrackSummary], is_done: bool = True) -> None:
        """Take what a source held; unless it `is_done`, --continue will read it again."""
        name = summary.source
        # A person may come back to a source, and leave it again.
        if name in self._is_done and summary.frames <= self.summaries[name][0].frames:
            return
        self.summaries[name], self._is_done[name] = (summary, tracks), is_done
        if self._journal and is_done:
            sizes = {table.flag: table.end_source() for table in self.tables}
            self._journal.add(Record(summary, tracks, sizes))

    def close(self) -> None:
        """Complete all files, those after one that fails too."""
        with ExitStack() as stack:
            if self._journal:
                stack.callback(self._close_journal, self._journal)
            for table in self.tables:
                stack.callback(table.close)
            if self._summary and self.summaries:
                stack.callback(self._write_summaries, self._summary)
            if self._report and self.summaries:
                stack.callback(write_report, self._report, list(self.summaries.values()), self._emotions, self._blurs)

    def _close_journal(self, journal: Journal) -> None:
        """Keep the journal where something can be added to the files, or is in it that could not be written."""
        whole = {name for name, is_done in self._is_done.items() if is_done}
        there = [path.exists() for _, path in self._files]
        may_go_on = self._continues or len(self._names) > 1 or whole != self._names or not all(there)
        has_read = any(summary.frames for summary, _ in self.summaries.values())
        # Without it, nobody could go on with the rows that wait for a Parquet file.
        is_begun = any(table.is_begun for table in self.tables)
        journal.close(is_kept=may_go_on and (has_read or is_begun or any(there)))

    def _write_summaries(self, path: str | Path) -> None:
        summaries = self.summaries.values()
        of_sources, of_tracks = summary_columns(self._emotions)
        write_rows(path, [summary.row() for summary, _ in summaries], of_sources)
        write_rows(tracks_path(path), [track.row() for _, tracks in summaries for track in tracks], of_tracks)


def write_rows(path: str | Path, rows: list[Row], columns: Sequence[str]) -> None:
    """Write rows as a whole table in the form that its ending names."""
    if is_parquet(path):
        write_parquet(path, rows, columns)
        return
    lines = as_lines(path)
    text = encoded((",".join(columns) + "\n" if lines is csv_lines else "") + lines(rows))
    with written_whole(path) as temporary:
        temporary.write_bytes(gzip.compress(text, mtime=0) if str(path).lower().endswith(".gz") else text)


def tracks_path(path: str | Path) -> Path:
    """Return where the rows of tracks go, beside those of sources: summary.csv.gz has summary_tracks.csv.gz."""
    stem, dot, ending = Path(path).name.partition(".")
    return Path(path).with_name(f"{stem}_tracks{dot}{ending}")


def files_of(files: dict[str, Path]) -> list[tuple[str, Path]]:
    """Return all files, each with its flag, that a run writes for those that a person has named."""
    tracks = [(flag, tracks_path(path)) for flag, path in files.items() if flag == "--summary"]
    return [*files.items(), *tracks]


def check_files(
    files: dict[str, str | Path], others: dict[str, str | Path | None], sources: Sequence[Source], may_exist: bool
) -> None:
    """Refuse tables and `others` (--timeline, --output), by their flags, that cannot be kept."""
    for flag, path in files.items():
        check_ending(path, flag)
        if is_parquet(path):
            check_pyarrow(path)
    tables = files_on_disk(files)
    timeline = others.get("--timeline")
    # What a run that was killed has left for --continue.
    left = [(flag, rows_path(path)) for flag, path in tables.items() if is_parquet(path) and flag == "--table"]
    left += [(flag, journal_path(path)) for flag, path in list(tables.items())[:1]]
    for flag, path in (*files_of(tables), *left, *([("--timeline", Path(timeline))] if timeline else [])):
        keep_sources([path], sources, flag)
        if flag != "--timeline" and path.is_file() and not may_exist:
            raise UserError(
                f"{path} exists already: name another {flag}, replace it with --force, or go on with --continue."
            )
        claim_output(path, may_exist, flag)
    written = [path for _, path in (*files_of({flag: Path(path) for flag, path in files.items()}), *left)]
    named = [Path(path).resolve() for path in (*written, *others.values()) if path]
    if len(set(named)) < len(named):
        flags = ", ".join(flag for flag, path in {**files, **others}.items() if path)
        raise UserError(f"{flags}: two of these write one file: give each a name of its own.")
