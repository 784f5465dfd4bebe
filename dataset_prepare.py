"""Turn a data set of faces into folders of 48x48 gray PNG pictures, or into one file.

    python dataset_prepare.py                            reads FER-2013's fer2013.csv, writes data/
    python dataset_prepare.py fer2013.csv.xz             .gz, .xz, .zip and .tar.gz are read as they are
    python dataset_prepare.py fer2013.csv --pack fer2013.npz       one file instead of 35,887
    python dataset_prepare.py fer2013.csv --labels fer2013new.csv  with the labels of FER+
    python dataset_prepare.py my_photos/ --dataset photos          your own photos, a folder for each emotion
    python dataset_prepare.py CK+/ --folds 10 --fold 1             CK+, JAFFE and FERG-DB: split by person

The result is data/{train,validation,test}/<emotion>/fer0012345.png (the number is the row of the CSV, from 0),
data/copies.csv (identical pictures in different splits), data/rejected.csv (what was left out, and why) and
data/written.csv (what --force may replace: nothing else is ever removed).
"""

import argparse
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from emotion_recognition.cli import options, program
from emotion_recognition.errors import UserError

SPLITS = ("train", "validation", "test")

# The flags that have a meaning for every data set.
GENERAL = ("source", "dataset", "output", "pack", "splits", "force")

# All are in rejected.csv.
REASONS_SHOWN = 5


def parse_args() -> tuple[argparse.Namespace, dict[str, Any]]:
    """Return the arguments, and of the flags that only some data sets have those that a person has given."""
    parser = program.parser(__doc__)
    kinds = "fer2013, photos, ckplus, ckplus48, jaffe, ferg or emoji"
    parser.add_argument("source", nargs="?", default="fer2013.csv", help="file or folder of the data set")
    parser.add_argument("--dataset", metavar="KIND", help=f"{kinds} (default: recognised by its form)")
    result = parser.add_argument_group("what is written")
    target = result.add_mutually_exclusive_group()
    target.add_argument("--output", default="data", help="folder to make")
    target.add_argument("--pack", metavar="FILE", help="write one .npz file instead; SOURCE may be a prepared folder")
    result.add_argument("--splits", help="which go into the packed file (default: train,validation,test)")
    result.add_argument("--force", action="store_true", help="replace what an earlier run made")

    # None where a person has not given a flag, so that only those are handed on.
    some: Any = {"action": "store_true", "default": None}
    labels = parser.add_argument_group("samples of FER-2013 (--drawn: and photos)")
    labels.add_argument("--labels", type=Path, metavar="CSV", help="FER+'s fer2013new.csv: label as most of ten do")
    labels.add_argument("--votes", **some, help="keep FER-2013's labels, and FER+'s votes in votes.csv")
    labels.add_argument("--drawn", type=options.not_negative, metavar="N", help="train also on N drawn faces each")
    faces = parser.add_argument_group("samples of pictures")
    whole = "take a picture as one face: auto where none is found (default: never; of ckplus48 and ferg always)"
    faces.add_argument("--whole", choices=("never", "auto", "always"), help=whole)
    options.add_detector_flag(faces, default=None)
    faces.add_argument("--neutral", **some, help="CK+: take the first frame of each sequence as neutral")
    split = parser.add_argument_group("how they are split")
    split.add_argument("--folds", type=options.positive(int), help="parts into which persons are dealt (default: 10)")
    split.add_argument("--fold", type=options.positive(int), help="the part to test on, from 1 (default: 1)")
    how = split.add_mutually_exclusive_group()
    how.add_argument("--split-pictures", **some, help="split by picture, as papers do: it flatters")
    how.add_argument("--only-test", **some, help="all pictures are for testing a model trained elsewhere")
    split.add_argument("--seed", type=options.not_negative, help="deals persons, and draws faces (default: 0)")
    arguments = parser.parse_args()
    if arguments.votes and not arguments.labels:
        parser.error("--votes needs the table of votes: name FER+'s fer2013new.csv with --labels")
    if arguments.only_test and arguments.drawn:
        parser.error("drawn faces are for training: leave out --only-test or --drawn")
    if arguments.only_test and (arguments.fold or arguments.folds):
        parser.error("with --only-test nothing is dealt into folds: leave out --fold and --folds")
    if arguments.splits and not arguments.pack:
        parser.error("--splits chooses what goes into the file of --pack: name one")
    if not set((arguments.splits or "train").split(",")) <= set(SPLITS):
        parser.error("--splits takes train, validation and test, with commas between them")
    given = {name: value for name, value in vars(arguments).items() if name not in GENERAL}
    return arguments, {name: value for name, value in given.items() if value is not None}


