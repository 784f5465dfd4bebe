"""Train the little VGG on folders of face pictures.

    python classification_little_vgg.py                  trains on data/, writes little_vgg.h5
    python classification_little_vgg.py --resume         goes on after an interruption
    python test.py --model little_vgg.h5                 shows the result in the webcam's window

The classic recipe: RMSprop, mirrored and slightly warped pictures, the epoch that is best on validation.
"""

from emotion_recognition import cli


def parse_args():
    parser = cli.parser(__doc__)
    cli.add_training_flags(parser, output="little_vgg.h5", epochs=30, batch_size=32, optimizer="rmsprop")
    return parser.parse_args()


def main():
    arguments = parse_args()
    # Imported here, so that --help answers at once.
    cli.start_keras()
    from emotion_recognition import networks, training

    with training.outputs(arguments) as outputs:
        train, validation = training.read_data(arguments)
        network = training.build(networks.little_vgg, train, arguments)
        history = training.fit(network, train, validation, arguments, outputs)
        training.finish(network, train, validation, history, arguments, outputs)


if __name__ == "__main__":
    cli.run(main)
