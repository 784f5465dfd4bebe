"""What faces look like in comics: of each emotion, how often eyes, brows, mouth and extras are drawn which way."""

# What an emotion looks like: eyes, brows, mouth, and what else is drawn, each with its share of the faces.
LOOKS: dict[str, tuple[dict[str, float], ...]] = {
    "angry": (
        {"dots": 0.5, "open": 0.4, "narrow": 0.1},
        {"frowning": 0.9, "none": 0.1},
        {"down": 0.5, "flat": 0.2, "teeth": 0.2, "wavy": 0.1},
        {"dark": 0.5, "nothing": 0.5},
    ),
    "disgusted": (
        {"dots": 0.3, "narrow": 0.3, "squeezed": 0.3, "open": 0.1},
        {"frowning": 0.4, "worried": 0.2, "none": 0.4},
        {"wavy": 0.4, "tongue": 0.3, "pouring": 0.3},
        {"dark": 0.3, "nothing": 0.7},
    ),
    "fearful": (
        {"wide": 0.5, "hollow": 0.2, "open": 0.2, "dots": 0.1},
        {"worried": 0.7, "raised": 0.2, "none": 0.1},
        {"wail": 0.4, "round": 0.2, "teeth": 0.2, "wavy": 0.2},
        {"pale": 0.4, "sweat": 0.2, "nothing": 0.4},
    ),
    "happy": (
        {"dots": 0.3, "open": 0.15, "laughing": 0.35, "squeezed": 0.1, "hearts": 0.1},
        {"none": 0.7, "raised": 0.3},
        {"up": 0.35, "grin": 0.3, "laugh": 0.25, "teeth": 0.1},
        {"cheeks": 0.2, "nothing": 0.8},
    ),
    "neutral": ({"dots": 0.6, "open": 0.25, "narrow": 0.15}, {"none": 0.7, "level": 0.3}, {"flat": 1}, {"nothing": 1}),
    "sad": (
        {"dots": 0.4, "open": 0.2, "lowered": 0.25, "laughing": 0.05, "squeezed": 0.1},
        {"worried": 0.7, "none": 0.3},
        {"down": 0.65, "wail": 0.2, "flat": 0.15},
        {"tears": 0.3, "streams": 0.2, "nothing": 0.5},
    ),
    "surprised": (
        {"wide": 0.5, "open": 0.25, "dots": 0.25},
        {"raised": 0.5, "none": 0.5},
        {"round": 1},
        {"nothing": 1},
    ),
}
