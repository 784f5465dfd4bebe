"""The training recipe: learning rates, batches, fitting epoch by epoch, resuming, and keeping the result.

All randomness of an epoch is derived from the seed and the epoch's number alone, so that a training which was killed
and resumed ends with the same weights as an unbroken one.
"""

import platform
import sys
import time

import keras
import numpy as np

from emotion_recognition import files
from emotion_recognition.cli.options import LEARNING_RATES
from emotion_recognition.errors import UserError
from emotion_recognition.evaluation import figures
from emotion_recognition.models import model_file
from emotion_recognition.models.predict import BATCH_SIZE
from emotion_recognition.training import batches, calibration, checkpoint, data, transfer
from emotion_recognition.training.outputs import claimed

OPTIMIZERS = {
    "rmsprop": keras.optimizers.RMSprop,
    "adam": lambda rate: keras.optimizers.Adam(rate, weight_decay=0.05),
    # Keras keeps the decay out of the momentum: 5e-3 here is what papers call 5e-4.
    "sgd": lambda rate: keras.optimizers.SGD(rate, momentum=0.9, nesterov=True, weight_decay=5e-3),
}

# What a person chooses of a training, but for the learning rate, whose default follows from the optimizer.
SETTINGS = (
    "epochs",
    "batch_size",
    "optimizer",
    "mixed_precision",
    "class_weights",
    "keep_duplicates",
    "teacher",
    "votes",
    "weights",
    "seed",
)


def train(network, arguments) -> list[dict]:
    """Train what the function `network` makes, as the command line says; write the files, return the history."""
    with claimed(arguments) as outputs:
        train_data, validation = read_data(arguments)
        model = build(network, train_data, arguments)
        history = fit(model, train_data, validation, arguments, outputs)
        finish(network, model, train_data, validation, history, arguments, outputs)
    return history


def read_data(arguments):
    """Return the faces for training and for validation (see `data.read`); a dry run's are few."""
    train, validation = data.read(arguments.data, arguments.seed, arguments.keep_duplicates)
    if arguments.dry_run:
        train, validation = (data.select(np.linspace(0, len(data) - 1, 16).astype(int)) for data in (train, validation))
    print(f"{len(train):,} pictures for training, {len(validation):,} for validation: {', '.join(train.emotions)}")
    return train, validation


def build(network, train, arguments) -> keras.Model:
    """Return the compiled network that the function `network` makes for the emotions of `train`."""
    keras.utils.set_random_seed(arguments.seed)
    keras.config.set_dtype_policy("mixed_bfloat16" if arguments.mixed_precision else "float32")
    model = network(len(train.emotions))
    if arguments.weights:
        transfer.start_from(arguments.weights, model, train.emotions)
    model.compile(optimizer=optimizer(arguments, train), loss="categorical_crossentropy", metrics=["accuracy"])
    return model


def optimizer(arguments, train) -> keras.optimizers.Optimizer:
    """Return the optimizer with its schedule: a rise in the first epoch, then a fall to zero along half a cosine."""
    steps = batches.steps_per_epoch(train, arguments.batch_size)
    highest = highest_learning_rate(arguments)
    schedule = keras.optimizers.schedules.CosineDecay(
        initial_learning_rate=highest / 10,
        warmup_target=highest,
        warmup_steps=steps,
        decay_steps=max(1, (arguments.epochs - 1) * steps),
    )
    chosen = OPTIMIZERS[arguments.optimizer](schedule)
    # Only what multiplies features should be small; batch normalisation and biases may be what they like.
    chosen.exclude_from_weight_decay(var_names=["gamma", "beta", "bias"])
    return chosen


def highest_learning_rate(arguments) -> float:
    """Return the rate that a person named, or the usual one of the optimizer."""
    return arguments.learning_rate or LEARNING_RATES[arguments.optimizer]


class OneEpoch(keras.callbacks.Callback):
    """Gives every random layer a state that depends on seed and epoch alone, and ends `fit` after one epoch.

    So what happens between two epochs can be read in `fit` below.
    """

    def __init__(self, seed):
        super().__init__()
        self.seed = seed

    def on_epoch_begin(self, epoch, logs=None):
        generator = np.random.default_rng([self.seed, epoch])
        for variable in self.model.variables:
            if variable.path.endswith("seed_generator_state"):
                variable.assign([generator.integers(2**31), 0])

    def on_epoch_end(self, epoch, logs=None):
        self.model.stop_training = True


