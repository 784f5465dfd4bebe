"""Fine-tune a MobileNet that has learned to recognise faces, so that it reads their emotions.

    python classification_pretrained.py --pretrained models/     trains on data/, writes pretrained.h5
    python classification_pretrained.py --resume ...             goes on after an interruption
    python test.py --model pretrained.h5                         shows the result in the webcam's window

The first blocks keep what they have learned of faces, the others go on learning. With --votes, a second head learns
what ten people saw in each face (FER+); it is left out of the model that is written.
"""

import keras
import numpy as np
from keras import layers

from emotion_recognition import files
from emotion_recognition.cli import program
from emotion_recognition.cli.options import not_negative, positive
from emotion_recognition.datasets import folders
from emotion_recognition.images import FACE_SIZE
from emotion_recognition.labels import EMOTIONS
from emotion_recognition.models import export, model_file
from emotion_recognition.models.lite import LiteFunction
from emotion_recognition.training import calibration, vggface
from emotion_recognition.training import data as training_data
from emotion_recognition.training.outputs import Outputs
from emotion_recognition.training.progress import Progress
from emotion_recognition.training.views import Batches, enlarged_views

CHANNELS = (64, 128, 128, 256, 256, 512, 512, 512, 512, 512, 512, 1024, 1024)
SMALLER = (2, 4, 6, 12)  # blocks that halve the picture
FROZEN = 5  # blocks whose general features fit emotions as they are
LABEL_SMOOTHING = 0.1
VOTES_WEIGHT = 0.6
MOST_UNSURE = 5  # faces with so many votes for "unknown" or "no face" teach no votes
EPSILON = 1e-3


def parse_args():
    parser = program.parser(__doc__)
    parser.add_argument("--pretrained", default="models", help="folder of faceres.json and faceres.bin")
    parser.add_argument("--data", default="data", help="folder or packed file of dataset_prepare.py")
    parser.add_argument("--output", default="pretrained.h5", help="model file to write")
    parser.add_argument("--size", type=positive(int), default=160, help="what faces are enlarged to; a multiple of 32")
    parser.add_argument("--blocks", type=positive(int), default=13, help="blocks of the network that are used")
    parser.add_argument("--epochs", type=positive(int), default=12, help="passes over the training pictures")
    parser.add_argument("--batch-size", type=positive(int), default=64, help="pictures per step")
    parser.add_argument("--learning-rate", type=positive(float), default=3e-4, help="highest rate of AdamW")
    parser.add_argument("--dropout", type=float, default=0.4, help="share of features left out before the last layer")
    parser.add_argument("--mixup", type=float, default=0.0, help="mix faces by a beta distribution of this parameter")
    parser.add_argument("--votes", action="store_true", help="learn the votes of FER+ beside the labels")
    parser.add_argument("--seed", type=not_negative, default=0, help="same seed, same machine: same result")
    parser.add_argument("--resume", action="store_true", help="go on from the last whole epoch")
    parser.add_argument("--force", action="store_true", help="train anew; an existing model is moved aside")
    return parser.parse_args()


def pretrained_blocks(features, weights, blocks, first, normalised):
    """Apply blocks of the MobileNet (Howard et al., 2017, section 3.2); with batch normalisation where `normalised`."""
    for block in range(first, blocks + 1):
        strides = 2 if block in SMALLER else 1
        depthwise = layers.DepthwiseConv2D(3, strides, padding="same", use_bias=not normalised, name=f"conv_dw_{block}")
        pointwise = layers.Conv2D(CHANNELS[block - 1], 1, use_bias=not normalised, name=f"conv_pw_{block}")
        for layer in (depthwise, pointwise):
            features = layer(features)
            if normalised:
                features = layers.BatchNormalization(epsilon=EPSILON, name=f"{layer.name}_bn")(features)
            else:
                layer.trainable = False
                layer.set_weights(weights[layer.name])
            features = layers.ReLU(6)(features)
    return features


def stem(weights, size) -> keras.Model:
    """Return the frozen part: gray faces (size, size, 1), 0 to 255 -> what five blocks find, (size/8, size/8, 256)."""
    faces = keras.Input((size, size, 1))
    features = layers.Rescaling(1.0, -np.mean(vggface.CHANNEL_MEANS))(faces)
    first = layers.Conv2D(32, 3, 2, padding="same", trainable=False, name="conv1")
    features = layers.ReLU(6)(first(features))
    first.set_weights(weights["conv1"])
    return keras.Model(faces, pretrained_blocks(features, weights, FROZEN, 1, normalised=False), name="stem")


