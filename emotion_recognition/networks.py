"""The networks: functions that return Keras models, gray faces 48x48 (levels 0 to 255) -> probabilities of emotions."""

import keras
from keras import layers

from emotion_recognition.pictures import FACE_SIZE


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
    model.add(layers.Dense(emotions, activation="softmax"))
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
            layers.Dense(emotions, activation="softmax"),
        ],
        name="four_layer_cnn",
    )
