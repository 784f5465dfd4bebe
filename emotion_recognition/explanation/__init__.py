"""Which parts of a face decide.

Everywhere in this room faces are uint8 (n, 48, 48), gray; `chosen` is int (n,): of each face, the place of the emotion
that is explained among the outputs; maps of importance are float32 (n, 48, 48), a value for each pixel of the faces.
"""