def main() -> None:
    arguments, given = parse_args()
    if arguments.pack:
        splits = arguments.splits.split(",") if arguments.splits else SPLITS
        pack(arguments.source, arguments.dataset, given, arguments.pack, splits, arguments.force)
    else:
        prepare(arguments.source, arguments.dataset, given, arguments.output, arguments.force)
        print(f"What was left out is listed in {arguments.output}/rejected.csv.")


def prepare(source: str, kind: str | None, given: dict[str, Any], output: str, force: bool) -> None:
    """Write a data set as the folder `output`, and report what is in it."""
    # Imported here, so that --help answers at once.
    from emotion_recognition.datasets import kinds
    from emotion_recognition.datasets.preparation import write_data_folder
    from emotion_recognition.evaluation.tables import counted

    kind = kind or kinds.recognise(source)
    dataset = kinds.open_dataset(source, kind, **given)
    print(f"{source} is read as {kind}, {dataset.description}.")
    samples = with_progress(dataset, dataset.unit)
    written = write_data_folder(samples, output, force, dataset.unit)
    print(written.table())
    if "drawn" in given:
        print(f"Of those for training, {given['drawn']:,} of each emotion are drawn.")
    print(f"{counted(written.rejected.total(), dataset.unit.removesuffix('s'))} left out.")
    for reason, number in written.rejected.most_common(REASONS_SHOWN):
        print(f"{number:8,}: {reason}")
    if kind == "fer2013":
        differs = "" if dataset.is_original else "not "
        print(f"This is {differs}the complete, original FER-2013 of 35,887 rows.")


def pack(source: str, kind: str | None, given: dict[str, Any], path: str, splits: Sequence[str], force: bool) -> None:
    """Write a data set, or a folder that is prepared already, as the packed file `path`."""
    from emotion_recognition import files
    from emotion_recognition.datasets import folders

    if not path.endswith(".npz"):
        raise UserError(f"{path}: the name of a packed file ends in .npz; name another --pack.")
    files.claim_output(path, force, "--pack")
    if Path(source).is_dir() and any(folders.has_split(source, split) for split in SPLITS):
        if kind or given:
            flag = "dataset" if kind else next(iter(given)).replace("_", "-")
            raise UserError(f"{source} is prepared already, which leaves no use for --{flag}: leave it out.")
        numbers = folders.pack(source, path, splits)
    else:
        # Not beside the packed file, which may be on the slow drive that it is made for.
        with tempfile.TemporaryDirectory(prefix="pack_") as folder:
            prepare(source, kind, given, f"{folder}/data", force=False)
            numbers = folders.pack(f"{folder}/data", path, splits)
    contents = ", ".join(f"{number:,} for {split}" for split, number in numbers.items())
    print(f"Wrote {path} ({Path(path).stat().st_size / 1e6:.1f} MB): {contents}")


def with_progress(items: Iterable, unit: str) -> Iterator:
    """Yield the items; print now and then how many they were."""
    for number, item in enumerate(items, start=1):
        yield item
        if number % 5000 == 0:
            # Flushed, so that it is seen at once also where it goes to a file.
            print(f"{number:6,} {unit} read", flush=True)


if __name__ == "__main__":
    program.run(main)
