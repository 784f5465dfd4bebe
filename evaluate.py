"""Say how good a model is on pictures that it has not been trained on.

    python evaluate.py                                    model.h5 on data/
    python evaluate.py --output results                   with report.json and pictures in the folder results/
    python evaluate.py --model a.h5 b.h5 --ensemble       compares two models, and the mean of both
    python evaluate.py --model theirs.h5 --detect-order   how to read a model of another project

FER-2013's PublicTest is the split `validation`, its PrivateTest is `test`. The classic script of the four-layer CNN
reaches 63.2 % on both together.
"""

from pathlib import Path

from emotion_recognition.cli import options, program
from emotion_recognition.errors import UserError


def parse_args():
    parser = program.parser(__doc__)
    parser.add_argument(
        "--model", nargs="+", action="extend", help="model files to compare (default: the model.h5 beside the scripts)"
    )
    parser.add_argument(
        "--data", default="data", help="folder or packed file of dataset_prepare.py, or your own class folders"
    )
    parser.add_argument(
        "--split",
        choices=("train", "validation", "test"),
        help="which pictures (default: validation, test and both together)",
    )
    parser.add_argument("--flip", action="store_true", help="average each picture with its mirror image")
    parser.add_argument("--ensemble", action="store_true", help="add the mean of the models")
    parser.add_argument("--output", help="folder to make for report.json and pictures of the test split")
    parser.add_argument("--force", action="store_true", help="replace what an earlier run made")
    options.add_foreign_model_flags(parser)
    parser.add_argument(
        "--detect-order", action="store_true", help="find --emotions and --pixel-range of a model on validation"
    )
    parser.add_argument("--save-as", metavar="FILE", help="write another project's model as a file of this project")
    arguments = parser.parse_args()
    if len(arguments.model or ()) > 1 and (arguments.detect_order or arguments.save_as):
        parser.error("--detect-order and --save-as take one --model at a time")
    if arguments.detect_order and arguments.save_as:
        parser.error("--save-as needs to be told the order that --detect-order looks for: name one of them")
    if (arguments.detect_order or arguments.save_as) and (arguments.output or arguments.split or arguments.flip):
        parser.error("--detect-order and --save-as judge nothing: leave out --output, --split and --flip")
    return arguments


def main():
    arguments = parse_args()
    # Imported here, so that --help answers at once.
    program.start_keras()
    import numpy as np

    from emotion_recognition import files
    from emotion_recognition.datasets import folders
    from emotion_recognition.evaluation import report
    from emotion_recognition.models import foreign, model_file
    from emotion_recognition.models.predict import predict
    from emotion_recognition.training import outputs

    paths = list(dict.fromkeys(arguments.model or [str(program.PROJECT / "model.h5")]))
    if arguments.ensemble and len(paths) == 1:
        raise UserError("--ensemble averages several models: name more than one after --model.")
    if arguments.output:
        report.claim_output(arguments.output, arguments.force)
    if arguments.save_as:
        outputs.check_name(arguments.save_as, "--save-as")
        files.claim_output(arguments.save_as, arguments.force, "--save-as")
    if arguments.detect_order:
        faces = folders.read_split(arguments.data, "validation")
        if faces is None:
            raise UserError("There is no folder `validation` to try the model on: name another --data.")
        return print(foreign.detect_order(Path(paths[0]), faces.pictures, faces.labels, faces.emotions))
    models = [model_file.load(path, arguments.emotions, arguments.pixel_range) for path in paths]
    if arguments.save_as:
        record = {**models[0].training, "from": Path(paths[0]).name}
        files.keep_aside(arguments.save_as)
        model_file.save(arguments.save_as, models[0].network, models[0].emotions, record)
        print(f"Wrote {arguments.save_as}, which says itself how it is read.")
        return None
    for path, model in zip(paths, models, strict=True):
        if arguments.ensemble and model.emotions != models[0].emotions:
            raise UserError(
                f"{path} answers with other emotions than {paths[0]}, or in another order"
                f" ({', '.join(model.emotions)}, not {', '.join(models[0].emotions)}): leave out --ensemble or one."
            )
    results = []
    for path, model in zip(paths, models, strict=True):
        # Read once, unless models differ in their emotions: the labels follow these.
        if not results or results[-1].faces.emotions != model.emotions:
            faces, splits, copied = read_faces(arguments.data, arguments.split, model.emotions)
        mirrored = " and their mirror images" if arguments.flip else ""
        print(f"{path} looks at {len(faces):,} pictures{mirrored} ...", flush=True)
        probabilities = predict(model.network, faces.pictures, arguments.flip)
        results.append(report.Result(path, model.training, faces, probabilities, splits, copied))
    if arguments.ensemble:
        mean = np.mean([result.probabilities for result in results], axis=0)
        results.append(report.Result(f"ensemble of {len(paths)}", {}, faces, mean, splits, copied))
    print(report.text(results))
    if arguments.output:
        report.write(results, arguments.output, {"data": arguments.data, "flip": arguments.flip})
        print(f"Wrote {arguments.output}")


def read_faces(data, split, emotions):
    """Return the faces of one split or of validation and test, the split of each, and whether train holds a copy of it.

    The last is None where that is not known, or of no interest.
    """
    import numpy as np

    from emotion_recognition.datasets import folders

    read = {name: folders.read_split(data, name) for name in ([split] if split else ["validation", "test"])}
    found = {name: faces.of_emotions(emotions) for name, faces in read.items() if faces is not None}
    if left_out := sum(len(read[name]) - len(faces) for name, faces in found.items()):
        print(f"{left_out:,} pictures of emotions that the model does not know are left out.")
    found = {name: faces for name, faces in found.items() if len(faces)}
    if not found:
        raise UserError(f"{data} holds no pictures in `{' or '.join(read)}`: name another --data or --split.")
    arrays = ([getattr(faces, field) for faces in found.values()] for field in ("pictures", "labels", "names"))
    faces = folders.Pictures(*map(np.concatenate, arrays), tuple(emotions))
    splits = np.repeat(list(found), [len(each) for each in found.values()])
    trained = {name: folders.read_trained_names(data, name) for name in found if name != "train"}
    if None in trained.values():
        print(f"{data} does not tell which pictures also occur in training.")
    if None in trained.values() or not trained:
        return faces, splits, None
    return faces, splits, np.concatenate([np.isin(found[name].names, trained[name]) for name in found])


if __name__ == "__main__":
    program.run(main)
