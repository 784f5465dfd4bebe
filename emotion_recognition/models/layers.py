"""The layers that Keras lacks, on `keras.ops` alone, so that every backend runs and trains them.

They are registered for saving: whoever loads a model file imports this module first.
"""

from typing import Any

import keras
import numpy as np
from keras import ops


@keras.saving.register_keras_serializable(package="emotion_recognition")
class SpatialTransformer(keras.layers.Layer):
    """Samples pictures where affine transformations say (Jaderberg et al., 2015, "Spatial Transformer Networks", 3).

    Inputs: pictures, float (n, height, width, channels), height and width at least 2, and affine values, float (n, 6):
    a, b, c, d, e, f for a picture that shows at (x, y) what was at (a x + b y + c, d x + e y + f). Coordinates run from
    -1 to 1, from the centre of the first pixel to that of the last, x to the right, y down; 1, 0, 0, 0, 1, 0 is the
    identity. Output: pictures of the same shape, interpolated bilinearly; beyond the border the nearest pixel of the
    border goes on, as in augmentation, because a dark frame would be an edge that no face has.
    """

    def call(self, inputs: Any) -> Any:
        pictures, affine = inputs
        height, width, channels = pictures.shape[1:]
        # In pixels from the centre the identity is exact, and no matrix product rounds on a GPU what it multiplies.
        half_width, half_height = (width - 1) / 2, (height - 1) / 2
        down, right = np.mgrid[:height, :width].reshape(2, -1)
        right = ops.convert_to_tensor(right - half_width, affine.dtype)
        down = ops.convert_to_tensor(down - half_height, affine.dtype)
        a, b, c, d, e, f = ops.split(affine, 6, axis=1)
        x = a * right + b * (down * half_width / half_height) + c * half_width + half_width
        y = d * (right * half_height / half_width) + e * down + f * half_height + half_height
        left, toward_right = split_place(x, width)
        top, toward_bottom = split_place(y, height)

        flat = ops.reshape(pictures, (-1, height * width, channels))

        def pixels(row: Any, column: Any) -> Any:
            return ops.take_along_axis(flat, ops.expand_dims(row * width + column, -1), axis=1)

        upper = (1 - toward_right) * pixels(top, left) + toward_right * pixels(top, left + 1)
        lower = (1 - toward_right) * pixels(top + 1, left) + toward_right * pixels(top + 1, left + 1)
        return ops.reshape((1 - toward_bottom) * upper + toward_bottom * lower, (-1, height, width, channels))

    def compute_output_shape(self, input_shape: Any) -> Any:
        return input_shape[0]


def split_place(place: Any, size: int) -> tuple[Any, Any]:
    """Split places, float (n, pixels), into the pixel before, int (n, pixels), and the way to the next, (n, pixels, 1).

    Places beyond the border are moved onto it; there is always a next pixel.
    """
    place = ops.clip(place, 0, size - 1)
    # Clipped as whole numbers, so that values which are not numbers cannot point outside the picture.
    before = ops.clip(ops.cast(ops.floor(place), "int32"), 0, size - 2)
    return before, ops.expand_dims(place - ops.cast(before, place.dtype), -1)
