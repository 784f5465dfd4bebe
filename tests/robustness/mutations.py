"""Files as accidents and attackers make them: bits turned, parts cut off, repeated, spliced, numbers made enormous."""

import copy
import json
import random

# What readers take for a size, an offset or a number of things, and should not believe.
NUMBERS = (0, 1, 0x7F, 0xFF, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0xFFFFFFFF)
VALUES = (None, True, -1, 0, 1, 7, 1.5, 1e308, 10**9, 10**30, "", "Lambda", "../x", "\0", [], {}, [[]], "9" * 5000)


def mutate(content: bytes, others, generator: random.Random) -> bytes:
    """Return the content after one to four accidents; `others` are the files whose parts may get into it."""
    changed = bytearray(content)
    for _ in range(generator.randint(1, 4)):
        accident = generator.choice((turn_bits, write_number, cut_off, remove, repeat, insert_noise))
        if generator.random() < 0.15:
            splice(changed, generator.choice(others), generator)
        elif changed:
            accident(changed, generator)
    return bytes(changed)


def place(content, generator) -> int:
    """Return a place in the content, as often in its first bytes, where headers are, as anywhere."""
    end = len(content) if generator.random() < 0.5 else min(len(content), 200)
    return generator.randrange(end)


def turn_bits(content, generator):
    for _ in range(generator.randint(1, 8)):
        content[place(content, generator)] ^= 1 << generator.randrange(8)


def write_number(content, generator):
    number = generator.choice(NUMBERS).to_bytes(4, generator.choice(("big", "little")))
    length = generator.choice((1, 2, 4))
    start = place(content, generator)
    content[start : start + length] = number[:length]


def cut_off(content, generator):
    del content[place(content, generator) :]


def remove(content, generator):
    start = place(content, generator)
    del content[start : start + generator.randint(1, 1 + len(content) // 4)]


def repeat(content, generator):
    start = place(content, generator)
    content[start:start] = content[start : start + generator.randint(1, 2000)] * generator.randint(1, 20)


def insert_noise(content, generator):
    start = place(content, generator)
    content[start:start] = generator.randbytes(generator.randint(1, 100))


def splice(content, other: bytes, generator):
    """Let another file begin in the middle of this one."""
    start = place(content, generator) if content else 0
    content[start:] = other[generator.randrange(1 + len(other)) :]


def mutate_json(text: str, generator: random.Random) -> str:
    """Return JSON in which one to three values are others."""
    document = json.loads(text)
    for _ in range(generator.randint(1, 3)):
        holders = [holder for holder in containers(document) if holder]
        if holders:
            holder = generator.choice(holders)
            key = generator.choice(list(holder) if isinstance(holder, dict) else range(len(holder)))
            # A copy, for a value must not come to hold itself.
            holder[key] = copy.deepcopy(generator.choice((*VALUES, generator.choice(holders))))
    return json.dumps(document)


def containers(value):
    """Yield every list and dictionary in a JSON value."""
    if isinstance(value, dict | list):
        yield value
        for part in value.values() if isinstance(value, dict) else value:
            yield from containers(part)
