"""Train the attentional network, or the published one that it goes back to, on folders of face pictures.

    python classification_attentional.py                           trains on data/, writes attentional.h5
    python classification_attentional.py --resume                  goes on after an interruption
    python classification_attentional.py --network deep_emotion    Minaee and Abdolrashidi's, writes deep_emotion.h5
    python test.py --model attentional.h5                          shows the result in the webcam's window

--network deep_emotion --help lists the defaults of that network. On FER-2013's PrivateTest the attentional network
reaches 68.7 % with two rounds of training (README, Results), Deep-Emotion 55.4 %.
"""

import argparse

from emotion_recognition.cli import options, program

DEFAULTS = {
    # With SGD it had learned nothing after two epochs.
    "attentional": {"epochs": 60, "batch_size": 64, "optimizer": "adam"},
    # Without batch normalisation, it needs an optimizer that adapts its steps.
    "deep_emotion": {"epochs": 60, "batch_size": 64, "optimizer": "adam"},
}


def parse_args():
    choice = argparse.ArgumentParser(add_help=False)
    choice.add_argument("--network", choices=DEFAULTS, default="attentional", help="what to train")
    parser = program.parser(__doc__, parents=[choice])
    network = choice.parse_known_args()[0].network
    options.add_training_flags(parser, output=f"{network}.h5", **DEFAULTS[network])
    return parser.parse_args()


def main():
    arguments = parse_args()
    # Imported here, so that --help answers at once.
    program.start_keras()
    from emotion_recognition.models import networks
    from emotion_recognition.training import run

    network = {"attentional": networks.attentional, "deep_emotion": networks.deep_emotion}[arguments.network]
    run.train(network, arguments)


if __name__ == "__main__":
    program.run(main)
