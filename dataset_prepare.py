"""Turn a data set of faces into folders of 48x48 gray PNG pictures, or into one file.

    python dataset_prepare.py                            reads FER-2013's fer2013.csv, writes data/
    python dataset_prepare.py fer2013.csv.xz             .gz, .xz, .zip and .tar.gz are read as they are
    python dataset_prepare.py fer2013.csv --pack fer2013.npz       one file instead of 35,887
    python dataset_prepare.py fer2013.csv --labels fer2013new.csv  with the labels of FER+
    python dataset_prepare.py my_photos/ --dataset photos          your own photos, a folder for each emotion
    python dataset_prepare.py CK+/ --folds 10 --fold 1             CK+, JAFFE and FERG-DB: split by person

The result is data/{train,validation,test}/<emotion>/fer0012345.png (the number is the row of the CSV, from 0),
data/copies.csv (identical pictures in different splits) and data/rejected.csv (what was left out, and why).
"""

import tempfile
from pathlib import Path

from emotion_recognition.cli import options, program
from emotion_recognition.errors import UserError

SPLITS = ("train", "validation", "test")
KINDS = ("fer2013", "photos", "ckplus", "ckplus48", "jaffe", "ferg", "emoji")

# All are in rejected.csv.
REASONS_SHOWN = 5


def parse_args():
    parser = program.parser(__doc__)
    parser.add_argument("source", nargs="?", default="fer2013.csv", help="file or folder of the data set")
    parser.add_argument("--dataset", choices=KINDS, help="what the source is (default: recognised by its form)")
    target = parser.add_mutually_exclusive_group()
    target.add_argument("--output", default="data", help="folder to make")
    target.add_argument("--pack", metavar="FILE", help="write one .npz file instead; SOURCE may be a prepared folder")
    parser.add_argument("--splits", default=",".join(SPLITS), help="which splits go into the packed file")
    parser.add_argument("--force", action="store_true", help="replace what an earlier run made")
    parser.add_argument("--labels", metavar="CSV", help="FER+'s fer2013new.csv: label as most of ten people do")
    parser.add_argument("--votes", action="store_true", help="keep FER-2013's labels, and FER+'s votes in votes.csv")
    parser.add_argument(
        "--drawn", type=options.not_negative, default=0, metavar="N", help="train also on N drawn faces each"
    )
    parser.add_argument("--neutral", action="store_true", help="CK+: take the first frame of each sequence as neutral")
    parser.add_argument("--folds", type=options.positive(int), default=10, help="parts into which persons are dealt")
    parser.add_argument("--fold", type=options.positive(int), default=1, help="the part to test on, from 1")
    how = parser.add_mutually_exclusive_group()
    how.add_argument("--split-pictures", action="store_true", help="split by picture, as papers do: it flatters")
    how.add_argument("--only-test", action="store_true", help="all pictures are for testing a model trained elsewhere")
    options.add_whole_flag(parser)
    parser.add_argument(
        "--seed", type=options.not_negative, default=0, help="deals persons and photos, and draws faces"
    )
    arguments = parser.parse_args()
    if arguments.folds < 2:
        parser.error("--folds takes 2 or more: one is tested on, the others are trained on")
    if arguments.fold > arguments.folds:
        parser.error(f"there is no fold {arguments.fold} of {arguments.folds}")
    if arguments.votes and not arguments.labels:
        parser.error("--votes needs the table of votes: name FER+'s fer2013new.csv with --labels")
    if arguments.votes and arguments.drawn:
        parser.error("nobody has voted on drawn faces: leave out --votes or --drawn")
    if arguments.only_test and arguments.drawn:
        parser.error("drawn faces are for training: leave out --only-test or --drawn")
    arguments.given = [name for name, value in vars(arguments).items() if value != parser.get_default(name)]
    if "splits" in arguments.given and not arguments.pack:
        parser.error("--splits chooses what goes into the file of --pack: name one")
    arguments.splits = arguments.splits.split(",")
    if not set(arguments.splits) <= set(SPLITS):
        parser.error("--splits takes train, validation and test, with commas between them")
    return arguments


def main():
    arguments = parse_args()
    # Imported here, so that --help answers at once.
    from emotion_recognition import files
    from emotion_recognition.datasets import folders

    if not arguments.pack:
        return prepare(arguments, arguments.output)
    if not arguments.pack.endswith(".npz"):
        raise UserError(f"{arguments.pack}: the name of a packed file ends in .npz; name another --pack.")
    files.claim_output(arguments.pack, arguments.force, "--pack")
    if Path(arguments.source).is_dir() and any(folders.has_split(arguments.source, split) for split in SPLITS):
        if without_use := [name for name in arguments.given if name not in ("source", "pack", "splits", "force")]:
            flag = without_use[0].replace("_", "-")
            raise UserError(f"{arguments.source} is prepared already, which leaves no use for --{flag}: leave it out.")
        numbers = folders.pack(arguments.source, arguments.pack, arguments.splits)
    else:
        # Not beside the packed file, which may be on the slow drive that it is made for.
        with tempfile.TemporaryDirectory(prefix="pack_") as folder:
            prepare(arguments, f"{folder}/data")
            numbers = folders.pack(f"{folder}/data", arguments.pack, arguments.splits)
    contents = ", ".join(f"{number:,} for {split}" for split, number in numbers.items())
    print(f"Wrote {arguments.pack} ({Path(arguments.pack).stat().st_size / 1e6:.1f} MB): {contents}")


def prepare(arguments, output):
    from emotion_recognition.datasets import drawings, fer2013, preparation, readers

    reader = readers.open_source(arguments)
    drawn = drawings.samples(arguments.drawn, arguments.seed)
    written = preparation.write_data_folder(reader, output, arguments.force, reader.unit, drawn)
    print(written.table())
    if arguments.drawn:
        print(f"Of those for training, {arguments.drawn:,} of each emotion are drawn.")
    where = "" if arguments.pack else f", listed in {output}/{preparation.REJECTED}"
    print(f"{written.rejected.total():,} {reader.unit} left out{where}.")
    for reason, number in written.rejected.most_common(REASONS_SHOWN):
        print(f"{number:8,}: {reason}")
    if not isinstance(reader, fer2013.Fer2013):
        return
    if reader.fingerprint == fer2013.FER2013_FINGERPRINT:
        print("This is the complete, original FER-2013.")
    else:
        print("This is not the complete, original FER-2013: its rows differ from the 35,887 that were released.")


if __name__ == "__main__":
    program.run(main)
