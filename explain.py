"""Show which parts of the face decide which emotion a model sees.

    python explain.py photo.jpg                     the faces in a picture: explanations/photo.png
    python explain.py photo.jpg --emotion sad       what speaks for sad, whatever the model sees
    python explain.py --data data                   the mean map of each emotion, and a table of regions
    python explain.py --check                       how right are the maps? measured on data/validation

Magenta parts speak for the emotion, turquoise ones against it.
"""

import argparse
from functools import partial
from itertools import groupby
from pathlib import Path

from emotion_recognition.cli import explanation_options, program
from emotion_recognition.errors import UserError

FOLDER = Path("explanations")
# Networks that show where they look, as their training's record names them; only Keras can ask them.
WITH_ATTENTION = ("attentional", "deep_emotion")


def parse_args() -> argparse.Namespace:
    parser = program.parser(__doc__)
    explanation_options.add_explanation_flags(parser, str(FOLDER))
    return explanation_options.check_explanation_flags(parser, parser.parse_intermixed_args())


def main() -> None:
    arguments = parse_args()
    # Imported here, so that --help answers at once.
    from emotion_recognition.evaluation import figures
    from emotion_recognition.explanation.occlusion import occlusion_maps
    from emotion_recognition.models.classifier import EmotionClassifier

    if arguments.check:
        return check_maps(arguments)
    if arguments.output:
        figures.check_ending(arguments.output)
    with program.silent_start():
        classifier = EmotionClassifier(arguments.model, arguments.emotions, arguments.pixel_range)
    make_maps = partial(occlusion_maps, classifier.probabilities)
    if arguments.method == "class-activation":
        network = load(arguments).network
        from emotion_recognition.explanation.class_activation import class_activation_maps

        make_maps = partial(class_activation_maps, network)
    explain = explain_emotions if arguments.data else explain_pictures
    explain(arguments, classifier, make_maps)


def load(arguments):
    """Return the model as Keras holds it. Maps of occlusion do without Keras, which takes seconds to start."""
    program.start_keras()
    from emotion_recognition.models import model_file

    return model_file.load(arguments.model, arguments.emotions, arguments.pixel_range)


def explain_pictures(arguments, classifier, make_maps) -> None:
    """Draw each face in the pictures, its map and its probabilities: a figure a picture, or all in the one named."""
    from emotion_recognition import EmotionRecogniser, files
    from emotion_recognition.explanation import explained_faces, figures
    from emotion_recognition.studies.words import HOW_TO_READ, describe_faces

    outputs = {FOLDER / f"{Path(source).stem}.png": [source] for source in arguments.sources}
    if arguments.output:
        outputs = {Path(arguments.output): arguments.sources}
    elif len(outputs) < len(arguments.sources):
        raise UserError("Some of the pictures have the same name: name a figure for all of them with --output.")
    named = explained_faces.known(arguments.emotion, classifier.emotions) if arguments.emotion else None
    recogniser = EmotionRecogniser(classifier, arguments.detector, whole=arguments.whole)
    found = {output: explained_faces.find(sources, recogniser) for output, sources in outputs.items()}
    for output in found:
        if output.resolve() in [Path(source).resolve() for source in arguments.sources]:
            raise UserError(f"{output} would be written over a picture: name another --output.")
        files.claim_output(output, arguments.force)
    network = None
    if classifier.training.get("network") in WITH_ATTENTION and Path(arguments.model).suffix != ".tflite":
        network = load(arguments).network
    for output, faces in found.items():
        for source, group in groupby(faces, lambda face: face.source):
            print(describe_faces(source, [face.read for face in group]))
        chosen = [named or face.read.emotion for face in faces]
        crops = [face.crop for face in faces]
        maps = make_maps(crops, list(map(classifier.emotions.index, chosen)))
        masks, corners = looks_of(network, crops)
        figures.explained_faces(faces, chosen, maps, arguments.method, masks, corners, output)
        print(f"Wrote {output}")
    print(HOW_TO_READ)


def looks_of(network, crops) -> tuple:
    """Return the masks and corners of `attention`, None where the network has none."""
    if network is None:
        return None, None
    from emotion_recognition.explanation import attention

    return attention.spatial_masks(network, crops), attention.sampled_corners(network, crops)


def explain_emotions(arguments, classifier, make_maps) -> None:
    """Draw the mean map of each emotion over faces that are recognised right, and print how it falls on the regions."""
    from emotion_recognition import files
    from emotion_recognition.explanation import explained_faces, figures, regions

    emotions = classifier.emotions
    faces, labels = explained_faces.read(arguments.data, arguments.split or "test", emotions)
    is_right = classifier.probabilities(faces).argmax(axis=1) == labels
    if not is_right.any():
        raise UserError(f"{arguments.model} recognises none of these faces: name another --model or --data.")
    output = arguments.output or FOLDER / "emotion_regions.png"
    files.claim_output(output, arguments.force)
    means = regions.mean_maps(make_maps, faces[is_right], labels[is_right], emotions, arguments.pictures or 100)
    print("\n".join(["", "Share of the importance that lies in each region", *regions.share_table(means)]))
    figures.emotion_regions(means, output)
    print(f"Wrote {output}")


def check_maps(arguments) -> None:
    """Print how right the maps are, beside random order and a blob in the middle."""
    model = load(arguments)
    from emotion_recognition import files
    from emotion_recognition.explanation import class_activation, explained_faces, faithfulness, occlusion
    from emotion_recognition.models.predict import network_outputs

    def classify(faces):
        return network_outputs(model.network.predict_on_batch, faces[..., None])

    make_maps = partial(occlusion.occlusion_maps, classify)
    if arguments.method == "class-activation":
        make_maps = partial(class_activation.class_activation_maps, model.network)
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
