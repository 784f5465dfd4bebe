"""Train the attentional network, or the published one that it goes back to, on folders of face pictures.

    python classification_attentional.py                           trains on data/, writes attentional.h5
    python classification_attentional.py --network deep_emotion    Minaee and Abdolrashidi's, writes deep_emotion.h5

On FER-2013's PrivateTest the attentional network reaches 70.0 % when MobileNets teach it, Deep-Emotion 55.4 %.
"""

from emotion_recognition.cli import options, program


def attentional(emotions: int):
    """Return the attentional network: faces (n, 48, 48, 1), gray, 0 to 255 -> probabilities (n, emotions).

    Three stages of residual blocks that weigh their channels; before the last, a spatial mask of 12x12 says which parts
    of the face it sees (2.0 million parameters; 1.85 times the multiply-adds of the little VGG).
    """
    import keras
    from keras import layers

    def convolution(features, filters, size=3, strides=1):
        # Batch normalisation has the bias.
        convolve = layers.Conv2D(filters, size, strides, padding="same", use_bias=False, kernel_initializer="he_normal")
        return layers.BatchNormalization()(convolve(features))

    def residual_block(features, filters, strides):
        """Add what two convolutions find, weighed by channel, to the features (He et al., 2016, section 3)."""
        # Where a stage begins, the shortcut too gets its size and number of channels.
        shortcut = convolution(features, filters, size=1, strides=strides) if strides > 1 else features
        found = layers.Activation("relu")(convolution(features, filters, strides=strides))
        found = channel_attention(convolution(found, filters), filters)
        return layers.Activation("relu")(layers.Add()([shortcut, found]))

    def channel_attention(features, channels):
        """Weigh every channel by 0 to 1, as all channels say (squeeze-and-excitation: Hu et al., 2018, section 3)."""
        weights = layers.GlobalAveragePooling2D()(features)
        weights = layers.Dense(channels // 8, activation="relu")(weights)
        weights = layers.Dense(channels, activation="sigmoid")(weights)
        return layers.Multiply()([features, layers.Reshape((1, 1, channels))(weights)])

    faces = keras.Input((48, 48, 1))
    features = layers.Rescaling(1 / 255)(faces)
    for filters, strides in ((32, 1), (64, 2)):
        features = layers.Activation("relu")(convolution(features, filters, strides=strides))
    for filters, strides in ((64, 1), (64, 1), (128, 2), (128, 1)):
        features = residual_block(features, filters, strides)
    # Weighs every place by 0 to 1 (after Woo et al., 2018, "CBAM"; here the mask sees all channels).
    mask = layers.Conv2D(1, 7, padding="same", activation="sigmoid", name="spatial_mask")(features)
    features = layers.Multiply()([features, mask])
    for filters, strides in ((192, 2), (192, 1)):
        features = residual_block(features, filters, strides)
    features = layers.Dropout(0.3)(layers.GlobalAveragePooling2D()(features))
    probabilities = layers.Dense(emotions, activation="softmax")(features)
    return keras.Model(faces, probabilities, name="attentional")


def deep_emotion(emotions: int):
    """Return the attentional network as published, Deep-Emotion (48,000 parameters), with input and output as above.

    Minaee and Abdolrashidi (2019), arXiv 1902.01019, section III: a localisation network says where to look, a spatial
    transformer samples the face there, and four convolutions and two dense layers classify what it sees.

    The paper leaves open, and we chose: the transformer before the convolutions; filters of 3x3 and poolings of 4 and 3
    in the localisation network; a ReLU after every convolution; dropout of 0.2, since so small a network learns too
    little rather than too much; no penalty on the weights of the dense layers.
    """
    import keras
    from keras import layers

    from emotion_recognition.models.layers import SpatialTransformer

    faces = keras.Input((48, 48, 1))
    place = pictures = layers.Rescaling(1 / 255)(faces)
    for filters, pool in ((8, 4), (10, 3)):
        place = layers.Conv2D(filters, 3, activation="relu")(place)
        place = layers.MaxPooling2D(pool)(place)
    place = layers.Dense(32, activation="relu")(layers.Flatten()(place))
    affine_values = layers.Dense(6, kernel_initializer="zeros", name="affine_values")
    features = SpatialTransformer(name="spatial_transformer")([pictures, affine_values(place)])
    affine_values.bias.assign([1, 0, 0, 0, 1, 0])

    for _ in range(2):
        features = layers.Conv2D(10, 3, activation="relu")(features)
        features = layers.Conv2D(10, 3, activation="relu")(features)
        features = layers.MaxPooling2D()(features)
    features = layers.Dropout(0.2)(layers.Flatten()(features))
    features = layers.Dense(50, activation="relu")(features)
    probabilities = layers.Dense(emotions, activation="softmax")(features)
    return keras.Model(faces, probabilities, name="deep_emotion")


NETWORKS = {"attentional": attentional, "deep_emotion": deep_emotion}


def parse_args():
    parser = program.parser(__doc__)
    parser.add_argument("--network", choices=NETWORKS, default="attentional", help="what to train")
    # With SGD, the attentional network learned nothing in two epochs, and Deep-Emotion has no batch normalisation.
    return options.parse_training(parser, None, epochs=60, batch_size=64, optimizer="adam")


def main() -> None:
    arguments = parse_args()
    keras = program.start_keras(arguments.data_parallel)
    from emotion_recognition.training import augmentation, calibration, data, devices, targets, transfer
    from emotion_recognition.training.batches import Batches
    from emotion_recognition.training.optimizers import warmup_cosine
    from emotion_recognition.training.run import TrainingRun

    with TrainingRun(arguments.output, arguments.resume, arguments.force, arguments.dry_run) as run:
        train, validation = data.read(arguments.data, arguments.keep_duplicates, arguments.dry_run)
        wanted = targets.to_learn(train, arguments.data if arguments.votes else None)
        teach = targets.taught_by(arguments.teacher, train.emotions, answers=arguments.answers)
        weights = targets.class_weights(train) if arguments.class_weights else None
        vary = augmentation.enlarged_views(48) if teach else augmentation.augment
        size, seed, mixup, again = arguments.batch_size, arguments.seed, arguments.mixup, arguments.view_epochs
        batches = Batches(train.pictures, wanted, size, vary, seed, mixup, teach=teach, view_epochs=again)

        keras.utils.set_random_seed(seed)
        if arguments.data_parallel:
            devices.use_all(size)
        model = NETWORKS[arguments.network](len(train.emotions))
        if arguments.weights:
            transfer.start_from(arguments.weights, model, train.emotions)
        optimizer = warmup_cosine(arguments.optimizer, arguments.learning_rate, arguments.epochs, len(batches))
        model.compile(optimizer=optimizer, loss="categorical_crossentropy", metrics=["accuracy"])

        progress = run.begin(model, batches, options.training_settings(arguments), train, validation)
        model.fit(
            batches,
            epochs=arguments.epochs,
            initial_epoch=progress.epoch,
            shuffle=False,
            class_weight=weights,
            validation_data=(validation.pictures.astype("float32"), targets.one_hot(validation)),
            validation_batch_size=256,
            callbacks=[progress],
            verbose=run.verbose,
        )

        model.set_weights(progress.best_weights)
        # Class weights keep a network from learning the prior, and teachers have left it out before.
        if not (arguments.keep_prior or arguments.class_weights or arguments.teacher):
            calibration.leave_out_prior(model, wanted)
        temperature, accuracy = calibration.calibrate(model, validation)
        run.save(model, progress, train, validation, accuracy, temperature=temperature)


if __name__ == "__main__":
    program.run(main)
