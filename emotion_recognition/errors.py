"""The one kind of error that a person can cause and mend, and how its sentence is written on one line."""

# What OpenCV and its window need of a Debian or Ubuntu system.
SYSTEM_PACKAGES = "libgl1 libglib2.0-0 libsm6 libxext6"

# A sentence has no more characters.
LONGEST_LINE = 800


class UserError(Exception):
    """A mistake that a person can mend: its text is one sentence that names the thing and the way out.

    The scripts print it on standard error and end with exit status 2 (see `cli.program.run`).
    """


class WeightsAloneError(UserError):
    """A file holds the weights of a network, but not the network."""


def as_line(text: str) -> str:
    """Return a text as one line without control characters; beyond `LONGEST_LINE`, its middle is left out.

    Names and words out of a file may be anything.
    """
    line = " ".join("".join(character if character.isprintable() else " " for character in text).split())
    half = LONGEST_LINE // 2
    return line if len(line) <= LONGEST_LINE else f"{line[:half]} ... {line[-half:]}"
