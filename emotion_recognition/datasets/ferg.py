"""FERG-DB (Aneja et al., 2016), faces of drawn characters in colour -> samples."""

from dataclasses import dataclass
from pathlib import Path

from emotion_recognition.datasets.folders import list_pictures
from emotion_recognition.datasets.picture_sets import Listed, PersonSet
from emotion_recognition.labels import canonical


@dataclass
class Ferg(PersonSet):
    """FERG-DB: `aia/aia_anger/aia_anger_1.png`, and so on; its characters count as persons."""

    whole: str = "always"

    @staticmethod
    def recognises(source: Path) -> bool:
        """Return whether a path holds this data set."""
        return bool(find_groups(source))

    def list_pictures(self) -> list[Listed]:
        """Return the pictures of all characters and emotions."""
        groups = find_groups(self.source)
        return [Listed(path, groups[group], group.parent.name) for group in groups for path in list_pictures(group)]


def find_groups(source: Path) -> dict[Path, str]:
    """Return the emotion of each folder <character>/<character>_<emotion>."""
    groups = {}
    for group in sorted(source.glob("*/*_*/")):
        character, _, word = group.name.rpartition("_")
        try:
            emotion = canonical(word)
        except ValueError:
            continue
        if character == group.parent.name:
            groups[group] = emotion
    return groups
