"""Model files from anywhere -> Keras networks. A file is data, never code, and it is one file: all else is refused."""

import copy
import errno
import io
import json
import zipfile
import zlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import h5py
import keras

from emotion_recognition.errors import UserError, WeightsAloneError
from emotion_recognition.models import configuration

# Networks for pictures of faces are far smaller; one that announces more would fill the memory.
MOST_WEIGHTS = 50_000_000
LARGEST_ARCHIVE = 300_000_000

# What is in an archive that Keras 3 writes.
LAYERS, WEIGHTS, METADATA = "config.json", "model.weights.h5", "metadata.json"

# What HDF5, JSON, ZIP and Keras raise on reading what is damaged.
DAMAGE: tuple[type[Exception], ...] = (ArithmeticError, AssertionError, AttributeError, EOFError, LookupError, OSError)
DAMAGE += (RuntimeError, TypeError, ValueError, zipfile.BadZipFile, zlib.error)
# The numbers by which a system says that it refuses a file, or has no more of something.
REFUSED_BY_SYSTEM = {errno.EACCES, errno.EPERM, errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.ENOSPC}
# What PyTorch, TensorFlow and JAX call a full memory, of the machine or of its GPU, in errors of various kinds.
FULL_MEMORY = ("OutOfMemory", "ResourceExhausted", "RESOURCE_EXHAUSTED")


@dataclass(frozen=True)
class Contents:
    """What a model file says beside its weights: the layers as JSON, the release of Keras, the attributes by name."""

    layers: dict
    keras_version: str
    attributes: dict[str, str]


@contextmanager
def naming_damage(path: Path) -> Iterator[None]:
    """Turn what a damaged file makes its readers raise into a UserError; MemoryError where the memory was too small.

    Only for reading: a network that was read may fail for reasons that are not in its file.
    """
    try:
        yield
    except (UserError, MemoryError):
        raise
    except Exception as error:
        if is_memory_full(error):
            raise MemoryError(f"there is no room for {path}") from error
        if not isinstance(error, DAMAGE) or getattr(error, "errno", None) in REFUSED_BY_SYSTEM:
            raise
        reason = str(error).strip().split("\n")[0][:200]
        raise UserError(f"{path} is damaged or no whole Keras model ({reason}): copy or train it again.") from error


def is_memory_full(error: BaseException) -> bool:
    """Return whether an error of any backend says that the memory of the machine or of its GPU is full."""
    return any(words in f"{type(error).__name__} {error}" for words in FULL_MEMORY)


def read_network(path: Path) -> tuple[keras.Model, dict[str, str]]:
    """Return the network in a file of any release of Keras, not compiled, and the attributes of the file.

    UserError where the file is missing, damaged, holds no whole network or more than one.
    """
    with naming_damage(path):
        contents = read_contents(path)
        network = build(contents, path)
        network.load_weights(path)
    return network, contents.attributes


def read_contents(path: Path) -> Contents:
    """Return what a file says of its network, after a look at all that is in it; UserError where it is no model."""
    if path.suffix.lower() == ".tflite":
        raise UserError(f"{path} holds no Keras network, which this needs: name its .h5 file.")
    is_archive, is_hdf5 = zipfile.is_zipfile(path), h5py.is_hdf5(path)
    if not is_archive and not is_hdf5:
        if not path.is_file():
            raise UserError(f"{path} is not there: name another --model, or train one.")
        raise UserError(f"{path} is no HDF5 file and no .keras file: name a model that Keras saved whole.")
    # What was looked at might not be what is loaded.
    if is_archive and is_hdf5:
        raise UserError(f"{path} is an HDF5 file and an archive at once: do not trust it.")
    endings = (".keras",) if is_archive else (".h5", ".hdf5")
    if path.suffix not in endings:
        raise UserError(f"{path} is read by its name, which must say what it is: rename it to end in {endings[0]}.")
    contents = read_archive(path) if is_archive else read_hdf5(path)
    # Keras would read the weights alone, in a form of their own.
    if path.name.endswith(".weights.h5"):
        raise UserError(f"{path} is a whole model by the name of weights alone: rename it to end in .h5 only.")
    return contents