def fit(network, train, validation, arguments, outputs) -> list[dict]:
    """Train the compiled network, leave in it the weights of the epoch that was best on validation, return the history.

    After every epoch all that the next one depends on is in the checkpoint, from which `--resume` goes on.
    """
    settings = describe(network, train, validation, arguments)
    network.optimizer.build(network.trainable_variables)
    history, best_weights = [], None
    if arguments.resume and outputs.checkpoint.exists():
        history, best_weights = checkpoint.read(outputs.checkpoint, network, settings)
        print(f"Going on after epoch {len(history)}.")
    else:
        outputs.checkpoint.unlink(missing_ok=True)
    train_targets = batches.targets_to_learn(train, arguments)
    validation_batch = validation.pictures.astype("float32"), batches.targets(validation)
    for epoch in range(len(history), arguments.epochs):
        started = time.monotonic()
        result = network.fit(
            batches.Batches(train, train_targets, arguments.batch_size, arguments.seed, epoch),
            initial_epoch=epoch,
            epochs=arguments.epochs,
            # `Batches` has shuffled already; Keras would do it again, with a state that no checkpoint holds.
            shuffle=False,
            validation_data=validation_batch,
            validation_batch_size=BATCH_SIZE,
            class_weight=batches.class_weights(train) if arguments.class_weights else None,
            callbacks=[OneEpoch(arguments.seed)],
            verbose=1 if sys.stdout.isatty() else 2,
        )
        row = {"epoch": epoch + 1, **{metric: values[0] for metric, values in result.history.items()}}
        if not np.isfinite(list(row.values())).all():
            raise UserError(
                f"The training has diverged in epoch {epoch + 1}: begin anew with --force and a lower --learning-rate,"
                " or with another --seed."
            )
        history.append({**row, "seconds": round(time.monotonic() - started, 1)})
        if best_epoch(history) is history[-1]:
            best_weights = network.get_weights()
        checkpoint.write(outputs.checkpoint, network, settings, history, best_weights)
    network.set_weights(best_weights)
    return history


def best_epoch(history) -> dict:
    """Return the row of the epoch that got most of validation right; of equals, the one with the lowest loss.

    A small validation has many equals, and the first of them is far from trained.
    """
    return max(history, key=lambda row: (row["val_accuracy"], -row["val_loss"]))


def describe(network, train, validation, arguments) -> dict:
    """Return all that decides the result of a training, for the checkpoint and for the record in the model file."""
    return {
        "network": network.name,
        "learning_rate": highest_learning_rate(arguments),
        **{name: getattr(arguments, name) for name in SETTINGS},
        "train_pictures": len(train),
        "train_fingerprint": train.fingerprint,
        "validation_pictures": len(validation),
        "validation_fingerprint": validation.fingerprint,
    }


def finish(build_network, network, train, validation, history, arguments, outputs):
    """Calibrate the trained network, write model, history and curves, and say where they are."""
    network = in_full_precision(network, build_network)
    # With class weights, it has not learned how frequent each emotion is.
    if not arguments.class_weights:
        calibration.leave_out_prior(network, train)
    temperature, accuracy = calibration.calibrate(network, validation)
    best = best_epoch(history)
    record = {
        **describe(network, train, validation, arguments),
        "best_epoch": best["epoch"],
        # Of the network as it is written, which mixed precision may have told a little differently.
        "validation_accuracy": accuracy,
        "temperature": temperature,
        "seconds": sum(row["seconds"] for row in history),
        "versions": {"python": platform.python_version(), "keras": keras.__version__},
        "backend": keras.backend.backend(),
    }
    for path in (outputs.model, outputs.history, outputs.curves):
        files.keep_aside(path)
    model_file.save(outputs.model, network, train.emotions, record)
    files.write_table(outputs.history, history)
    title = f"{network.name}: {best['val_accuracy']:.1%} on validation in epoch {best['epoch']}"
    figures.training_curves(history, title, outputs.curves)
    outputs.checkpoint.unlink(missing_ok=True)
    print(f"{accuracy:.2%} of the validation pictures are right after epoch {best['epoch']}, the best.")
    if arguments.dry_run:
        print("The dry run went well; nothing of it is kept.")
    else:
        print(f"Wrote {outputs.model}, {outputs.history} and {outputs.curves}")
        print(f"See it in the window: python test.py --model {outputs.model}")


def in_full_precision(network, build_network) -> keras.Model:
    """Return the network as it is without mixed precision, with the same weights: any machine reads it then."""
    keras.config.set_dtype_policy("float32")
    if network.dtype_policy.name == "float32":
        return network
    copy = build_network(network.output_shape[-1])
    copy.set_weights(network.get_weights())
    return copy
