"""Read the emotions of faces in the webcam, in pictures, folders, video files and streams.

    python test.py                                  the webcam, in a window
    python test.py photo.jpg clip.mp4 folder/       any number of pictures, videos and folders
    python test.py photo.jpg --output result.png    keeps the annotated picture
    python test.py clip.mp4 --csv rows.csv          keeps a row for each face and frame
    python test.py study/ --table study.parquet --summary summary.csv --jobs 2
    python test.py sticker.png --whole auto         for stickers and cartoons

Keys in the window: q or Esc ends, s saves a snapshot, m mirrors the view, space pauses a video, h shows which parts of
the face decide, left and right go to the previous and next source, ? shows the keys. A picture waits for a key.
"""

import sys
from contextlib import closing, redirect_stdout
from dataclasses import fields

from emotion_recognition.cli import program, recognition_options, study_options
from emotion_recognition.errors import UserError


def parse_args():
    parser = program.parser(__doc__)
    recognition_options.add_recognition_flags(parser)
    study_options.add_study_flags(parser)
    return study_options.check_study_flags(parser, parser.parse_intermixed_args())


def main():
    arguments = parse_args()
    # Where rows are printed, text would stand between them.
    with redirect_stdout(sys.stderr if "-" in (arguments.csv, arguments.jsonl) else sys.stdout):
        return recognise(arguments)


def recognise(arguments) -> int:
    """Read, show and keep all sources, naming those that cannot be read; return the exit status."""
    # Imported here, as in the other functions, so that --help answers at once.
    from emotion_recognition.explanation.occlusion import quick_map
    from emotion_recognition.studies.outputs import Outputs
    from emotion_recognition.studies.progress import Progress
    from emotion_recognition.studies.reading import ReadingSettings
    from emotion_recognition.studies.words import describe_cameras, told_how_to_read
    from emotion_recognition.video.heat import HeatMaps
    from emotion_recognition.video.sources import find_sources
    from emotion_recognition.video.viewer import Viewer
    from emotion_recognition.video.window import open_window

    if arguments.list_cameras:
        print(describe_cameras())
        return 0
    sources = find_sources(arguments.sources, arguments.camera, arguments.resolution, arguments.output)
    settings = ReadingSettings(**{field.name: getattr(arguments, field.name) for field in fields(ReadingSettings)})
    with program.silent_start():
        recogniser = settings.open_recogniser()
    names = ("output", "csv", "jsonl", "table", "summary", "report", "timeline", "continues", "force")
    kept = {name: getattr(arguments, name) for name in names}
    outputs = Outputs(**kept, sources=sources, emotions=recogniser.emotions, settings=settings)
    with told_how_to_read(outputs.study.summaries), outputs:
        sources = outputs.study.left(sources)
        if arguments.jobs > 1:
            return read_at_once(sources, arguments.jobs, settings, outputs)
        with (
            open_window(not arguments.no_window, arguments.fullscreen) as window,
            HeatMaps(lambda crop, emotion: quick_map(recogniser.classifier, crop, emotion)) as heat,
            Progress(sources, is_wanted=not window.is_visible) as progress,
        ):
            # Maps that nobody sees are not made.
            heat.is_on = arguments.heat and (window.is_visible or outputs.keeps_pictures)
            return play_all(sources, recogniser, settings, outputs, Viewer(window, heat, arguments.blur), progress)


def play_all(sources, recogniser, settings, outputs, viewer, progress) -> int:
    """Read one source after the other, forward and back as the keys say; return the exit status."""
    status, place, key = 0, 0, "next"
    while place < len(sources) and key != "quit":
        try:
            with sources[place] as source:
                key = play(source, recogniser, settings, outputs, viewer, progress)
            place = max(0, place - 1) if key == "previous" else place + 1
        except UserError as error:
            progress.warn(str(error))
            status = program.SOME_UNREADABLE
            # It is named once, and passed by when a person goes back.
            del sources[place]
            place = max(0, place - 1) if key == "previous" else place
        progress.end(source)
    return status


def play(source, recogniser, settings, outputs, viewer, progress) -> str:
    """Read the frames of a source, keep and show what is in them; return the key that ended it, or "next"."""
    from emotion_recognition.studies.reading import SourceReader
    from emotion_recognition.studies.words import describe_faces, describe_picture, describe_summary
    from emotion_recognition.video.playback import Playback

    playback, reader = Playback(source), SourceReader(source, recogniser, settings)
    viewer.start_video()
    try:
        for frame, faces in reader:
            if frame.picture is None:  # A camera has nothing new.
                if viewer.window.wait() == "quit":
                    return "quit"
                continue
            # Who watches a video must not wait for maps; a file that is written can.
            is_watched = source.is_live or (source.is_video and viewer.window.is_visible)
            maps = viewer.heat.maps(frame.picture, faces, wait=not is_watched)
            annotated = viewer.draw(frame, faces, maps) if outputs.keeps_pictures else None
            outputs.write(source, frame, faces, annotated)
            progress.see(source, frame)
            if not source.is_video:
                progress.say(describe_picture(source.name, frame.picture, faces, recogniser))
            elif source.is_live and not viewer.window.is_visible and playback.is_time_to_print(frame.seconds):
                print(describe_faces(source.name, faces), flush=True)
            if viewer.window.is_visible and (key := viewer.show(source, playback, frame, faces, maps)):
                reader.is_done = key != "quit" or not source.is_video
                return key
        return "next"
    except UserError as error:
        raise reader.break_off(str(error)) from error
    finally:
        summary = reader.summary()
        if source.is_video and summary.frames:
            progress.say(describe_summary(summary))
        outputs.end_source(summary, reader.tracks(), reader.is_done)


def read_at_once(sources, jobs, settings, outputs) -> int:
    """Let several processes read the sources, and keep what they hold; return the exit status."""
    from emotion_recognition.studies.processes import read_in_processes
    from emotion_recognition.studies.progress import Progress
    from emotion_recognition.studies.words import describe_summary

    status = 0
    reading = read_in_processes(sources, jobs, settings, outputs.study.tables, program.set_up_process)
    with closing(reading), Progress(sources) as progress:
        for source, read in reading:
            outputs.append(read)
            progress.end(source)
            if read.summary.frames:
                progress.say(describe_summary(read.summary))
            if read.summary.reason:
                progress.warn(read.summary.reason)
                status = program.SOME_UNREADABLE
    return status


if __name__ == "__main__":
    program.run(main)
