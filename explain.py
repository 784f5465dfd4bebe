"""Show which parts of the face decide which emotion a model sees.

    python explain.py photo.jpg                     the faces in a picture: explanations/photo.png
    python explain.py photo.jpg --emotion sad       what speaks for sad, whatever the model sees
    python explain.py --data data                   the mean map of each emotion, and a table of regions
    python explain.py --check                       how right are the maps? measured on data/validation

Magenta parts speak for the emotion, turquoise ones against it.
"""

import argparse
from functools import partial
from pathlib import Path

from emotion_recognition.cli import options, program
from emotion_recognition.errors import UserError

FOLDER = Path("explanations")


def parse_args() -> argparse.Namespace:
    parser = program.parser(__doc__)
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
    how.add_argument("--model", default=program.PROJECT / "model.h5", help="model file that reads the emotions")
    methods = ("occlusion", "class-activation")
    method = "what makes the maps; class-activation does not pass --check, and is there for comparison"
    how.add_argument("--method", choices=methods, default="occlusion", help=method)
    written = parser.add_argument_group("what is written")
    written.add_argument(
        "--output", help=f"figure to write (default: in {FOLDER}/, named as the picture); for --check, a table (.csv)"
    )
    written.add_argument("--force", action="store_true", help="replace what is there")
    options.add_foreign_model_flags(parser)
    arguments = parser.parse_intermixed_args()
    if bool(arguments.sources) == bool(arguments.data or arguments.check):
        parser.error("name either pictures, or --data, or --check")
    if arguments.emotion and not arguments.sources:
        parser.error("--emotion goes with pictures: --data shows all emotions, --check those that are seen")
    if arguments.whole != "never" and not arguments.sources:
        parser.error("--whole goes with pictures: --data and --check read each picture as one face")
    if arguments.sources and (arguments.split or arguments.pictures):
        parser.error("--split and --pictures go with --data and --check: of pictures that are named, all are read")
    return arguments


def main() -> None:
    arguments = parse_args()
    # Imported here, so that --help answers at once.
    from emotion_recognition.evaluation import figures

    if arguments.output and not arguments.check:
        figures.check_ending(arguments.output)
    program.start_keras()
    from emotion_recognition.explanation.class_activation import class_activation_maps
    from emotion_recognition.explanation.occlusion import occlusion_maps
    from emotion_recognition.models import model_file
    from emotion_recognition.models.predict import network_outputs

    model = model_file.load(arguments.model, arguments.emotions, arguments.pixel_range)

    def classify(faces):
        return network_outputs(model.network, faces[..., None])

    make_maps = partial(occlusion_maps, classify)
    if arguments.method == "class-activation":
        make_maps = partial(class_activation_maps, model.network)
    if arguments.check:
        check_maps(arguments, model, classify, make_maps)
    elif arguments.data:
        explain_emotions(arguments, model.emotions, classify, make_maps)
    else:
        explain_pictures(arguments, model, classify, make_maps)


def explain_pictures(arguments, model, classify, make_maps) -> None:
    """Draw each face in the pictures, its map and its probabilities: a figure a picture, or all in the one named."""
    from emotion_recognition import files
    from emotion_recognition.explanation import attention, explained_faces, figures

    outputs = {FOLDER / f"{Path(source).stem}.png": [source] for source in arguments.sources}
    if arguments.output:
        outputs = {Path(arguments.output): arguments.sources}
    elif len(outputs) < len(arguments.sources):
        raise UserError("Some of the pictures have the same name: name a figure for all of them with --output.")
    named = explained_faces.place_of(arguments.emotion, model.emotions) if arguments.emotion else None
    detection = arguments.whole, arguments.detector
    found = {output: explained_faces.find(sources, *detection) for output, sources in outputs.items()}
    for output in found:
        if output.resolve() in [Path(source).resolve() for source in arguments.sources]:
            raise UserError(f"{output} would be written over a picture: name another --output.")
        files.claim_output(output, arguments.force)
    for output, (faces, names, places) in found.items():
        probabilities = classify(faces)
        chosen = probabilities.argmax(axis=1) if named is None else [named] * len(faces)
        looks = attention.spatial_masks(model.network, faces), attention.sampled_corners(model.network, faces)
        seen, maps = (chosen, probabilities, model.emotions), make_maps(faces, chosen)
        figures.explained_faces(faces, names, places, *seen, maps, arguments.method, *looks, output)
        print(f"Wrote {output}")


def explain_emotions(arguments, emotions, classify, make_maps) -> None:
    """Draw the mean map of each emotion over faces that are recognised right, and print how it falls on the regions."""
    from emotion_recognition import files
    from emotion_recognition.explanation import explained_faces, figures, regions

    faces, labels = explained_faces.read(arguments.data, arguments.split or "test", emotions)
    is_right = classify(faces).argmax(axis=1) == labels
    if not is_right.any():
        raise UserError(f"{arguments.model} recognises none of these faces: name another --model or --data.")
    output = arguments.output or FOLDER / "emotion_regions.png"
    files.claim_output(output, arguments.force)
    means = regions.mean_maps(make_maps, faces[is_right], labels[is_right], emotions, arguments.pictures or 100)
    print("\n".join(["", "Share of the importance that lies in each region", *regions.share_table(means)]))
    figures.emotion_regions(means, output)
    print(f"Wrote {output}")


def check_maps(arguments, model, classify, make_maps) -> None:
    """Print how right the maps are, beside random order and a blob in the middle."""
    from emotion_recognition import files
    from emotion_recognition.explanation import explained_faces, faithfulness

    data, split = arguments.data or "data", arguments.split or "validation"
    faces = explained_faces.read(data, split, model.emotions)[0][: arguments.pictures or 500]
    if len(faces) < 2:
        raise UserError("One face is too few to check the maps on: take --pictures 2 or more, or another --data.")
    if arguments.output:
        files.claim_output(arguments.output, arguments.force)
    print(f"Checking the maps of {len(faces)} faces, which takes some minutes ...", flush=True)
    chosen = classify(faces).argmax(axis=1)
    rows = faithfulness.check(arguments.method, make_maps, classify, model.network, faces, chosen)
    print("\n".join(["", *faithfulness.table(rows)]))
    if arguments.output:
        files.write_table(arguments.output, rows)
        print(f"Wrote {arguments.output}")


if __name__ == "__main__":
    program.run(main)
