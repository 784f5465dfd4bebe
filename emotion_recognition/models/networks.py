"""The networks: functions that return Keras models, gray faces 48x48 (levels 0 to 255) -> probabilities of emotions."""

import keras
from keras import layers

from emotion_recognition.images import FACE_SIZE
from emotion_recognition.models.layers import SpatialTransformer


def classification(emotions) -> layers.Dense:
    """Return the last layer of every network, which keeps its full precision also in mixed-precision training."""
    return layers.Dense(emotions, activation="softmax", dtype="float32")


def little_vgg(emotions: int) -> keras.Model:
    """Return the little VGG: four blocks of two 3x3 convolutions, then two dense layers of 64 (1.3 million parameters).

    After the VGG of Simonyan and Zisserman (2014), with ELU and batch normalisation. The dropout is milder than usual
    for this network: with stronger one it cannot even learn the training pictures.
    """
    model = keras.Sequential(name="little_vgg")
    model.add(keras.Input((FACE_SIZE, FACE_SIZE, 1)))
    model.add(layers.Rescaling(1 / 255))
    for filters in (32, 64, 128, 256):
        for _ in range(2):
            model.add(layers.Conv2D(filters, 3, padding="same", kernel_initializer="he_normal"))
            model.add(layers.ELU())
            model.add(layers.BatchNormalization())
        model.add(layers.MaxPooling2D())
        model.add(layers.Dropout(0.15))
    model.add(layers.Flatten())
    for _ in range(2):
        model.add(layers.Dense(64, kernel_initializer="he_normal"))
        model.add(layers.ELU())
        model.add(layers.BatchNormalization())
        model.add(layers.Dropout(0.25))
    model.add(classification(emotions))
    return model


def four_layer_cnn(emotions: int) -> keras.Model:
    """Return the classic four-layer CNN: 32, 64, 128 and 128 filters, dense 1024 (2.3 million parameters).

    Convolutions are unpadded; pooling follows the last three, dropout stands before each wider part.
    """
    return keras.Sequential(
        [
            keras.Input((FACE_SIZE, FACE_SIZE, 1)),
            layers.Rescaling(1 / 255),
            layers.Conv2D(32, 3, activation="relu"),
            layers.Conv2D(64, 3, activation="relu"),
            layers.MaxPooling2D(),
            layers.Dropout(0.25),
            layers.Conv2D(128, 3, activation="relu"),
            layers.MaxPooling2D(),
            layers.Conv2D(128, 3, activation="relu"),
            layers.MaxPooling2D(),
            layers.Dropout(0.25),
            layers.Flatten(),
            layers.Dense(1024, activation="relu"),
            layers.Dropout(0.5),
            classification(emotions),
        ],
        name="four_layer_cnn",
    )


def attentional(emotions: int) -> keras.Model:
    """Return the attentional network: a residual network that weighs channels and places (2.0 million parameters).

    Three stages of residual blocks (He et al., 2016) with squeeze-and-excitation; before the last stage, a spatial mask
    of 12x12 says which parts of the face it sees. It costs 1.85 times the multiply-adds of the little VGG. All layers
    are Keras' own, unlike the transformer of `deep_emotion`, so that any Keras 3 loads the model.
    """
    faces = keras.Input((FACE_SIZE, FACE_SIZE, 1))
    features = layers.Rescaling(1 / 255)(faces)
    features = convolution(features, 32)
    features = convolution(features, 64, strides=2)
    features = residual_stage(features, 64, strides=1)
    features = residual_stage(features, 128, strides=2)
    features = spatial_attention(features)
    features = residual_stage(features, 192, strides=2)
    features = layers.GlobalAveragePooling2D()(features)
    features = layers.Dropout(0.3)(features)
    probabilities = classification(emotions)(features)
    return keras.Model(faces, probabilities, name="attentional")


