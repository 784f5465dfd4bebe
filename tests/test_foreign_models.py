"""Other people's model files, written attribute by attribute as old releases of Keras wrote them, and what is read.

The probabilities are compared with a forward pass in NumPy, which knows nothing of Keras.
"""

import json
import zipfile

import h5py
import keras
import numpy as np
import pytest
from conftest import assert_one_sentence
from keras import layers

from emotion_recognition import foreign_models, model_file, networks, older_keras
from emotion_recognition.errors import UserError
from emotion_recognition.labels import FER2013_CODES

SEVEN = foreign_models.ALPHABETICAL[7]
FACES = np.random.default_rng(0).integers(0, 256, (3, 48, 48, 1)).astype(np.float32)


def random_weights(*shapes) -> list:
    generator = np.random.default_rng(1)
    return [generator.normal(0, 0.1, shape).astype(np.float32) for shape in shapes]


def convolve(x, kernel, bias=0, padding=0):
    x = np.pad(x, ((0, 0), (padding, padding), (padding, padding), (0, 0)))
    size = kernel.shape[0]
    windows = np.lib.stride_tricks.sliding_window_view(x, (size, size), axis=(1, 2))
    return np.einsum("nhwcij,ijco->nhwo", windows, kernel) + bias


def pool(x):
    n, height, width, channels = x.shape
    x = x[:, : height // 2 * 2, : width // 2 * 2]
    return x.reshape(n, height // 2, 2, width // 2, 2, channels).max(axis=(2, 4))


def relu(x):
    return np.maximum(x, 0)


def softmax(x):
    exponentials = np.exp(x - x.max(axis=1, keepdims=True))
    return exponentials / exponentials.sum(axis=1, keepdims=True)


def initializer(name):
    return {"class_name": name, "config": {"seed": None, "dtype": "float32"}}


def common(name, **values):
    return {"name": name, "trainable": True, "dtype": "float32", **values}


def convolution(name, filters, **values):
    """Return the configuration of a convolution, with all that Keras 2.2 wrote of it."""
    return {
        "class_name": "Conv2D",
        "config": common(
            name,
            filters=filters,
            kernel_size=[3, 3],
            strides=[1, 1],
            padding="valid",
            data_format="channels_last",
            dilation_rate=[1, 1],
            activation="relu",
            use_bias=True,
            kernel_initializer=initializer("VarianceScaling"),
            bias_initializer=initializer("Zeros"),
            kernel_regularizer={"class_name": "L1L2", "config": {"l1": 0.0, "l2": 0.01}},
            bias_regularizer=None,
            activity_regularizer=None,
            kernel_constraint=None,
            bias_constraint=None,
        )
        | values,
    }


def dense(name, units, activation):
    return {
        "class_name": "Dense",
        "config": common(
            name,
            units=units,
            activation=activation,
            use_bias=True,
            kernel_initializer=initializer("VarianceScaling"),
            bias_initializer=initializer("Zeros"),
            kernel_regularizer=None,
            bias_regularizer=None,
            activity_regularizer=None,
            kernel_constraint=None,
            bias_constraint=None,
        ),
    }


def plain(kind, name, **values):
    return {"class_name": kind, "config": common(name, **values)}


def write_weights(group, weights, version):
    """Write {layer: {weight: values}} as Keras 2 did: names as bytes, values in a group of the layer's name."""
    group.attrs["layer_names"] = np.array([name.encode() for name in weights])
    group.attrs["backend"], group.attrs["keras_version"] = b"tensorflow", version
    for layer, values in weights.items():
        names = [f"{layer}/{name}:0" for name in values]
        group.create_group(layer).attrs["weight_names"] = np.array([name.encode() for name in names])
        for name, value in zip(names, values.values(), strict=True):
            group[layer][name] = value


def write_model(path, configuration, weights, version=b"2.2.4"):
    with h5py.File(path, "w") as file:
        file.attrs["keras_version"], file.attrs["backend"] = version, b"tensorflow"
        file.attrs["model_config"] = json.dumps(configuration).encode()
        write_weights(file.create_group("model_weights"), weights, version)
    return path


def sequential_parts():
    """Return the layers of a small Sequential network of Keras 2.2, its weights, and what it gives for pictures."""
    parts = [
        convolution("conv2d_1", 4, batch_input_shape=[None, 48, 48, 1]),
        plain("MaxPooling2D", "pool", pool_size=[2, 2], padding="valid", strides=[2, 2], data_format="channels_last"),
        plain("Dropout", "dropout_1", rate=0.25, noise_shape=None, seed=None),
        plain("Flatten", "flatten_1", data_format="channels_last"),
        dense("dense_1", 7, "softmax"),
    ]
    kernel, bias, matrix, offset = random_weights((3, 3, 1, 4), (4,), (23 * 23 * 4, 7), (7,))
    weights = {
        "conv2d_1": {"kernel": kernel, "bias": bias},
        "pool": {},
        "dropout_1": {},
        "flatten_1": {},
        "dense_1": {"kernel": matrix, "bias": offset},
    }

    def forward(x):
        return softmax(pool(relu(convolve(x, kernel, bias))).reshape(len(x), -1) @ matrix + offset)

    return parts, weights, forward


@pytest.mark.parametrize(
    "version, has_name", [(b"2.0.8", False), (b"2.1.6", False), (b"2.2.4", True), (b"2.3.1", True)]
)
def test_sequential_files_of_keras_2(version, has_name, tmp_path):
    parts, weights, forward = sequential_parts()
    values = {"name": "sequential_1", "layers": parts} if has_name else parts
    path = write_model(tmp_path / "old.h5", {"class_name": "Sequential", "config": values}, weights, version)
    model = model_file.load(path, "alphabetical", "unit")
    assert model.emotions == SEVEN and model.training == {}
    assert np.allclose(model.network(FACES), forward(FACES / 255), atol=1e-5)


@pytest.mark.parametrize("trainable", [True, False])
def test_a_network_inside_a_network(trainable, tmp_path):
    """What a trained network finds, and a layer of one's own behind it."""
    parts, weights, forward = sequential_parts()
    inner = {"class_name": "Sequential", "config": {"name": "base", "layers": parts[:4], "trainable": trainable}}
    base = {f"conv2d_1/{name}": value for name, value in weights["conv2d_1"].items()}
    path = tmp_path / "old.h5"
    write_model(path, {"class_name": "Sequential", "config": [inner, parts[4]]}, weights | {"base": base})
    model = model_file.load(path, "alphabetical", "unit")
    assert np.allclose(model.network(FACES), forward(FACES / 255), atol=1e-5)


@pytest.mark.parametrize("pixel_range, scaled", [("unit", FACES / 255), ("byte", FACES), ("signed", FACES / 127.5 - 1)])
def test_every_pixel_range(pixel_range, scaled, tmp_path):
    parts, weights, forward = sequential_parts()
    path = write_model(tmp_path / "old.h5", {"class_name": "Sequential", "config": parts}, weights)
    model = model_file.load(path, "fer2013", pixel_range)
    assert model.emotions == FER2013_CODES
    assert np.allclose(model.network(FACES), forward(scaled), atol=1e-4)


def separable_file(path):
    """Write a Functional network of Keras 2.4 for 64x64 with what Keras 3 stumbles over; return its forward pass."""

    def node(name):
        return [[[name, 0, 0, {}]]]

    policy = {"class_name": "Policy", "config": {"name": "float32"}}
    separable = convolution("separable", 5, padding="same", activation="linear", use_bias=False, groups=1, dtype=policy)
    separable["config"] |= {"depth_multiplier": 1, "depthwise_initializer": initializer("VarianceScaling")}
    normal = plain("BatchNormalization", "normal", axis=[3], momentum=0.99, epsilon=0.001, center=True, scale=True)
    last = convolution("last", 7, padding="same", activation="linear")
    parts = [
        {
            "class_name": "InputLayer",
            "config": {"batch_input_shape": [None, 64, 64, 1], "dtype": "float32", "sparse": False, "ragged": False},
        },
        {**separable, "class_name": "SeparableConv2D"},
        normal,
        plain("Activation", "leak", activation="relu"),
        plain("LeakyReLU", "leaky", alpha=0.3),
        last,
        plain("GlobalAveragePooling2D", "mean", data_format="channels_last"),
        plain("Activation", "predictions", activation="softmax"),
    ]
    names = ["input_1", "separable", "normal", "leak", "leaky", "last", "mean", "predictions"]
    parts[0]["config"]["name"] = "input_1"
    for before, name, part in zip([None, *names], names, parts, strict=False):
        part |= {"name": name, "inbound_nodes": node(before) if before else []}
    values = {
        "name": "xception",
        "layers": parts,
        "input_layers": [["input_1", 0, 0]],
        "output_layers": [["predictions", 0, 0]],
    }
    depthwise, pointwise, gamma, beta, mean, kernel, bias = random_weights(
        (3, 3, 1, 1), (1, 1, 1, 5), (5,), (5,), (5,), (3, 3, 5, 7), (7,)
    )
    variance = np.abs(mean) + 0.5
    weights = {
        "separable": {"depthwise_kernel": depthwise, "pointwise_kernel": pointwise},
        "normal": {"gamma": gamma, "beta": beta, "moving_mean": mean, "moving_variance": variance},
        "last": {"kernel": kernel, "bias": bias},
    }
    everything = {name: weights.get(name, {}) for name in names}
    write_model(path, {"class_name": "Functional", "config": values}, everything, b"2.4.0")

    def forward(x):
        x = convolve(x, depthwise, padding=1) @ pointwise[0, 0]
        x = relu((x - mean) / np.sqrt(variance + 0.001) * gamma + beta)
        return softmax(convolve(x, kernel, bias, padding=1).mean(axis=(1, 2)))

    return forward


def test_separable_convolutions_of_keras_2_4_on_larger_faces(tmp_path):
    forward = separable_file(tmp_path / "xception.h5")
    model = model_file.load(tmp_path / "xception.h5", "fer2013", "signed")
    # A plain picture is the same at any size.
    plain_faces = np.stack([np.full((48, 48, 1), level, np.float32) for level in (0, 99, 255)])
    larger = np.stack([np.full((64, 64, 1), level, np.float32) for level in (0, 99, 255)])
    assert np.allclose(model.network(plain_faces), forward(larger / 127.5 - 1), atol=1e-5)


def test_a_leaky_activation_keeps_its_slope(tmp_path):
    separable_file(tmp_path / "xception.h5")
    network = foreign_models.read_network(tmp_path / "xception.h5")
    assert network.get_layer("leaky").negative_slope == pytest.approx(0.3)


def test_the_weights_that_the_classic_script_saved_alone(tmp_path):
    shapes = [(3, 3, 1, 32), (32,), (3, 3, 32, 64), (64,), (3, 3, 64, 128), (128,), (3, 3, 128, 128), (128,)]
    values = random_weights(*shapes, (2048, 1024), (1024,), (1024, 7), (7,))
    names = ["conv2d", "conv2d_1", "conv2d_2", "conv2d_3", "dense", "dense_1"]
    weights = {
        name: {"kernel": kernel, "bias": bias}
        for name, kernel, bias in zip(names, values[::2], values[1::2], strict=True)
    }
    with h5py.File(tmp_path / "model.h5", "w") as file:
        write_weights(file, weights | {"dropout": {}, "flatten": {}}, b"2.4.0")
        # In the order of the network, with layers between them that have no weights.
        order = ["conv2d", "conv2d_1", "dropout", "conv2d_2", "conv2d_3", "flatten", "dense", "dense_1"]
        file.attrs["layer_names"] = np.array([name.encode() for name in order])
    model = model_file.load(tmp_path / "model.h5")
    x = relu(convolve(FACES / 255, *values[0:2]))
    x = pool(relu(convolve(x, *values[2:4])))
    x = pool(relu(convolve(x, *values[4:6])))
    x = pool(relu(convolve(x, *values[6:8]))).reshape(3, -1)
    expected = softmax(relu(x @ values[8] + values[9]) @ values[10] + values[11])
    assert model.emotions == SEVEN
    assert np.allclose(model.network(FACES), expected, atol=1e-4)


def test_other_weights_alone_are_refused(tmp_path):
    with h5py.File(tmp_path / "weights.h5", "w") as file:
        write_weights(file, {"dense": {"kernel": np.zeros((4, 7)), "bias": np.zeros(7)}}, b"2.4.0")
    with pytest.raises(UserError, match="weights alone, and not those of the four-layer CNN"):
        model_file.load(tmp_path / "weights.h5")


def colour_network(last="linear"):
    """Return a network of Keras 3 for coloured faces."""
    return keras.Sequential(
        [
            keras.Input((48, 48, 3)),
            layers.Conv2D(4, 3, strides=4, activation="relu"),
            layers.Flatten(),
            layers.Dense(7, activation=last, name="answer"),
        ]
    )


@pytest.mark.parametrize("ending", ["keras", "h5"])
@pytest.mark.parametrize("last", ["linear", "softmax"])
def test_coloured_inputs_and_logits_of_keras_3(ending, last, tmp_path):
    network = colour_network(last)
    network.save(tmp_path / f"model.{ending}")
    model = model_file.load(tmp_path / f"model.{ending}", "alphabetical", "unit")
    kernel, bias, matrix, offset = network.get_weights()
    x = relu(convolve(np.repeat(FACES / 255, 3, axis=3), kernel, bias)[:, ::4, ::4]).reshape(3, -1)
    assert np.allclose(model.network(FACES), softmax(x @ matrix + offset), atol=1e-5)


def test_what_is_assumed_is_said(tmp_path, capsys):
    colour_network("softmax").save(tmp_path / "model.h5")
    capsys.readouterr()
    model_file.load(tmp_path / "model.h5")
    warning = capsys.readouterr().err
    assert "angry, disgusted, fearful, happy, neutral, sad, surprised (--emotions" in warning
    assert "range unit (--pixel-range" in warning and warning.count("\n") == 1
    model_file.load(tmp_path / "model.h5", "fer2013", "unit")
    assert capsys.readouterr().err == ""


def test_a_rescaling_layer_means_bytes(tmp_path, capsys):
    network = networks.four_layer_cnn(7)
    network.save(tmp_path / "model.h5")
    model = model_file.load(tmp_path / "model.h5")
    assert "range byte" in capsys.readouterr().err
    assert np.allclose(model.network(FACES), network(FACES), atol=1e-6)


@pytest.mark.parametrize(
    "number, emotions, words",
    [
        (5, "fer2013", "has 5 outputs"),
        (7, "happy,sad", "has 7 outputs"),
        (5, "happy,sad,angry,neutral,happy", "each once"),
        (5, "happy,sad,angry,neutral,bored", "bored"),
    ],
)
def test_emotions_that_do_not_fit(number, emotions, words, tmp_path):
    networks.deep_emotion(number).save(tmp_path / "model.keras")
    with pytest.raises(UserError, match=words):
        model_file.load(tmp_path / "model.keras", emotions, "unit")


@pytest.mark.parametrize("shape, outputs", [((96, 96, 1), 7), ((48, 64, 1), 7), ((48, 48, 2), 7), ((48, 48, 1), 4)])
def test_networks_for_something_else_are_refused(shape, outputs, tmp_path):
    keras.Sequential([keras.Input(shape), layers.Flatten(), layers.Dense(outputs)]).save(tmp_path / "model.keras")
    with pytest.raises(UserError, match="5 to 8 emotions: name another --model"):
        model_file.load(tmp_path / "model.keras")


def archive(path, **changes):
    """Write a .keras file with other members, or another configuration."""
    colour_network().save(path)
    with zipfile.ZipFile(path) as file:
        members = {name: file.read(name) for name in file.namelist()}
    members |= changes
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        for name, contents in members.items():
            file.writestr(name, contents)
    return path


def configuration_with(tmp_path, change):
    """Return the configuration of a .keras file as text, its last layer changed."""
    with zipfile.ZipFile(archive(tmp_path / "plain.keras")) as file:
        configuration = json.loads(file.read("config.json"))
    change(configuration["config"]["layers"][-1])
    return json.dumps(configuration)


def test_an_archive_holds_a_model_and_nothing_else(tmp_path):
    with pytest.raises(UserError, match=r"\.\./evil\.py, which is no part of a model: do not trust it"):
        model_file.load(archive(tmp_path / "model.keras", **{"../evil.py": b"print(1)"}))


def test_an_archive_that_would_fill_the_disk(tmp_path):
    path = archive(tmp_path / "model.keras", **{"metadata.json": bytes(1_100_000_000)})
    assert path.stat().st_size < 10_000_000
    with pytest.raises(UserError, match="would unpack to 1,100 MB: do not trust it"):
        model_file.load(path)


def test_layers_that_announce_too_much_are_not_made(tmp_path):
    text = configuration_with(tmp_path, lambda layer: layer["config"].update(units=2_000_000_000))
    with pytest.raises(UserError, match=r"announces [\d,]+ weights: do not trust it"):
        model_file.load(archive(tmp_path / "model.keras", **{"config.json": text}))


def test_values_that_announce_too_much_are_not_read(tmp_path):
    parts, weights, _ = sequential_parts()
    path = write_model(tmp_path / "old.h5", {"class_name": "Sequential", "config": parts}, weights)
    with h5py.File(path, "r+") as file:
        file.create_dataset("model_weights/conv2d_1/huge", shape=(10**9, 10**3), chunks=(1, 1000), dtype="f4")
    assert path.stat().st_size < 1_000_000
    with pytest.raises(UserError, match=r"announces 1,000,000,000,000 values in .*huge: do not trust it"):
        model_file.load(path)


def lambda_network(marker):
    """Return a network whose Lambda layer writes a file when it is called, and so when the network is loaded."""
    # A function with a name would not be stored with its code.
    evil = lambda values, path: open(path, "w").close() or values  # noqa: E731, PTH123
    # Seven outputs of a picture: nothing else is wrong with it.
    parts = [layers.Flatten(), layers.Dense(7), layers.Lambda(evil, (7,), arguments={"path": str(marker)})]
    return keras.Sequential([keras.Input((48, 48, 1)), *parts])


@pytest.mark.parametrize("ending", ["keras", "h5"])
def test_the_code_of_a_lambda_layer_never_runs(ending, tmp_path):
    marker, path = tmp_path / "it ran", tmp_path / f"model.{ending}"
    lambda_network(marker).save(path)
    marker.unlink(missing_ok=True)
    with pytest.raises(UserError, match=r"contains code of its own or reads other files \(Lambda\)"):
        model_file.load(path)
    assert not marker.exists()
    # The same file does harm where it is trusted.
    keras.models.load_model(path, compile=False, safe_mode=False)(FACES)
    assert marker.exists()


def test_the_code_of_a_lambda_layer_of_keras_2_never_runs(tmp_path):
    marker = tmp_path / "it ran"
    lambda_network(marker).save(tmp_path / "model.keras")
    with zipfile.ZipFile(tmp_path / "model.keras") as file:
        code = json.loads(file.read("config.json"))["config"]["layers"][-1]["config"]["function"]["config"]["code"]
    parts, weights, _ = sequential_parts()
    values = {"function": [code, None, None], "function_type": "lambda", "arguments": {"path": str(marker)}}
    parts.append({"class_name": "Lambda", "config": values})
    path = write_model(tmp_path / "old.h5", {"class_name": "Sequential", "config": parts}, weights)
    marker.unlink(missing_ok=True)
    with pytest.raises(UserError, match=r"contains code of its own or reads other files \(Lambda\)"):
        model_file.load(path)
    assert not marker.exists()


@pytest.mark.parametrize(
    "changes",
    [
        {"module": "os", "class_name": "system"},
        {"module": "keras", "class_name": "layers.Lambda"},
        {"module": "keras.src.ops.core", "class_name": "Lambda"},
        {"module": "keras.utils", "class_name": "function", "config": "get_file"},
        {"module": "keras.models", "class_name": "load_model"},
        {"module": "keras.layers", "class_name": "TFSMLayer", "config": {"filepath": "elsewhere"}},
        {"module": "builtins", "class_name": "function", "config": "eval"},
    ],
    ids=lambda changes: f"{changes['module']} {changes['class_name']}",
)
def test_objects_that_are_no_layers_are_refused(changes, tmp_path):
    text = configuration_with(tmp_path, lambda layer: layer.update(registered_name=None) or layer.update(changes))
    with pytest.raises(UserError, match=f"reads other files \\({changes['class_name']}\\): do not trust it"):
        model_file.load(archive(tmp_path / "model.keras", **{"config.json": text}))


def test_a_vocabulary_in_another_file_is_not_read(tmp_path):
    """Keras opens the file that such a layer names; what is in it would be part of the network."""
    (tmp_path / "secret.txt").write_text("one\ntwo\n")
    values = {"name": "lookup", "vocabulary": str(tmp_path / "secret.txt")}
    assert "two" in layers.StringLookup(**values).get_vocabulary()

    def change(layer):
        layer.update(module="keras.layers", class_name="StringLookup", config=values, registered_name=None)

    text = configuration_with(tmp_path, change)
    with pytest.raises(UserError, match=r"reads other files \(StringLookup\)"):
        model_file.load(archive(tmp_path / "model.keras", **{"config.json": text}))


def test_a_file_that_is_two_things_at_once_is_refused(tmp_path):
    """One would be looked at, the other loaded: Keras goes by the name of the file."""
    colour_network().save(tmp_path / "model.h5")
    contents = (tmp_path / "model.h5").read_bytes() + archive(tmp_path / "other.keras").read_bytes()
    (tmp_path / "model.keras").write_bytes(contents)
    with pytest.raises(UserError, match="an HDF5 file and an archive at once: do not trust it"):
        model_file.load(tmp_path / "model.keras")


def test_a_group_that_holds_itself_ends_the_search(tmp_path):
    parts, weights, forward = sequential_parts()
    path = write_model(tmp_path / "old.h5", {"class_name": "Sequential", "config": parts}, weights)
    with h5py.File(path, "r+") as file:
        file["model_weights/again"] = file["model_weights"]
    assert np.allclose(model_file.load(path, "fer2013", "unit").network(FACES), forward(FACES / 255), atol=1e-5)


def test_a_loss_of_their_own_does_not_matter(tmp_path):
    def focal_loss(labels, answers):
        return keras.losses.categorical_crossentropy(labels, answers) ** 2

    network = colour_network("softmax")
    network.compile("adam", focal_loss)
    network.save(tmp_path / "model.keras")
    model = model_file.load(tmp_path / "model.keras", "fer2013", "unit")
    assert np.allclose(model.network(FACES), network(np.repeat(FACES / 255, 3, axis=3)), atol=1e-6)


def test_arithmetic_between_layers(tmp_path):
    inputs = keras.Input((48, 48, 1))
    network = keras.Model(inputs, layers.Dense(7, activation="softmax")(layers.Flatten()((inputs - 128) / 64)))
    network.save(tmp_path / "model.keras")
    model = model_file.load(tmp_path / "model.keras", "fer2013", "byte")
    assert np.allclose(model.network(FACES), network(FACES), atol=1e-6)


def test_the_first_names_of_batch_normalisation(tmp_path):
    separable_file(tmp_path / "today.h5")
    separable_file(tmp_path / "before.h5")
    with h5py.File(tmp_path / "before.h5", "r+") as file:
        text = older_keras.as_text(file.attrs["model_config"])
        file.attrs["model_config"] = text.replace("BatchNormalization", "BatchNormalizationV1").encode()
    outputs = [model_file.load(tmp_path / name, "fer2013", "unit").network(FACES) for name in ("today.h5", "before.h5")]
    assert np.array_equal(*outputs)


def test_weights_that_are_no_numbers_or_do_not_fit(tmp_path):
    parts, weights, _ = sequential_parts()
    configuration = {"class_name": "Sequential", "config": parts}
    weights["conv2d_1"]["bias"] = np.array([1, 2, np.nan, 4], np.float32)
    with pytest.raises(UserError, match="weights that are not numbers"):
        model_file.load(write_model(tmp_path / "nan.h5", configuration, weights))
    weights["conv2d_1"]["bias"] = np.zeros(5, np.float32)
    with pytest.raises(UserError, match="the weights of its layer conv2d_1 do not fit"):
        model_file.load(write_model(tmp_path / "shape.h5", configuration, weights))


@pytest.mark.slow
def test_the_order_is_found_and_the_model_kept_in_this_projects_form(run_script, small_data, tmp_path):
    """A network that knows the small data set answers in FER-2013's order and wants -1 to 1."""
    from emotion_recognition import folders

    faces = folders.read_split(small_data, "validation")
    codes = np.array([FER2013_CODES.index(faces.emotions[label]) for label in faces.labels])
    network = keras.Sequential([keras.Input((48, 48, 1)), layers.Flatten(), layers.Dense(7)])
    network.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    pictures = faces.pictures / np.float32(127.5) - 1
    network.fit(pictures, codes, epochs=30, verbose=0)
    right = (network.predict(pictures, verbose=0).argmax(axis=1) == codes).mean()
    assert right > 0.9
    network.save(tmp_path / "theirs.keras")
    result = run_script("evaluate.py", "--model", "theirs.keras", "--data", small_data, "--detect-order")
    assert result.returncode == 0, result.stderr
    best = result.stdout.splitlines()[1]
    assert best.split() == [f"{right:.1%}", "--emotions", "fer2013", "--pixel-range", "signed"]
    flags = ("--emotions", "fer2013", "--pixel-range", "signed")
    saved = run_script("evaluate.py", "--model", "theirs.keras", *flags, "--save-as", "mine.h5")
    assert saved.returncode == 0, saved.stderr
    assert_one_sentence(
        run_script("evaluate.py", "--model", "theirs.keras", "--save-as", "mine.h5"), "mine.h5", "--force"
    )
    result = run_script("evaluate.py", "--model", "theirs.keras", "--save-as", "mine.keras")
    assert_one_sentence(result, "mine.keras", "ends in .h5", "--save-as")
    outputs = [
        run_script("evaluate.py", "--model", *model, "--data", small_data, "--split", "validation")
        for model in (("theirs.keras", *flags), ("mine.h5",))
    ]
    tables = [output.stdout.replace("theirs.keras", "mine.h5").split() for output in outputs]
    assert tables[0] == tables[1] and f"{right:.1%}" in tables[0]
    shown = run_script("test.py", "--model", "mine.h5", small_data / "test/happy", "--whole", "always", "--no-window")
    assert shown.returncode == 0 and "happy" in shown.stdout