def read_archive(path: Path) -> Contents:
    """Return what an archive of Keras (.keras) says of its network; UserError where it holds more than a model."""
    with zipfile.ZipFile(path) as archive:
        sizes = {member.filename: member.file_size for member in archive.infolist()}
        if foreign := set(sizes) - {LAYERS, WEIGHTS, METADATA}:
            raise UserError(f"{path} holds {min(foreign)}, which is no part of a model: do not trust it.")
        if sum(sizes.values()) > LARGEST_ARCHIVE:
            raise UserError(f"{path} would unpack to {sum(sizes.values()) / 1e6:,.0f} MB: do not trust it.")
        with h5py.File(io.BytesIO(archive.read(WEIGHTS))) as weights:
            refuse_links(weights, path)
        version = json.loads(archive.read(METADATA)).get("keras_version", "")
        return Contents(json.loads(archive.read(LAYERS)), version, {})


def read_hdf5(path: Path) -> Contents:
    """Return what an HDF5 file says of its network; WeightsAloneError where it has weights alone, else UserError."""
    with h5py.File(path) as file:
        refuse_links(file, path)
        # Older releases of h5py give text as bytes.
        attributes = {
            name: value.decode() if isinstance(value, bytes) else value
            for name, value in file.attrs.items()
            if isinstance(value, str | bytes)
        }
        is_by_keras_2 = "layer_names" in file.attrs
        is_by_keras_3 = "_layer_checkpoint_dependencies" in file or "layers" in file
    if "model_config" in attributes:
        return Contents(json.loads(attributes["model_config"]), attributes.get("keras_version", ""), attributes)
    if is_by_keras_2 or is_by_keras_3:
        # Keras tells by the name which of its forms the weights have.
        if is_by_keras_3 != path.name.endswith(".weights.h5"):
            ending = ".weights.h5, as Keras 3 wrote them" if is_by_keras_3 else ".h5 only, as Keras 2 wrote them"
            raise UserError(f"{path} holds weights alone: rename it to end in {ending}.")
        raise WeightsAloneError(
            f"{path} holds weights alone, without their network: name a model that Keras saved whole. Weights of the"
            f" classic four-layer CNN are read by `python emotions.py --mode display --model {path}`."
        )
    raise UserError(f"{path} is HDF5, but no model that Keras saved (no attribute `model_config`): name another.")


def refuse_links(group: h5py.Group, path: Path) -> None:
    """Refuse links to other files, and values that lie elsewhere or would fill the memory, at any depth."""
    # Collected first: HDF5 visits each group once, and swallows what is raised while it does.
    links: list[tuple] = []
    group.visititems_links(lambda *found: links.append(found))
    for name, link in links:
        if isinstance(link, h5py.ExternalLink):
            raise UserError(f"{path} links to another file ({link.filename}): do not trust it, a model is one file.")
        if isinstance(link, h5py.SoftLink) or not isinstance(item := group[name], h5py.Dataset):
            continue
        if item.is_virtual or item.external:
            raise UserError(f"{path} keeps {item.name} in another file: do not trust it, a model is one file.")
        # In bytes: a value of 64 bits counts twice.
        if item.nbytes > MOST_WEIGHTS * 4:
            raise UserError(f"{path} announces {item.size:,} values in {item.name}: do not trust it.")


def build(contents: Contents, path: Path) -> keras.Model:
    """Return the network that a file describes, with random weights; UserError where it would fill the memory."""
    modern = configuration.modernise(contents.layers, path)
    if contents.keras_version.startswith("2") and "hard_sigmoid" in json.dumps(modern):
        raise UserError(
            f"{path} has a hard_sigmoid, which Keras 3 computes otherwise than Keras 2: name another --model."
        )
    kind = keras.Sequential if modern["class_name"] == "Sequential" else keras.Model
    # In a thread of its own: Keras keeps these weights for later, and the next network of this thread would make them.
    with ThreadPoolExecutor(1) as own_thread:
        network = own_thread.submit(build_without_weights, kind, modern["config"]).result()
    if not network.built:
        raise UserError(f"{path} does not say of what shape its inputs are: name another --model.")
    if (weights := network.count_params()) > MOST_WEIGHTS:
        raise UserError(f"{path} announces {weights:,} weights: do not trust it.")
    return kind.from_config(modern["config"])


def build_without_weights(kind: type[keras.Model], layers: dict) -> keras.Model:
    """Return the network of a configuration, whose weights have shapes alone."""
    # Keras takes what it reads out of the configuration, so that it gets a copy.
    with keras.StatelessScope(initialize_variables=False):
        return kind.from_config(copy.deepcopy(layers))
