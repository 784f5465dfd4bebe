"""Read the emotions of faces in the webcam, in pictures, folders, video files and streams.

    python test.py                                  the webcam, in a window
    python test.py photo.jpg clip.mp4 folder/       any number of pictures, videos and folders
    python test.py photo.jpg --output result.png    keeps the annotated picture
    python test.py sticker.png --whole auto         for stickers and cartoons
    python test.py --heat                           shows which parts of the face decide

Keys in the window: q or Esc ends, s saves a snapshot, m mirrors the view, space pauses a video, h shows which parts of
the face decide; a picture waits for any other key.
"""

from emotion_recognition.cli import options, program


def parse_args():
    parser = program.parser(__doc__)
    parser.add_argument("--model", default=program.PROJECT / "model.h5", help="model file that reads the emotions")
    options.add_recognition_flags(parser)
    return parser.parse_intermixed_args()


def main():
    arguments = parse_args()
    # Imported here, so that --help answers at once.
    from emotion_recognition import recogniser

    return recogniser.recognise(arguments, arguments.model)


if __name__ == "__main__":
    program.run(main)
