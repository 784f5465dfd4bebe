"""One network with the mean of the weights of several: as fast as each of them, and often better than all.

    python -m emotion_recognition.training.averaging model.h5 little_vgg.h5 --output averaged.h5

Averaged can be what has common roots: networks of which one went on from the other (--weights), or all from a third
(model soups: Wortsman et al., 2022). The validation pictures say whether it went well, and fit the temperature anew.
"""

import numpy as np

from emotion_recognition import files
from emotion_recognition.cli import program
from emotion_recognition.errors import UserError
from emotion_recognition.training import outputs


def parse_args():
    parser = program.parser(__doc__)
    parser.add_argument("models", nargs="+", metavar="MODEL", help="two or more model files of the same network")
    parser.add_argument("--output", default="averaged.h5", help="model file to write")
    parser.add_argument("--data", default="data", help="folder or packed file that holds the validation pictures")
    parser.add_argument("--force", action="store_true", help="replace what is at --output")
    return parser.parse_args()


def main():
    arguments = parse_args()
    if len(arguments.models) < 2:
        raise UserError("One model has no average: name two or more.")
    outputs.check_name(arguments.output)
    files.claim_output(arguments.output, arguments.force)
    # Imported here, so that --help answers at once.
    program.start_keras()
    from emotion_recognition.datasets import folders
    from emotion_recognition.models import model_file
    from emotion_recognition.training import calibration

    models = [model_file.load(path) for path in arguments.models]
    check_alike(arguments.models, models)
    validation = folders.read_split(arguments.data, "validation", models[0].emotions)
    if not validation:
        raise UserError(f"{arguments.data} has no folder validation, which says whether an average is any good.")
    network = models[0].network
    accuracies = []
    for model in models:
        accuracies.append(calibration.calibrate(model.network, validation)[1])
    network.set_weights(mean_weights([model.network for model in models]))
    temperature, accuracy = calibration.calibrate(network, validation)
    for path, each in zip([*arguments.models, "their average"], [*accuracies, accuracy], strict=True):
        print(f"{each:.2%} of {len(validation):,} validation pictures are right: {path}")
    if accuracy < min(accuracies):
        raise UserError("The average is worse than each of them: average networks of which one went on from the other.")
    record = {
        "network": network.name,
        "average_of": [
            {"file": str(path), **model.training} for path, model in zip(arguments.models, models, strict=True)
        ],
        "validation_pictures": len(validation),
        "validation_fingerprint": validation.fingerprint,
        "validation_accuracy": accuracy,
        "temperature": temperature,
    }
    files.keep_aside(arguments.output)
    model_file.save(arguments.output, network, models[0].emotions, record)
    print(f"Wrote {arguments.output}")


def check_alike(paths, models):
    """Refuse models of which one tells other emotions, or has weights of other shapes, than the first."""
    first = models[0]
    for path, model in zip(paths, models, strict=True):
        # A temperature goes into the kernel and the bias of the last layer.
        if len(model.network.layers[-1].get_weights()) != 2:
            raise UserError(f"{path} is the model of another project: only networks of this one can be averaged.")
        if model.emotions != first.emotions:
            raise UserError(
                f"{path} tells other emotions than {paths[0]}, or in another order: these cannot be averaged."
            )
        if [weights.shape for weights in model.network.weights] != [weights.shape for weights in first.network.weights]:
            raise UserError(f"{path} holds another network than {paths[0]}: these cannot be averaged.")


def mean_weights(networks) -> list:
    """Return the mean of each weight of the networks, the statistics of batch normalisation among them."""
    return [np.mean(weights, axis=0) for weights in zip(*(each.get_weights() for each in networks), strict=True)]


if __name__ == "__main__":
    program.run(main)