def residual_stage(features, filters, strides):
    """Apply two residual blocks; the first of them makes the picture smaller by `strides`."""
    return residual_block(residual_block(features, filters, strides), filters, strides=1)


def residual_block(features, filters, strides):
    """Add what two convolutions find, weighed by channel, to the features (He et al., 2016, section 3)."""
    shortcut = features
    if strides != 1 or features.shape[-1] != filters:
        shortcut = convolution(features, filters, size=1, strides=strides, activation=None)
    found = convolution(features, filters, strides=strides)
    found = convolution(found, filters, activation=None)
    found = channel_attention(found)
    return layers.Activation("relu")(layers.Add()([shortcut, found]))


def convolution(features, filters, size=3, strides=1, activation="relu"):
    """Apply a convolution, batch normalisation and, unless `activation` is None, an activation."""
    # Batch normalisation has the bias.
    convolve = layers.Conv2D(filters, size, strides, padding="same", use_bias=False, kernel_initializer="he_normal")
    features = convolve(features)
    features = layers.BatchNormalization()(features)
    return layers.Activation(activation)(features) if activation else features


def channel_attention(features, reduction=8):
    """Weigh every channel by 0 to 1, as all channels say (squeeze-and-excitation: Hu et al., 2018, section 3)."""
    channels = features.shape[-1]
    weights = layers.GlobalAveragePooling2D()(features)
    weights = layers.Dense(channels // reduction, activation="relu")(weights)
    weights = layers.Dense(channels, activation="sigmoid")(weights)
    return layers.Multiply()([features, layers.Reshape((1, 1, channels))(weights)])


def spatial_attention(features):
    """Weigh every place by 0 to 1: the output of the layer `spatial_mask`, (n, height, width, 1).

    After Woo et al. (2018, "CBAM", section 3); here the mask sees all channels instead of their mean and maximum.
    """
    mask = layers.Conv2D(1, 7, padding="same", activation="sigmoid", name="spatial_mask")(features)
    return layers.Multiply()([features, mask])


def deep_emotion(emotions: int) -> keras.Model:
    """Return the attentional network as published, Deep-Emotion (48,000 parameters).

    Minaee and Abdolrashidi (2019), arXiv 1902.01019, section III: a localisation network says where to look, a spatial
    transformer samples the face there, and a feature extractor of four convolutions and two dense layers classifies
    what it sees. The layer `affine_values` holds the transformation; it starts as the identity.

    The paper leaves open, and we chose: that the transformer stands before the feature extractor (so the text; the
    figure can be read otherwise); filters of 3x3 and poolings of 4 and 3 in the localisation network; a ReLU after
    every convolution; dropout of 0.2, since so small a network learns too little rather than too much; no penalty on
    the weights of the dense layers, whose strength is not given.
    """
    faces = keras.Input((FACE_SIZE, FACE_SIZE, 1))
    pictures = layers.Rescaling(1 / 255)(faces)

    place = pictures
    for filters, pool in ((8, 4), (10, 3)):
        place = layers.Conv2D(filters, 3, activation="relu")(place)
        place = layers.MaxPooling2D(pool)(place)
    place = layers.Dense(32, activation="relu")(layers.Flatten()(place))
    affine_values = layers.Dense(6, kernel_initializer="zeros", name="affine_values", dtype="float32")
    sampled = SpatialTransformer(name="spatial_transformer", dtype="float32")([pictures, affine_values(place)])
    affine_values.bias.assign([1, 0, 0, 0, 1, 0])

    features = sampled
    for _ in range(2):
        features = layers.Conv2D(10, 3, activation="relu")(features)
        features = layers.Conv2D(10, 3, activation="relu")(features)
        features = layers.MaxPooling2D()(features)
    features = layers.Dropout(0.2)(layers.Flatten()(features))
    features = layers.Dense(50, activation="relu")(features)
    probabilities = classification(emotions)(features)
    return keras.Model(faces, probabilities, name="deep_emotion")
