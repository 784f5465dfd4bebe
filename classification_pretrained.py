"""Fine-tune a MobileNet that has learned to recognise faces, so that it reads their emotions.

    python classification_pretrained.py --pretrained models/     trains on data/, writes pretrained.h5
    python classification_pretrained.py --weights model.h5       goes on from a trained one, on your own pictures
    python test.py --model pretrained.h5                         shows the result in the webcam's window

--pretrained names the folder of faceres.json and faceres.bin (`npm pack @vladmandic/human@3.3.6`, folder models; for
research). With --votes, a second head learns what ten people saw in each face (FER+); left out of what is written.
"""

from emotion_recognition.cli import options, program

FROZEN = 5  # blocks whose general features fit emotions as they are
HALVING = (2, 4, 6, 12)  # blocks that halve the width and height
MEAN_LEVEL = (103.939 + 116.779 + 123.68) / 3  # of blue, green and red; it was subtracted from what the network learned
VOTES_WEIGHT = 0.6


def parse_args():
    parser = program.parser(__doc__)
    options.add_learned_flags(parser)
    how = options.add_fit_flags(parser, epochs=12, batch_size=64)
    how.add_argument("--learning-rate", type=options.positive(float), default=3e-4, help="highest rate of AdamW")
    how.add_argument("--dropout", type=options.share, default=0.4, help="share of features left out at the end")
    network = parser.add_argument_group("the network")
    start = network.add_mutually_exclusive_group()
    start.add_argument("--pretrained", default="models", help="folder of faceres.json and faceres.bin")
    start.add_argument("--weights", metavar="MODEL", help="start from this trained model of the same network")
    size = options.number(int, lambda value: value > 0 and value % 32 == 0, "a multiple of 32")
    network.add_argument("--size", type=size, default=160, help="pixels that faces are enlarged to")
    network.add_argument("--blocks", type=int, choices=range(FROZEN + 1, 14), default=13, help="blocks that are used")
    options.add_training_output_flags(parser, output="pretrained.h5")
    return options.complete_training(parser.parse_args())


def mobilenet(size, blocks):
    """Return two parts of the MobileNet (Howard et al., 2017, section 3.2).

    The stem stays as it is: faces (n, size, size, 1), gray, 0 to 255 -> (n, size / 8, size / 8, 256). The body goes on
    learning: what the stem finds -> features (n, channels).
    """
    import keras
    from keras import layers

    from emotion_recognition.training.vggface import CHANNELS

    def block(features, number):
        is_frozen, strides = number <= FROZEN, 2 if number in HALVING else 1
        depthwise = layers.DepthwiseConv2D(3, strides, padding="same", use_bias=is_frozen, name=f"conv_dw_{number}")
        pointwise = layers.Conv2D(CHANNELS[number - 1], 1, use_bias=is_frozen, name=f"conv_pw_{number}")
        for layer in (depthwise, pointwise):
            features = layer(features)
            if not is_frozen:
                features = layers.BatchNormalization(name=f"{layer.name}_bn")(features)
            features = layers.ReLU(6)(features)
        return features

    faces = keras.Input((size, size, 1))
    features = layers.Rescaling(1.0, -MEAN_LEVEL)(faces)
    features = layers.ReLU(6)(layers.Conv2D(32, 3, 2, padding="same", name="conv1")(features))
    for number in range(1, FROZEN + 1):
        features = block(features, number)
    stem = keras.Model(faces, features, name="stem", trainable=False)
    found = features = keras.Input(features.shape[1:])
    for number in range(FROZEN + 1, blocks + 1):
        features = block(features, number)
    return stem, keras.Model(found, layers.GlobalAveragePooling2D()(features), name="body")


