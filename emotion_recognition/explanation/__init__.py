"""Which parts of a face decide.

Everywhere in this room faces are uint8 (n, 48, 48), gray; `chosen` is int (n,): of each face, the index of the output
whose emotion is explained; maps of importance are float32 (n, 48, 48), a value for each pixel of the faces.
"""
