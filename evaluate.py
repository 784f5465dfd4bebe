"""Say how good a model is on pictures that it has not been trained on.

    python evaluate.py                                    model.h5 on data/
    python evaluate.py --output results                   with report.json and pictures in the folder results/
    python evaluate.py --model a.h5 b.h5 --ensemble       compares two models, and the mean of both
    python evaluate.py --model theirs.h5 --detect-order   how to read a model of another project

FER-2013's PublicTest is the split `validation`, its PrivateTest is `test`. The classic script of the four-layer CNN
reaches 63.2 % on both together.
"""

import argparse
from pathlib import Path

from emotion_recognition.cli import options, program
from emotion_recognition.errors import UserError
from emotion_recognition.places import shipped


def parse_args() -> argparse.Namespace:
    parser = program.parser(__doc__)
    judged = parser.add_argument_group("what is judged")
    compared = "model files to compare (default: the model.h5 beside the scripts)"
    judged.add_argument("--model", nargs="+", action="extend", help=compared)
    judged.add_argument("--ensemble", action="store_true", help="add the mean of the models")
    judged.add_argument("--flip", action="store_true", help="average each picture with its mirror image")
    judged.add_argument("--crop", type=options.positive(float), default=1.0, help="cut each face so many times as wide")
    options.add_data_flag(judged)
    splits = ("train", "validation", "test")
    judged.add_argument("--split", choices=splits, help="which pictures (default: validation, test and both together)")
    kept = parser.add_argument_group("what is written")
    kept.add_argument("--output", help="folder to make for report.json and pictures of the test split (or of --split)")
    kept.add_argument("--save-as", metavar="FILE", help="write the model as a file of this project: .h5 or .tflite")
    kept.add_argument("--weights", choices=("float32", "float16", "int8"), help="of a .tflite (default: float32)")
    kept.add_argument("--force", action="store_true", help="replace what an earlier run made")
    foreign = options.add_foreign_model_flags(parser)
    foreign.add_argument(
        "--detect-order", action="store_true", help="find --emotions and --pixel-range of a model on validation"
    )
    arguments = parser.parse_args()
    arguments.model = list(dict.fromkeys(arguments.model or [str(shipped("model.h5"))]))
    if len(arguments.model) > 1 and (arguments.detect_order or arguments.save_as):
        parser.error("--detect-order and --save-as take one --model at a time")
    if arguments.detect_order and (arguments.save_as or arguments.emotions or arguments.pixel_range):
        parser.error("--detect-order finds --emotions and --pixel-range: leave them out, and --save-as for a next run")
    is_judged = arguments.output or arguments.split or arguments.flip or arguments.crop != 1
    if (arguments.detect_order or arguments.save_as) and is_judged:
        parser.error("--detect-order and --save-as judge nothing: leave out --output, --split, --flip and --crop")
    if arguments.weights and not (arguments.save_as or "").endswith(".tflite"):
        parser.error("--weights says how a .tflite stores them: name one with --save-as")
    if arguments.ensemble and len(arguments.model) == 1:
        parser.error("--ensemble averages several models: name more than one after --model")
    return arguments


def main() -> None:
    arguments = parse_args()
    if arguments.detect_order:
        return detect_order(arguments.model[0], arguments.data)
    if arguments.save_as:
        return save_as(arguments)
    # Imported here, so that --help answers at once.
    program.start_keras()
    import numpy as np

    from emotion_recognition import files
    from emotion_recognition.evaluation import report, results, tables
    from emotion_recognition.models.classifier import open_model
    from emotion_recognition.models.predict import predict

    if arguments.output:
        files.claim_folder(arguments.output, arguments.force)
    models = [open_model(path, arguments.emotions, arguments.pixel_range) for path in arguments.model]
    if arguments.ensemble:
        check_same_emotions(dict(zip(arguments.model, models, strict=True)))

    found: list[results.Result] = []
    for path, model in zip(arguments.model, models, strict=True):
        # Read once, unless models differ in their emotions: the labels follow these.
        if not found or found[-1].emotions != model.emotions:
            splits = [arguments.split] if arguments.split else ["validation", "test"]
            judged = results.read_faces(arguments.data, splits, model.emotions)
            pictures = results.recut(judged.faces.pictures, arguments.crop)
            if judged.left_out:
                print(f"Left out, since the model does not know their emotions: {tables.counted(judged.left_out)}.")
            if judged.copied is None and arguments.split != "train":
                print(f"{arguments.data} does not tell which pictures also occur in training.")
        mirrored = " and the mirror image of each" if arguments.flip else ""
        print(f"{path} looks at {tables.counted(len(judged.faces))}{mirrored} ...", flush=True)
        probabilities = predict(model.probabilities, pictures, arguments.flip)
        found.append(results.Result(path, model.training, judged, probabilities))
    if arguments.ensemble:
        mean = np.mean([result.probabilities for result in found], axis=0)
        found.append(results.Result(f"ensemble of {len(models)}", {}, judged, mean))

    print(tables.text(found))
    if arguments.output:
        report.write(found, arguments.output, {"data": arguments.data, "flip": arguments.flip, "crop": arguments.crop})
        print(f"Wrote {arguments.output}")


def check_same_emotions(models: dict) -> None:
    """Refuse to average models, by their names, that answer with other emotions than the first."""
    first, *_ = models
    for path, model in models.items():
        if model.emotions != models[first].emotions:
            raise UserError(
                f"{path} answers with other emotions than {first}, or in another order"
                f" ({', '.join(model.emotions)}, not {', '.join(models[first].emotions)}): leave out --ensemble or one."
            )


def detect_order(path: str, data: str) -> None:
    """Say how a model of another project is read, by trying what is possible on validation pictures."""
    program.start_keras()
    from emotion_recognition.datasets import folders
    from emotion_recognition.models import foreign

    faces = folders.read_split(data, "validation")
    if faces is None:
        raise UserError(f"{data} holds no pictures in `validation` to try the model on: name another --data.")
    print(foreign.detect_order(Path(path), faces.pictures, faces.labels, faces.emotions))


def save_as(arguments: argparse.Namespace) -> None:
    """Write a model as a file that says itself how it is read: an .h5 for Keras, or a .tflite for LiteRT."""
    program.start_keras()
    from emotion_recognition import files
    from emotion_recognition.datasets.folders import read_examples
    from emotion_recognition.models import export, lite, model_file

    (path,), target = arguments.model, Path(arguments.save_as)
    if target.suffix not in (".h5", ".tflite"):
        raise UserError(f"{target}: the name of a model file ends in .h5 or .tflite; name another --save-as.")
    files.claim_output(target, arguments.force, "--save-as")
    model = model_file.load(path, arguments.emotions, arguments.pixel_range)
    files.keep_aside(target)
    if target.suffix == ".h5":
        model_file.save(target, model.network, model.emotions, {**model.training, "from": Path(path).name})
    else:
        stored, made_from = arguments.weights or "float32", lite.file_digest(path)
        examples = read_examples(arguments.data) if stored == "int8" else None
        with program.silent_start():
            content = export.to_lite(model.network, stored, examples)
        lite.write(target, lite.LiteModel(content, model.emotions, made_from, stored, model.training))
    print(f"Wrote {target}, which says itself how it is read.")


if __name__ == "__main__":
    program.run(main)
