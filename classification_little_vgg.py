"""Train the little VGG on folders of face pictures.

    python classification_little_vgg.py                  trains on data/, writes little_vgg.h5
    python classification_little_vgg.py --resume         goes on after an interruption
    python classification_little_vgg.py --compare-optimizers    trains with RMSprop, Adam and SGD
    python test.py --model little_vgg.h5                 shows the result in the webcam's window

The classic recipe: RMSprop, mirrored and slightly warped pictures, the epoch that is best on validation. model.h5 is
such a network after several rounds: 68.9 % of FER-2013's PrivateTest (README, Results).
"""

from emotion_recognition.cli import options, program


def little_vgg(emotions: int):
    """Return the little VGG: faces (n, 48, 48, 1), gray, 0 to 255 -> probabilities (n, emotions).

    Four blocks of two 3x3 convolutions, then two dense layers of 64 (1.3 million parameters): after the VGG of Simonyan
    and Zisserman (2014), with ELU and batch normalisation. The dropout is milder than usual for this network: with
    stronger one it cannot even learn the training pictures.
    """
    import keras
    from keras import layers

    model = keras.Sequential(name="little_vgg")
    model.add(keras.Input((48, 48, 1)))
    model.add(layers.Rescaling(1 / 255))
    for filters in (32, 64, 128, 256):
        for _ in range(2):
            model.add(layers.Conv2D(filters, 3, padding="same", kernel_initializer="he_normal"))
            model.add(layers.ELU())
            model.add(layers.BatchNormalization())
        model.add(layers.MaxPooling2D())
        model.add(layers.Dropout(0.15))
    model.add(layers.Flatten())
    for _ in range(2):
        model.add(layers.Dense(64, kernel_initializer="he_normal"))
        model.add(layers.ELU())
        model.add(layers.BatchNormalization())
        model.add(layers.Dropout(0.25))
    # The last layer keeps its full precision also in mixed-precision training.
    model.add(layers.Dense(emotions, activation="softmax", dtype="float32"))
    return model


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
    from emotion_recognition.training import comparison, run

    work = comparison.compare_optimizers if arguments.compare_optimizers else run.train
    work(little_vgg, arguments)


if __name__ == "__main__":
    program.run(main)
