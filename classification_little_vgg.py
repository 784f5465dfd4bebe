"""Train the little VGG on folders of face pictures.

    python classification_little_vgg.py                  trains on data/, writes little_vgg.h5
    python classification_little_vgg.py --resume         goes on after an interruption
    python classification_little_vgg.py --compare-optimizers    trains with RMSprop, Adam and SGD
    python test.py --model little_vgg.h5                 shows the result in the webcam's window

The classic recipe: RMSprop, mirrored and slightly warped pictures, the epoch that is best on validation. model.h5 is
such a network after several rounds: 68.9 % of FER-2013's PrivateTest (README, Results).
"""

from emotion_recognition.cli import options, program


def parse_args():
    parser = program.parser(__doc__)
    options.add_training_flags(parser, output="little_vgg.h5", epochs=30, batch_size=32, optimizer="rmsprop")
    parser.add_argument(
        "--compare-optimizers", action="store_true", help="train with each optimizer, write a table and a picture"
    )
    arguments = parser.parse_args()
    is_chosen = arguments.optimizer != parser.get_default("optimizer")
    if arguments.compare_optimizers and (is_chosen or arguments.learning_rate or arguments.weights):
        parser.error("--compare-optimizers trains anew with each: leave out --optimizer, --learning-rate and --weights")
    return arguments


def main():
    arguments = parse_args()
    # Imported here, so that --help answers at once.
    program.start_keras()
    from emotion_recognition.models import networks
    from emotion_recognition.training import comparison, run

    work = comparison.compare_optimizers if arguments.compare_optimizers else run.train
    work(networks.little_vgg, arguments)


if __name__ == "__main__":
    program.run(main)
