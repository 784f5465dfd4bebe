"""The classic four-layer CNN: train it, or see it read emotions from faces.

    python emotions.py --mode train                 trains on data/, writes four_layer_cnn.h5
    python emotions.py --mode train --resume        goes on after an interruption
    python emotions.py --mode display               the webcam, in a window
    python emotions.py --mode display photo.jpg     pictures, folders, videos and streams; test.py has more flags

--mode train --help and --mode display --help list the flags of each. Taught by a better network (--mode train --teacher
model.h5), the four-layer CNN reads 65.4 % of FER-2013's PrivateTest as labelled after 50 epochs.
"""

import argparse
import tempfile
from pathlib import Path

from emotion_recognition.cli import options, program
from emotion_recognition.errors import UserError
from emotion_recognition.labels import EMOTIONS

OUTPUT = "four_layer_cnn.h5"


def four_layer_cnn(emotions: int):
    """Return the four-layer CNN: faces (n, 48, 48, 1), gray, 0 to 255 -> probabilities (n, emotions).

    The classic one: 32, 64, 128 and 128 filters, dense 1024 (2.3 million parameters). Convolutions are unpadded;
    pooling follows the last three, dropout stands before each wider part.
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
            # The last layer keeps its full precision also in mixed-precision training.
            layers.Dense(emotions, activation="softmax", dtype="float32"),
        ],
        name="four_layer_cnn",
    )


def as_model_file(path, folder):
    """Return `path` or, where it holds weights alone as the classic script saved them, a whole model in `folder`."""
    # A whole model has its .tflite beside it, and is read where h5py is not installed.
    if not Path(path).is_file() or Path(path).with_suffix(".tflite").is_file():
        return path
    import h5py

    if not h5py.is_hdf5(path):
        return path
    try:
        with h5py.File(path) as file:
            if "layer_names" not in file.attrs:
                return path
            groups = [file[name] for name in file.attrs["layer_names"]]
            values = [group[name][()] for group in groups for name in group.attrs["weight_names"]]
        program.start_keras()
        network = four_layer_cnn(7)
        network.set_weights(values)
    except (OSError, KeyError, ValueError) as error:
        raise UserError(f"{path} holds weights alone, but not of the four-layer CNN: save the whole model.") from error
    from emotion_recognition.models import model_file

    # Keras numbers folders of pictures in alphabetical order.
    emotions = [emotion for emotion in EMOTIONS if emotion != "contempt"]
    model_file.save(Path(folder) / "model.h5", network, emotions, {})
    return Path(folder) / "model.h5"


def parse_args():
    mode = argparse.ArgumentParser(add_help=False)
    mode.add_argument("--mode", choices=("train", "display"), help="what to do")
    parser = program.parser(__doc__, parents=[mode])
    given, others = mode.parse_known_args()
    chosen = given.mode
    if chosen is None and not {"-h", "--help", "--version"} & set(others):
        parser.error("name --mode train or --mode display")
    if chosen == "train":
        options.add_training_flags(parser, output=OUTPUT, epochs=50, batch_size=64, optimizer="adam")
    elif chosen == "display":
        parser.add_argument("--model", help=f"model file (default: {OUTPUT} where there is one, else model.h5)")
        parser.add_argument("sources", nargs="*", metavar="SOURCE", help="pictures, folders, videos; else the webcam")
    arguments, unknown = parser.parse_known_intermixed_args()
    if unknown:
        more = "; test.py --model MODEL has more flags" if chosen == "display" else ""
        parser.error(f"unrecognized arguments: {' '.join(unknown)}{more}")
    return options.complete_training(arguments) if chosen == "train" else arguments


def main():
    arguments = parse_args()
    return train(arguments) if arguments.mode == "train" else display(arguments)


def train(arguments):
    """Train once, as the command line says."""
    # Imported here, so that --help answers at once.
    program.start_keras()
    import keras

    from emotion_recognition.training import augmentation, calibration, data, optimizers, targets, transfer
    from emotion_recognition.training.batches import Batches
    from emotion_recognition.training.run import TrainingRun

    with TrainingRun(arguments.output, arguments.resume, arguments.force, arguments.dry_run) as run:
        train, validation = data.read(arguments.data, arguments.seed, arguments.keep_duplicates, arguments.dry_run)
        wanted = targets.to_learn(train, arguments.data if arguments.votes else None)
        teach = targets.taught_by(arguments.teacher, train.emotions) if arguments.teacher else None
        weights = targets.class_weights(train) if arguments.class_weights else None
        vary, size = augmentation.augment, arguments.batch_size
        batches = Batches(train.pictures, wanted, size, vary, arguments.seed, arguments.mixup, teach=teach)

        keras.utils.set_random_seed(arguments.seed)
        keras.config.set_dtype_policy("mixed_bfloat16" if arguments.mixed_precision else "float32")
        model = four_layer_cnn(len(train.emotions))
        if arguments.weights:
            transfer.start_from(arguments.weights, model, train.emotions)
        optimizer = optimizers.warmup_cosine(
            arguments.optimizer, arguments.learning_rate, arguments.epochs * len(batches), len(batches)
        )
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

        # Any machine reads a network of full precision.
        keras.config.set_dtype_policy("float32")
        best = four_layer_cnn(len(train.emotions))
        best.set_weights(progress.best_weights)
        # Teachers have left it out before.
        if not (arguments.keep_prior or arguments.teacher):
            calibration.leave_out_prior(best, wanted, weights)
        temperature, accuracy = calibration.calibrate(best, validation)
        run.save(best, progress, train, validation, accuracy, temperature=temperature)


def display(arguments):
    """Show the faces in the webcam, or in the named pictures and videos, and their emotions until q is pressed."""
    from emotion_recognition import EmotionRecogniser, draw_faces
    from emotion_recognition.video.sources import find_sources
    from emotion_recognition.video.window import open_window

    model = arguments.model or (OUTPUT if Path(OUTPUT).is_file() else program.PROJECT / "model.h5")
    print(f"Model: {model}")
    with tempfile.TemporaryDirectory() as folder, program.silent_start():
        recogniser = EmotionRecogniser(as_model_file(model, folder))
    with open_window() as window:
        for source in find_sources(arguments.sources):
            follower = recogniser.follow()
            with source:
                for frame in source:
                    if frame.picture is None:
                        continue
                    if source.is_video:
                        faces = follower.read(frame.picture, frame.seconds)
                    else:
                        faces = recogniser.read(frame.picture)
                        print(f"{source.name}:", ", ".join(face.emotion for face in faces) or "no face found")
                    if window.show(draw_faces(frame.picture, faces), 1 if source.is_video else 0) == "quit":
                        return


if __name__ == "__main__":
    program.run(main)
