"""Turn FER-2013's CSV into folders of 48x48 gray PNG pictures.

    python dataset_prepare.py                      reads fer2013.csv, writes data/
    python dataset_prepare.py fer2013.csv.xz       .gz, .xz, .zip and .tar.gz are read as they are

The result is data/{train,validation,test}/<emotion>/fer0012345.png (the number is the row of the CSV, from 0),
data/copies.csv (identical pictures in different splits) and data/rejected.csv (rows left out, and why).
"""

from emotion_recognition import cli


def parse_args():
    parser = cli.parser(__doc__)
    parser.add_argument("source", nargs="?", default="fer2013.csv", help="FER-2013's CSV file, plain or compressed")
    parser.add_argument("--output", default="data", help="folder to make")
    parser.add_argument("--force", action="store_true", help="replace a data folder that an earlier run made")
    return parser.parse_args()


def main():
    arguments = parse_args()
    # Imported here, so that --help answers at once.
    from emotion_recognition import datasets, preparation

    reader = datasets.Fer2013(arguments.source)
    written = preparation.write_data_folder(reader, arguments.output, arguments.force)
    print(written.table())
    print(f"{written.rejected} rows left out, listed in {arguments.output}/{preparation.REJECTED}.")
    if reader.fingerprint == datasets.FER2013_FINGERPRINT:
        print("This is the complete, original FER-2013.")
    else:
        print("This is not the complete, original FER-2013: its rows differ from the 35,887 that were released.")


if __name__ == "__main__":
    cli.run(main)
