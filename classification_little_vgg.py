"""Train the little VGG on folders of face pictures.

    python classification_little_vgg.py                  trains on data/, writes little_vgg.h5
    python classification_little_vgg.py --resume         goes on after an interruption
    python classification_little_vgg.py --compare-optimizers    trains with RMSprop, Adam and SGD
    python test.py --model little_vgg.h5                 shows the result in the webcam's window

The classic recipe: RMSprop, mirrored and slightly warped pictures, the epoch that is best on validation. With SGD and
MobileNets as teachers, it reaches 69.6 % of FER-2013's PrivateTest (docs/results.md).
"""

import argparse

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
    model.add(layers.Dense(emotions, activation="softmax"))
    return model


RATES = options.LEARNING_RATES


def parse_args() -> argparse.Namespace:
    parser = program.parser(__doc__)
    parser.add_argument(
        "--compare-optimizers", action="store_true", help="train with each optimizer, write a table and a picture"
    )
    arguments = options.parse_training(parser, "little_vgg.h5", epochs=30, batch_size=32, optimizer="rmsprop")
    is_chosen = (arguments.optimizer, arguments.learning_rate) != ("rmsprop", RATES["rmsprop"])
    if arguments.compare_optimizers and (is_chosen or arguments.weights):
        parser.error("--compare-optimizers trains anew with each: leave out --optimizer, --learning-rate and --weights")
    return arguments


def main() -> None:
    arguments = parse_args()
    if arguments.compare_optimizers:
        compare_optimizers(arguments)
    else:
        train(arguments)


def train(arguments: argparse.Namespace) -> list[dict[str, float]]:
    """Train once, as the command line says; return what each epoch reached."""
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
        model = little_vgg(len(train.emotions))
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
    return progress.history


def compare_optimizers(arguments: argparse.Namespace) -> None:
    """Train with every optimizer at its usual rate, each training with files of its own; --resume goes on with them."""
    program.start_keras(arguments.data_parallel)
    from emotion_recognition.training import comparison, data

    models = comparison.claim(arguments.output, RATES, arguments.force or arguments.resume, arguments.dry_run)
    histories = {}
    for name, rate in RATES.items():
        print(f"\nOptimizer: {name}")
        own = argparse.Namespace(**vars(arguments))
        own.optimizer, own.learning_rate, own.output = name, rate, models[name]
        history = None
        if arguments.resume and not arguments.dry_run:
            pictures = data.describe(*data.read(own.data, own.keep_duplicates))
            history = comparison.finished_history(own.output, {**options.training_settings(own), **pictures})
        histories[name] = history or train(own)
    comparison.write(arguments.output, histories, RATES, arguments.dry_run)


if __name__ == "__main__":
    program.run(main)
