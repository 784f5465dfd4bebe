"""Show which parts of the face decide which emotion a model sees.

    python explain.py photo.jpg                     the faces in a picture: explanation.png
    python explain.py photo.jpg --emotion sad       what speaks for sad, whatever the model sees
    python explain.py --data data                   the mean map of each emotion: emotion_regions.png, and a table
    python explain.py --check                       how right are the maps? measured on data/validation

Red parts speak for the emotion, blue ones against it.
"""

from functools import partial
from pathlib import Path

from emotion_recognition import files
from emotion_recognition.cli import options, program
from emotion_recognition.errors import UserError
from emotion_recognition.labels import canonical

# Rows of a figure: more would make it larger than PNG files can be.
MOST_FACES = 200


def parse_args():
    parser = program.parser(__doc__)
    parser.add_argument("sources", nargs="*", metavar="PICTURE", help="picture files with faces")
    parser.add_argument("--data", help="folder or packed file of dataset_prepare.py, or your own class folders")
    parser.add_argument("--check", action="store_true", help="measure how right the maps are (without --data: on data)")
    parser.add_argument("--model", default=program.PROJECT / "model.h5", help="model file that reads the emotions")
    parser.add_argument("--emotion", metavar="NAME", help="emotion to explain in pictures (default: the one seen)")
    splits = ("train", "validation", "test")
    parser.add_argument("--split", choices=splits, help="which faces (default: test; for --check: validation)")
    numbers = "so many faces at most (default: 100 of each emotion; for --check: 500 in all)"
    parser.add_argument("--pictures", type=options.positive(int), metavar="N", help=numbers)
    parser.add_argument("--output", help="figure to write; for --check, its table as a CSV file")
    parser.add_argument("--force", action="store_true", help="replace what is at --output")
    options.add_whole_flag(parser)
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


def main():
    arguments = parse_args()
    work, output = explain_pictures, "explanation.png"
    if arguments.data:
        work, output = explain_emotions, "emotion_regions.png"
    if arguments.check:
        work, output = check, None
    arguments.output = arguments.output or output
    # Imported here, so that --help answers at once.
    from emotion_recognition.evaluation import figures

    if not arguments.check:
        figures.check_ending(arguments.output)
    if arguments.output:
        if Path(arguments.output).resolve() in [Path(source).resolve() for source in arguments.sources]:
            raise UserError(f"{arguments.output} would be written over a picture: name another --output.")
        files.claim_output(arguments.output, arguments.force)
    program.start_keras()
    from emotion_recognition.models.classifier import EmotionClassifier

    classifier = EmotionClassifier(arguments.model, arguments.emotions, arguments.pixel_range)
    work(arguments, classifier, make_methods(arguments.model, classifier))
    if arguments.output:
        print(f"Wrote {arguments.output}")


def make_methods(path, classifier) -> dict:
    """Return, by their names, the functions (faces, chosen) -> maps that there are for this network."""
    from emotion_recognition.explanation import class_activation, occlusion

    methods = {"occlusion": partial(occlusion.occlusion_maps, classifier.probabilities)}
    if not class_activation.is_possible():
        print("Class activation maps need TensorFlow's gradients (KERAS_BACKEND=tensorflow): occlusion goes on alone.")
    elif class_activation.find_last_convolution(classifier.network) is None:
        print(f"Class activation maps need a convolution, and {path} has none: occlusion goes on alone.")
    else:
        methods["class activation"] = class_activation.compile_maps(classifier.network)
    return methods


def explain_pictures(arguments, classifier, methods):
    """Draw each face in the pictures, its maps and its probabilities."""
    from emotion_recognition.explanation import explained_faces, figures, occlusion

    named = find_emotion(arguments, classifier.emotions) if arguments.emotion else None
    faces, names = explained_faces.find(arguments.sources, arguments.whole)
    if len(faces) > MOST_FACES:
        raise UserError(f"{len(faces)} faces are too many for one figure: name fewer pictures at once.")
    probabilities = classifier.probabilities(faces)
    chosen = probabilities.argmax(axis=1)
    if named is not None:
        chosen[:] = named
    maps = {name: method(faces, chosen) for name, method in methods.items()}
    looks = occlusion.spatial_masks(classifier.network, faces), occlusion.sampled_corners(classifier.network, faces)
    figures.explained_faces(faces, names, chosen, probabilities, classifier.emotions, maps, *looks, arguments.output)


def find_emotion(arguments, emotions) -> int:
    """Return the place of --emotion among the emotions of the model; UserError where it is none of them."""
    try:
        return emotions.index(canonical(arguments.emotion))
    except ValueError as error:
        known = ", ".join(emotions)
        raise UserError(f"{arguments.model} does not know {arguments.emotion}: choose from {known}.") from error


def explain_emotions(arguments, classifier, methods):
    """Draw the mean map of each emotion over faces that are recognised right, and print how it falls on the regions."""
    from emotion_recognition.explanation import explained_faces, figures, regions

    faces, labels = explained_faces.read(arguments.data, arguments.split or "test", classifier.emotions)
    is_right = see(arguments, classifier, faces) == labels
    if not is_right.any():
        raise UserError(f"{arguments.model} recognises none of these faces: name another --model or --data.")
    # Occlusion alone: the other method does not pass --check.
    means, maps, numbers = regions.mean_maps(
        methods["occlusion"], faces[is_right], labels[is_right], classifier.emotions, arguments.pictures or 100
    )
    print("\n".join(["", "Share of the importance that lies in each region", *regions.share_table(maps)]))
    figures.emotion_regions(means, maps, numbers, arguments.output)


def see(arguments, classifier, faces):
    """Return the place of the emotion that the model sees in each face, int (n,)."""
    from emotion_recognition.models.predict import predict

    return predict(classifier.network, faces[..., None]).argmax(axis=1)


def check(arguments, classifier, methods):
    """Print how right the maps of all methods are, beside random order and a blob in the middle."""
    from emotion_recognition.explanation import explained_faces, faithfulness

    faces, _ = explained_faces.read(arguments.data or "data", arguments.split or "validation", classifier.emotions)
    faces = faces[: arguments.pictures or 500]
    if len(faces) < 2:
        raise UserError("One face is too few to check the maps on: take --pictures 2 or more, or another --data.")
    print(f"Checking the maps of {len(faces)} faces, which takes some minutes ...", flush=True)
    rows = faithfulness.check(methods, classifier, faces, see(arguments, classifier, faces))
    print("\n".join(["", *faithfulness.table(rows)]))
    if arguments.output:
        files.write_table(arguments.output, rows)


if __name__ == "__main__":
    program.run(main)