def body(weights, features, blocks) -> keras.Model:
    """Return the part that goes on learning: what the stem finds in a face -> features (channels,)."""
    found = keras.Input(features)
    features = pretrained_blocks(found, weights, blocks, FROZEN + 1, normalised=True)
    return keras.Model(found, layers.GlobalAveragePooling2D()(features), name="body")


def run_by_litert(network):
    """Return a function faces -> what a network with frozen weights finds, four times as fast as TensorFlow's."""
    run = LiteFunction(export.to_lite(network))
    return lambda faces: np.concatenate([run(part) for part in np.array_split(faces, -(-len(faces) // 64))])


def put_normalisation_back(network, weights, faces):
    """Give batch normalisation the statistics of these faces, and what undoes it, so that the network stays as it was.

    The published weights have it folded in; without it the network learns slowly.
    """
    normalisations = [layer for layer in network.layers if isinstance(layer, layers.BatchNormalization)]
    convolutions = [network.get_layer(layer.name.removesuffix("_bn")) for layer in normalisations]
    for normalisation, convolution in zip(normalisations, convolutions, strict=True):
        kernel, bias = weights[convolution.name]
        convolution.set_weights([kernel])
        # Until the statistics are known, it only adds the bias.
        one = np.ones_like(bias)
        normalisation.set_weights([one, bias, 0 * one, one - EPSILON])
    outputs = keras.Model(network.input, [convolution.output for convolution in convolutions])
    found = [moments(outputs.predict_on_batch(batch)) for batch in np.split(faces, len(faces) // 64)]
    for normalisation, (mean, square) in zip(
        normalisations, [np.mean(each, axis=0) for each in zip(*found, strict=True)], strict=True
    ):
        variance, bias = (square - mean**2).astype(np.float32), normalisation.get_weights()[1]
        normalisation.set_weights([np.sqrt(variance + EPSILON), mean + bias, mean, variance])


def moments(outputs) -> list:
    """Return mean and mean square of each channel, float64 (2, channels), of each of the outputs."""
    return [np.mean([each, np.square(each)], axis=(1, 2, 3), dtype=np.float64) for each in outputs]


def enlargement(size) -> np.ndarray:
    """Return the matrix (size, 48) that enlarges the columns of a face by cubic convolution (Keys, 1981)."""
    place = (np.arange(size) + 0.5) * FACE_SIZE / size - 0.5
    matrix = np.zeros((size, FACE_SIZE), np.float32)
    for neighbour in range(-1, 3):
        pixel = np.floor(place).astype(int) + neighbour
        away = np.abs(place - pixel)
        # With -0.75, as in OpenCV's warps.
        near, far = 1.25 * away**3 - 2.25 * away**2 + 1, -0.75 * (away**3 - 5 * away**2 + 8 * away - 4)
        np.add.at(matrix, (np.arange(size), pixel.clip(0, FACE_SIZE - 1)), np.where(away <= 1, near, far))
    return matrix


def with_enlargement(frozen, network, size) -> keras.Model:
    """Return the frozen part and the network after it, with an input of 48x48 that two matrix products enlarge."""
    faces = keras.Input((FACE_SIZE, FACE_SIZE, 1))
    enlarged = layers.Reshape((FACE_SIZE, FACE_SIZE))(faces)
    for name in ("columns", "rows"):
        enlarge = layers.Dense(size, use_bias=False, trainable=False, name=f"enlarge_{name}")
        enlarged = layers.Permute((2, 1))(enlarge(enlarged))
        enlarge.set_weights([enlargement(size).T])
    features = layers.Reshape((size, size, 1))(enlarged)
    for layer in [*frozen.layers[1:], *network.get_layer("body").layers[1:]]:
        features = layer(features)
    return keras.Model(faces, network.get_layer("emotion")(features), name="pretrained")


def enlarged(faces, size) -> np.ndarray:
    """Return faces, (n, 48, 48, 1), as float32 (n, size, size, 1)."""
    matrix = enlargement(size)
    return (matrix @ faces[..., 0].astype(np.float32) @ matrix.T)[..., np.newaxis]


def targets(faces, data, with_votes) -> dict[str, np.ndarray]:
    """Return what the heads should say: smoothed labels, and shares of votes, all 0 where they teach nothing."""
    labels = np.eye(len(faces.emotions), dtype=np.float32)[faces.labels]
    wanted = {"emotion": LABEL_SMOOTHING / len(faces.emotions) + (1 - LABEL_SMOOTHING) * labels}
    if with_votes:
        votes = folders.read_votes(data, faces, EMOTIONS)
        number = votes.sum(axis=1, keepdims=True)
        wanted["votes"] = np.where(number > 10 - MOST_UNSURE, votes / number.clip(1), 0).astype(np.float32)
    return wanted


def main():
    arguments = parse_args()
    outputs = Outputs(files.Path(arguments.output))
    files.claim_output(outputs.model, arguments.force or arguments.resume)
    train, validation = training_data.read(arguments.data, arguments.seed)
    weights = vggface.read(arguments.pretrained)

    keras.utils.set_random_seed(arguments.seed)
    frozen = stem(weights, arguments.size)
    look = run_by_litert(frozen)
    base = body(weights, frozen.output_shape[1:], arguments.blocks)
    found = keras.Input(frozen.output_shape[1:])
    sample = train.pictures[np.random.default_rng(arguments.seed).permutation(len(train))[:1024]]
    put_normalisation_back(base, weights, look(enlarged(sample, arguments.size)))
    features = layers.Dropout(arguments.dropout)(base(found))
    heads = {"emotion": layers.Dense(len(train.emotions), activation="softmax", name="emotion")(features)}
    if arguments.votes:
        heads["votes"] = layers.Dense(len(EMOTIONS), activation="softmax", name="votes")(features)
    network = keras.Model(found, heads, name="fine_tuning")

    batches = Batches(
        train.pictures,
        targets(train, arguments.data, arguments.votes),
        arguments.batch_size,
        enlarged_views(arguments.size),
        arguments.seed,
        mixup=arguments.mixup,
        look=look,
    )
    steps = arguments.epochs * len(batches)
    schedule = keras.optimizers.schedules.CosineDecay(
        arguments.learning_rate / 25,
        steps - steps // 10,
        0.0,
        warmup_target=arguments.learning_rate,
        warmup_steps=steps // 10,
    )
    optimizer = keras.optimizers.AdamW(schedule, weight_decay=0.01)
    optimizer.exclude_from_weight_decay(var_names=["gamma", "beta", "bias"])
    network.compile(
        optimizer=optimizer,
        loss=dict.fromkeys(heads, "categorical_crossentropy"),
        loss_weights={name: VOTES_WEIGHT if name == "votes" else 1.0 for name in heads},
        metrics={"emotion": ["accuracy"]},
    )
    settings = {
        "network": "pretrained",
        **{
            name: value
            for name, value in vars(arguments).items()
            if name not in ("output", "resume", "force", "data", "pretrained")
        },
        "train_pictures": len(train),
        "train_fingerprint": train.fingerprint,
        "validation_fingerprint": validation.fingerprint,
    }
    monitor = "val_emotion_accuracy" if arguments.votes else "val_accuracy"
    progress = Progress(outputs.checkpoint, settings, arguments.seed, monitor, momentum=0.998)
    if arguments.resume and outputs.checkpoint.exists():
        progress.restore(network)
        batches.epoch = progress.epoch
        batches._shuffle()
        print(f"Going on after epoch {progress.epoch}.")
    wanted = {"emotion": np.eye(len(train.emotions), dtype=np.float32)[validation.labels]}
    if arguments.votes:
        wanted["votes"] = np.zeros((len(validation), len(EMOTIONS)), np.float32)
    network.fit(
        batches,
        initial_epoch=progress.epoch,
        epochs=arguments.epochs,
        shuffle=False,
        validation_data=(look(enlarged(validation.pictures, arguments.size)), wanted),
        validation_batch_size=128,
        callbacks=[progress],
        verbose=2,
    )
    network.set_weights(progress.best_weights)
    finished = with_enlargement(frozen, network, arguments.size)
    temperature, accuracy = calibration.calibrate(finished, validation)
    record = {
        **settings,
        "best_epoch": progress.best_epoch["epoch"],
        "validation_accuracy": accuracy,
        "temperature": temperature,
    }
    model_file.save(outputs.model, finished, train.emotions, record)
    files.write_table(outputs.history, progress.history)
    print(f"{accuracy:.2%} of the validation pictures are right. Wrote {outputs.model}")


if __name__ == "__main__":
    program.run(main)
