"""Model files from anywhere -> Keras networks. A file is data, never code, and it is one file: all else is refused."""

import copy
import io
import json
import zipfile
from contextlib import contextmanager
from pathlib import Path

import h5py
import keras

import emotion_recognition.layers  # noqa: F401 - registers the project's own layers for loading
from emotion_recognition.errors import UserError

# A layer is named by the module it comes from; these are the only ones whose code may be run.
TRUSTED_MODULES = ("keras", "emotion_recognition")

# Networks for pictures of faces are far smaller; one that announces more would fill the memory.
MOST_WEIGHTS = 50_000_000
LARGEST_FILE = 1_000_000_000

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
        if sum(members.values()) > LARGEST_FILE:
            raise UserError(f"{path} would unpack to {sum(members.values()) / 1e9:.0f} GB: do not trust it.")
        configuration = json.loads(archive.read(CONFIGURATION))
        with h5py.File(io.BytesIO(archive.read(WEIGHTS))) as weights:
            refuse_links(weights, path)
    return configuration


def refuse_links(group, path):
    """Refuse links to other files, at any depth."""
    for name in group:
        link = group.get(name, getlink=True)
        if isinstance(link, h5py.ExternalLink):
            raise UserError(f"{path} links to another file ({link.filename}): do not trust it, a model is one file.")
        if isinstance(link, h5py.SoftLink):
            continue
        if isinstance(item := group[name], h5py.Group):
            refuse_links(item, path)
        elif item.is_virtual or item.external:
            raise UserError(f"{path} keeps {item.name} in another file: do not trust it, a model is one file.")
        elif item.size > MOST_WEIGHTS:
            raise UserError(f"{path} announces {item.size:,} values in {item.name}: do not trust it.")


def refuse_foreign_objects(configuration, path):
    """Refuse Lambda layers and objects that neither Keras nor this project defines, at any depth."""
    if isinstance(configuration, list):
        for value in configuration:
            refuse_foreign_objects(value, path)
    if not isinstance(configuration, dict):
        return
    name = configuration.get("class_name")
    module = configuration.get("module") or "keras"
    registered = configuration.get("registered_name") or "keras"
    is_trusted = module.split(".")[0] in TRUSTED_MODULES and registered.split(">")[0] in (*TRUSTED_MODULES, name)
    if name == "Lambda" or name == "__lambda__" or not is_trusted:
        raise UserError(f"{path} contains code of its own ({name}): do not trust it, a model is data.")
    for value in configuration.values():
        refuse_foreign_objects(value, path)


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
