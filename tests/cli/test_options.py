"""What flags take, and what is said of everything else."""

from dataclasses import fields

import pytest

from emotion_recognition.cli import options, program, recognition_options, study_options
from emotion_recognition.studies.reading import ReadingSettings


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        (options.positive(int), "3", 3),
        (options.positive(float), "1e-3", 0.001),
        (options.not_negative, "0", 0),
        (options.not_negative_seconds, "0.5", 0.5),
        (options.resolution, "1280X720", (1280, 720)),
    ],
)
def test_what_fits(kind, text, value):
    assert kind(text) == value


@pytest.mark.parametrize(
    ("kind", "texts", "sentence"),
    [
        (
            options.positive(int),
            ("0", "-1", "1.5", "many", "2147483648"),
            "is not a whole number above zero, at most 2,147,483,647",
        ),
        (options.positive(float), ("0", "inf", "nan", "many"), "is not a number above zero"),
        (options.share, ("1", "-0.1", "half"), "is not a share from 0 to below 1"),
        (
            options.not_negative,
            ("-1", "foo", "99999999999"),
            "is not a whole number, zero or more, at most 2,147,483,647",
        ),
        (options.not_negative_seconds, ("-1", "inf", "nan", "soon"), "is not a number of seconds, zero or more"),
        (options.resolution, ("720p", "1x1", "1280x", "1280x720p"), "is no resolution such as 1280x720"),
    ],
)
def test_what_does_not_fit_is_told_in_one_sentence(kind, texts, sentence, capsys):
    parser = program.parser("")
    parser.prog = "test.py"
    parser.add_argument("--it", type=kind)
    for text in texts:
        with pytest.raises(SystemExit) as end:
            parser.parse_args([f"--it={text}"])
        told = capsys.readouterr().err
        assert told == f"argument --it: {text!r} {sentence} (python test.py --help shows what there is)\n"
        assert end.value.code == 2


@pytest.fixture
def parser():
    """The parser of test.py."""
    parser = program.parser("")
    recognition_options.add_recognition_flags(parser)
    study_options.add_study_flags(parser)
    return parser


def test_what_nobody_names_is_read_as_the_library_reads_it(parser):
    arguments = parser.parse_args([])
    read = {field.name: getattr(arguments, field.name) for field in fields(ReadingSettings)}
    assert ReadingSettings(**read) == ReadingSettings()


@pytest.mark.parametrize("sources", [[], ["clip.mp4", "rtsp://192.0.2.1/stream"]])
def test_several_processes_read_no_camera_and_no_stream(sources, parser, capsys):
    with pytest.raises(SystemExit):
        study_options.check_study_flags(parser, parser.parse_args([*sources, "--jobs", "2"]))
    assert "--jobs reads files into tables, and no camera or stream" in capsys.readouterr().err
