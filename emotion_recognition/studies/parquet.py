"""Tables as Parquet, which pandas, R and Spark read with the types of their columns. PyArrow writes them.

A Parquet file is complete or none: rows wait in a CSV file beside it, NAME.parquet.rows.csv, until the run ends.
"""

from collections.abc import Iterable, Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from emotion_recognition.errors import UserError
from emotion_recognition.files import written_whole
from emotion_recognition.studies.table import COLUMNS, Row, Table, csv_lines, encoded, in_utf8

if TYPE_CHECKING:
    import pyarrow

# The rows of a row group are read out of about so many bytes of CSV.
GROUP_BYTES = 16_000_000
# So many rows, of those that are written directly, are a row group.
GROUP_ROWS = 10_000

TEXTS = frozenset(("source", "emotion", "unclear", "status", "reason", "model", "version"))
WHOLE_NUMBERS = frozenset(("frame", "face", "x", "y", "width", "height", "frames", "tracks"))


def check_pyarrow(path: str | Path) -> None:
    """Refuse a Parquet file where PyArrow, which writes it, is not installed."""
    if find_spec("pyarrow") is None:
        raise UserError(f"{path}: Parquet is written by PyArrow; install it with `pip install pyarrow`.")


def is_parquet(path: str | Path) -> bool:
    """Return whether a file of this name is to be Parquet."""
    return str(path).lower().endswith(".parquet")


def schema_of(columns: Iterable[str]) -> "pyarrow.Schema":
    """Return the types of the columns of rows and summaries: texts, whole numbers, and float64."""
    import pyarrow as pa

    def kind(name: str) -> "pyarrow.DataType":
        return pa.string() if name in TEXTS else pa.int64() if name in WHOLE_NUMBERS else pa.float64()

    return pa.schema((name, kind(name)) for name in columns)


class ParquetRows:
    """A Parquet file that is written in parts, so that no more than `GROUP_ROWS` rows are in memory: `with` it."""

    def __init__(self, path: str | Path, columns: Sequence[str]) -> None:
        import pyarrow.parquet

        self._schema, self._waiting = schema_of(columns), list[Row]()
        self._writer = pyarrow.parquet.ParquetWriter(path, self._schema)

    def write(self, rows: Iterable[Row]) -> None:
        """Append rows."""
        for row in rows:
            self._waiting.append(in_utf8(row))
            if len(self._waiting) == GROUP_ROWS:
                self._flush()

    def note(self, notes: dict[str, str]) -> None:
        """Add notes to the metadata of the file."""
        self._writer.add_key_value_metadata(notes)

    def _flush(self) -> None:
        import pyarrow as pa

        self._writer.write_table(pa.Table.from_pylist(self._waiting, self._schema))
        self._waiting.clear()

    def __enter__(self) -> "ParquetRows":
        return self

    def __exit__(self, kind: type[BaseException] | None, *error: object) -> None:
        with self._writer:
            if kind is None:
                self._flush()


def write_parquet(path: str | Path, rows: Iterable[Row], columns: Sequence[str]) -> None:
    """Write rows, whole or not at all, as a Parquet file of these columns."""
    with written_whole(path) as temporary, ParquetRows(temporary, columns) as file:
        file.write(rows)


def read_parquet(path: str | Path) -> Iterator[list[dict[str, Any]]]:
    """Yield the rows of a Parquet file, some thousands at a time; UserError where it is none."""
    import pyarrow as pa
    import pyarrow.parquet

    try:
        with pyarrow.parquet.ParquetFile(path) as file:
            for batch in file.iter_batches():
                yield batch.to_pylist()
    except pa.ArrowInvalid as error:
        raise UserError(f"{path} is no Parquet file, or damaged: replace it with --force.") from error


class ParquetTable(Table):
    """A table whose rows become a Parquet file when it is closed."""

    def __init__(self, path: str | Path, flag: str, emotions: Sequence[str]) -> None:
        check_pyarrow(path)
        self.target, self._emotions = Path(path), emotions
        # The rows wait as CSV; sentences name the flag that a person has given.
        super().__init__(rows_path(path), "--csv", emotions)
        self.flag = flag

    def resume(self, size: int, digest: str) -> None:
        """Cut the rows back to those that stood there when `end_source` returned this."""
        try:
            # A run that has ended left no waiting rows: the file has them all.
            if self._is_new and size and self.target.exists():
                self._file.write(self._heading)
                for rows in read_parquet(self.target):
                    self._file.write(encoded(csv_lines(rows)))
            super().resume(size, digest)
        except UserError as error:
            if self._is_new:
                self._file.truncate(0)
            raise UserError(str(error).replace(str(self.path), str(self.target))) from error

    def close(self) -> None:
        """Write the Parquet file, then remove the waiting rows; where that fails, they stay for --continue."""
        if not (self.is_begun or self._size):
            super().close()
            return
        try:
            with written_whole(self.target) as temporary:
                self._convert(temporary)
        finally:
            self._file.close()
        Path(self.path).unlink()

    def _convert(self, temporary: Path) -> None:
        import pyarrow.csv
        import pyarrow.parquet

        schema = schema_of((*COLUMNS, *self._emotions))
        # A source may be called NA: only what is empty is missing.
        types = pyarrow.csv.ConvertOptions(column_types=schema, null_values=[""], strings_can_be_null=True)
        options = {
            "read_options": pyarrow.csv.ReadOptions(block_size=GROUP_BYTES),
            "parse_options": pyarrow.csv.ParseOptions(newlines_in_values=True),
            "convert_options": types,
        }
        with (
            pyarrow.csv.open_csv(self.path, **options) as batches,
            pyarrow.parquet.ParquetWriter(temporary, schema) as writer,
        ):
            for batch in batches:
                writer.write_batch(batch)


def rows_path(path: str | Path) -> Path:
    """Return where the rows of a Parquet file wait."""
    return Path(f"{path}.rows.csv")