def whole_network(stem, body, head, enlarging):
    """Return one network, faces (n, 48, 48, 1) -> (n, emotions); it enlarges by matrix products, which LiteRT has."""
    import keras
    from keras import layers

    size, _ = enlarging.shape
    faces = keras.Input((48, 48, 1))
    features = layers.Reshape((48, 48))(faces)
    for name in ("columns", "rows"):
        enlarge = layers.Dense(size, use_bias=False, name=f"enlarge_{name}")
        features = layers.Permute((2, 1))(enlarge(features))
        enlarge.set_weights([enlarging.T])
    features = layers.Reshape((size, size, 1))(features)
    for layer in [*stem.layers[1:], *body.layers[1:], head]:
        features = layer(features)
    return keras.Model(faces, features, name="pretrained")


def main() -> None:
    arguments = parse_args()
    keras = program.start_keras()
    import numpy as np

    from emotion_recognition.training import augmentation, calibration, data, targets, transfer, vggface
    from emotion_recognition.training.batches import Batches
    from emotion_recognition.training.optimizers import average_momentum, warmup_cosine
    from emotion_recognition.training.run import TrainingRun

    with TrainingRun(arguments.output, arguments.resume, arguments.force, arguments.dry_run) as run:
        train, validation = data.read(arguments.data, arguments.keep_duplicates, arguments.dry_run)
        wanted, known = {"emotion": targets.smoothed_labels(train)}, {"emotion": targets.one_hot(validation)}
        if arguments.votes:
            wanted["votes"] = targets.sure_votes(train, arguments.data)
            known["votes"] = np.zeros((len(validation), wanted["votes"].shape[1]), np.float32)
        seed, size = arguments.seed, arguments.size
        teach = targets.taught_by(arguments.teacher, train.emotions, size, arguments.answers)
        keras.utils.set_random_seed(seed)
        stem, body = mobilenet(size, arguments.blocks)
        # On a processor, LiteRT runs the stem in a quarter of the time; a GPU had better get the pictures.
        is_apart = keras.backend.backend() == "tensorflow"
        inputs = keras.Input(body.input.shape[1:] if is_apart else (size, size, 1))
        features = keras.layers.Dropout(arguments.dropout)(body(inputs if is_apart else stem(inputs)))
        heads = {name: keras.layers.Dense(each.shape[1], "softmax", name=name) for name, each in wanted.items()}
        model = keras.Model(inputs, {name: head(features) for name, head in heads.items()}, name="pretrained")
        whole = whole_network(stem, body, heads["emotion"], augmentation.cubic_matrix(size))
        settings = options.training_settings(arguments)
        if arguments.weights:
            transfer.start_from(arguments.weights, whole, train.emotions)
        else:
            settings["pretrained"] = vggface.start_from(arguments.pretrained, stem, body, train.pictures)
        look = vggface.run_apart(stem) if is_apart else np.asarray
        vary, mixup, again = augmentation.enlarged_views(size), arguments.mixup, arguments.view_epochs
        batches = Batches(train.pictures, wanted, arguments.batch_size, vary, seed, mixup, look, teach, again)
        epochs, steps = arguments.epochs, len(batches)
        model.compile(
            optimizer=warmup_cosine("adamw", arguments.learning_rate, epochs, steps, epochs * steps // 10, rise=25),
            loss=dict.fromkeys(wanted, "categorical_crossentropy"),
            loss_weights={name: VOTES_WEIGHT if name == "votes" else 1.0 for name in wanted},
            metrics={"emotion": ["accuracy"]},
        )
        progress = run.begin(model, batches, settings, train, validation, average_momentum(epochs * steps))
        model.fit(
            batches,
            epochs=epochs,
            initial_epoch=progress.epoch,
            shuffle=False,
            validation_data=(look(augmentation.enlarged(validation.pictures, size)), known),
            validation_batch_size=128,
            callbacks=[progress],
            verbose=run.verbose,
        )

        model.set_weights(progress.best_weights)
        if not (arguments.keep_prior or arguments.teacher):
            calibration.leave_out_prior(whole, wanted["emotion"])
        temperature, accuracy = calibration.calibrate(whole, validation)
        run.save(whole, progress, train, validation, accuracy, temperature=temperature)


if __name__ == "__main__":
    program.run(main)
