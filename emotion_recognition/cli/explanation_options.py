"""The flags of explain.py."""

from argparse import ArgumentParser, Namespace

from emotion_recognition.cli import options


def add_explanation_flags(parser: ArgumentParser, folder: str) -> None:
    """Add the flags; `folder` is where figures are written."""
    explained = parser.add_argument_group("what is explained")
    explained.add_argument("sources", nargs="*", metavar="PICTURE", help="picture files with faces")
    options.add_detector_flag(explained)
    options.add_whole_flag(explained)
    explained.add_argument("--emotion", metavar="NAME", help="emotion to explain in pictures (default: the one seen)")
    explained.add_argument("--data", help="folder or packed file of dataset_prepare.py, or your own class folders")
    explained.add_argument("--check", action="store_true", help="measure how right maps are (without --data: on data)")
    splits = ("train", "validation", "test")
    explained.add_argument("--split", choices=splits, help="which faces (default: test; for --check: validation)")
    most = "so many faces at most (default: 100 of each emotion; for --check: 500 in all)"
    explained.add_argument("--pictures", type=options.positive(int), metavar="N", help=most)
    how = parser.add_argument_group("how it is explained")
    options.add_model_flag(how)
    methods = ("occlusion", "class-activation")
    method = "what makes the maps; class-activation is there for comparison: by --check, occlusion is better"
    how.add_argument("--method", choices=methods, default="occlusion", help=method)
    written = parser.add_argument_group("what is written")
    named = f"figure to write (default: in {folder}/, named as the picture); for --check, a table (.csv)"
    written.add_argument("--output", help=named)
    written.add_argument("--force", action="store_true", help="replace what is there")
    options.add_foreign_model_flags(parser)


def check_explanation_flags(parser: ArgumentParser, arguments: Namespace) -> Namespace:
    """Return the arguments; end with a sentence where flags do not go together."""
    if bool(arguments.sources) == bool(arguments.data or arguments.check):
        parser.error("name either pictures, or --data, or --check")
    if arguments.emotion and not arguments.sources:
        parser.error("--emotion goes with pictures: --data shows all emotions, --check those that are seen")
    if arguments.whole != "never" and not arguments.sources:
        parser.error("--whole goes with pictures: --data and --check read each picture as one face")
    if arguments.sources and (arguments.split or arguments.pictures):
        parser.error("--split and --pictures go with --data and --check: of pictures that are named, all are read")
    if arguments.check and not (arguments.output or ".csv").endswith(".csv"):
        parser.error(f"{arguments.output}: --check writes a table; name an --output that ends in .csv")
    return arguments
