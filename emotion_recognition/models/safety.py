"""Model files from anywhere -> Keras networks. A file is data, never code, and it is one file: all else is refused."""

import copy
import io
import json
import zipfile
from contextlib import contextmanager
from pathlib import Path

import h5py
import keras

# Importing them also registers the project's own layers for loading.
import emotion_recognition.models.layers
from emotion_recognition.errors import UserError

# An object is named by the module it comes from and its class; only the classes in these places may be made.
TRUSTED_MODULES = ("keras", "emotion_recognition")
TRUSTED_PLACES = (
    keras.layers,
    keras.initializers,
    keras.regularizers,
    keras.constraints,
    keras.dtype_policies,
    emotion_recognition.models.layers,
)
# Networks, the marks by which Keras 3 tells tuples and the like in JSON, and names that older releases had.
TRUSTED_NAMES = {"Sequential", "Functional", "Model", "__keras_tensor__", "__tuple__", "__tensor__", "__numpy__"}
TRUSTED_NAMES |= {"__slice__", "__ellipsis__", "Policy", "BatchNormalizationV1", "BatchNormalizationV2"}
# Keras' own layers that run what is in the file, or read the files that it names.
NOT_DATA = {"Lambda", "TFSMLayer", "TorchModuleWrapper", "JaxLayer", "FlaxLayer"}
NOT_DATA |= {"StringLookup", "IntegerLookup", "TextVectorization"}

# Networks for pictures of faces are far smaller; one that announces more would fill the memory.
MOST_WEIGHTS = 50_000_000
LARGEST_ARCHIVE = 300_000_000

# What is in an archive that Keras 3 writes.
CONFIGURATION, WEIGHTS = "config.json", "model.weights.h5"
ARCHIVE_MEMBERS = {CONFIGURATION, WEIGHTS, "metadata.json"}


@contextmanager
def naming_damage(path):
    """Refuse a file that is missing or no model; turn what a damaged one makes its readers raise into one sentence."""
    if not Path(path).is_file():
        raise UserError(f"{path} is not there: name another --model, or train one.")
    if not h5py.is_hdf5(path) and not is_archive(path):
        raise UserError(f"{path} is no HDF5 file and no .keras file: name a model that Keras saved whole.")
    # What was looked at might not be what is loaded.
    if h5py.is_hdf5(path) and zipfile.is_zipfile(path):
        raise UserError(f"{path} is an HDF5 file and an archive at once: do not trust it.")
    try:
        yield
    except (UserError, MemoryError):
        raise
    # HDF5 and Keras can raise almost anything; all of it means the same to a person.
    except Exception as error:
        reason = str(error).strip().split("\n")[0][:200]
        raise UserError(f"{path} is damaged or no whole Keras model ({reason}): copy or train it again.") from error


def open_hdf5(path):
    """Return an HDF5 file opened for reading, without links to other files in it."""
    file = h5py.File(path)
    refuse_links(file, path)
    return file


def read_archive(path) -> dict:
    """Return the configuration in an archive of Keras 3 (.keras), after a look at all that is in it."""
    with zipfile.ZipFile(path) as archive:
        members = {member.filename: member.file_size for member in archive.infolist()}
        if foreign := set(members) - ARCHIVE_MEMBERS:
            raise UserError(f"{path} holds {min(foreign)}, which is no part of a model: do not trust it.")
        if sum(members.values()) > LARGEST_ARCHIVE:
            raise UserError(f"{path} would unpack to {sum(members.values()) / 1e6:,.0f} MB: do not trust it.")
        configuration = json.loads(archive.read(CONFIGURATION))
        with h5py.File(io.BytesIO(archive.read(WEIGHTS))) as weights:
            refuse_links(weights, path)
    return configuration


def refuse_links(group, path):
    """Refuse links to other files, and values that lie elsewhere or would fill the memory, at any depth."""
    # Collected first: HDF5 visits each group once, and swallows what is raised while it does.
    links = []
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


def refuse_foreign_objects(configuration, path):
    """Refuse Lambda layers and objects that neither Keras nor this project defines, at any depth."""
    if isinstance(configuration, list):
        for value in configuration:
            refuse_foreign_objects(value, path)
    if not isinstance(configuration, dict):
        return
    if "class_name" in configuration and not is_trusted(configuration):
        name = configuration["class_name"]
        raise UserError(f"{path} contains code of its own or reads other files ({name}): do not trust it.")
    for value in configuration.values():
        refuse_foreign_objects(value, path)


def is_trusted(configuration) -> bool:
    """Return whether the class that a configuration names only computes with what the file holds."""
    # In HDF5, Keras writes the package of a registered class before its name.
    package, _, name = configuration["class_name"].rpartition(">")
    module = configuration.get("module") or package or "keras"
    registered = configuration.get("registered_name") or package or "keras"
    if (
        name in NOT_DATA
        or (package and package not in TRUSTED_MODULES)
        or module.split(".")[0] not in TRUSTED_MODULES
        or registered.split(">")[0] not in (*TRUSTED_MODULES, name)
    ):
        return False
    # Operations between layers, such as a division by 255.
    if name in TRUSTED_NAMES or module.startswith("keras.src.ops."):
        return True
    return any(isinstance(getattr(place, name, None), type) for place in TRUSTED_PLACES)


def load_whole(path) -> keras.Model:
    """Return the network of a file that was looked at before; UserError where Keras would not know it by its name."""
    endings = (".keras",) if is_archive(path) else (".h5", ".hdf5")
    if not str(path).endswith(endings):
        raise UserError(f"{path} is read by its name, which must say what it is: rename it to end in {endings[0]}.")
    return keras.models.load_model(path, compile=False)


def build(configuration) -> keras.Model:
    """Return the network of a configuration, with random weights."""
    kind = keras.Sequential if configuration["class_name"] == "Sequential" else keras.Model
    # A copy, because Keras takes what it reads out of the configuration.
    return kind.from_config(copy.deepcopy(configuration["config"]))


def refuse_giants(configuration, path):
    """Refuse a configuration that announces more weights than a network for faces has; none of them is made."""
    with keras.StatelessScope(initialize_variables=False):
        network = build(configuration)
    if not network.built:
        raise UserError(f"{path} does not say of what shape its inputs are: name another --model.")
    if (weights := network.count_params()) > MOST_WEIGHTS:
        raise UserError(f"{path} announces {weights:,} weights: do not trust it.")


def is_archive(path) -> bool:
    """Return whether a file is an archive of Keras 3."""
    return zipfile.is_zipfile(path) and not h5py.is_hdf5(path)
