"""The classic four-layer CNN: train it, or see it read emotions from faces.

    python emotions.py --mode train                 trains on data/, writes four_layer_cnn.h5
    python emotions.py --mode display               the webcam, in a window
    python emotions.py --mode display photo.jpg     pictures, folders, videos and streams; test.py has more flags

--mode train --help and --mode display --help list the flags of each. Taught by a little VGG (--mode train --teacher
little_vgg.h5) of 68.9 %, the four-layer CNN reads 65.4 % of FER-2013's PrivateTest as labelled after 50 epochs.
"""

import argparse

from emotion_recognition.cli import options, program


def four_layer_cnn(emotions: int):
    """Return the four-layer CNN: faces (n, 48, 48, 1), gray, 0 to 255 -> probabilities (n, emotions).

    The classic one: 32, 64, 128 and 128 filters, dense 1024 (2.3 million parameters).
    """
    import keras
    from keras import layers

    return keras.Sequential(
        [
            keras.Input((48, 48, 1)),
            layers.Rescaling(1 / 255),
            layers.Conv2D(32, 3, activation="relu"),
            layers.Conv2D(64, 3, activation="relu"),
            layers.MaxPooling2D(),
            layers.Dropout(0.25),
            layers.Conv2D(128, 3, activation="relu"),
            layers.MaxPooling2D(),
            layers.Conv2D(128, 3, activation="relu"),
            layers.MaxPooling2D(),
            layers.Dropout(0.25),
            layers.Flatten(),
            layers.Dense(1024, activation="relu"),
            layers.Dropout(0.5),
            layers.Dense(emotions, activation="softmax"),
        ],
        name="four_layer_cnn",
    )


def parse_args() -> argparse.Namespace:
    mode = program.Parser(add_help=False)
    mode.add_argument("--mode", choices=("train", "display"), help="what to do")
    parser, chosen = program.parser(__doc__, parents=[mode]), mode.parse_known_args()[0].mode
    if chosen == "train":
        return options.parse_training(parser, "four_layer_cnn.h5", epochs=50, batch_size=64, optimizer="adam")
    options.add_model_flag(parser, own="four_layer_cnn.h5")
    options.add_detector_flag(parser)
    parser.add_argument("sources", nargs="*", metavar="SOURCE", help="pictures, folders, videos; else the webcam")
    arguments, unknown = parser.parse_known_intermixed_args()
    if chosen is None:
        parser.error("name --mode train or --mode display")
    if unknown:
        parser.error(f"unrecognized arguments: {' '.join(unknown)}; test.py --model MODEL has more flags")
    return arguments


def main() -> int | None:
    arguments = parse_args()
    return (train if arguments.mode == "train" else display)(arguments)


def train(arguments: argparse.Namespace) -> None:
    """Train once, as the command line says."""
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
        model = four_layer_cnn(len(train.emotions))
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


def display(arguments: argparse.Namespace) -> int:
    """Show the faces in the webcam, or in what is named, and their emotions until q is pressed; return the status."""
    from emotion_recognition import EmotionRecogniser, UserError, draw_faces
    from emotion_recognition.models.classifier import EmotionClassifier
    from emotion_recognition.studies.reading import ReadingSettings, SourceReader
    from emotion_recognition.studies.words import describe_faces
    from emotion_recognition.video.sources import find_sources
    from emotion_recognition.video.window import open_window

    print(f"Model: {arguments.model}")
    with program.silent_start():
        classifier = EmotionClassifier.of_weights(arguments.model, four_layer_cnn)
        recogniser = EmotionRecogniser(classifier, arguments.detector)
    status = 0
    with open_window() as window:
        for source in find_sources(arguments.sources):
            try:
                with source:
                    for frame, faces in SourceReader(source, recogniser, ReadingSettings()):
                        if frame.picture is None:  # A camera has nothing new.
                            key = window.wait()
                        else:
                            # Of a video that no window shows, about a line a second.
                            if not source.is_video or not (window.is_visible or frame.number % 25):
                                print(describe_faces(source.name, faces), flush=True)
                            key = window.show(draw_faces(frame.picture, faces), 1 if source.is_video else 0)
                        if key == "quit":
                            return status
            except UserError as error:
                program.fail(str(error))
                status = program.SOME_UNREADABLE
    return status


if __name__ == "__main__":
    program.run(main)
