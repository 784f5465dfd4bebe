"""A page to look at and to print: each source with a picture, its time, the shares of its emotions, and warnings."""

from collections.abc import Iterable, Sequence
from html import escape
from pathlib import Path
from string import Template

from emotion_recognition.errors import as_line
from emotion_recognition.files import written_whole
from emotion_recognition.labels import hex_colour
from emotion_recognition.studies.report_warnings import find_warnings, percent
from emotion_recognition.studies.summary import SourceSummary, TrackSummary

PAGE = Path(__file__).with_name("report.html")
Held = tuple[SourceSummary, list[TrackSummary]]

# Of more tracks only the longest are listed.
MOST_TRACKS = 12
# The size in which a timeline is drawn; the page stretches it.
HEIGHT = 100

PRIVACY = "Faces that were found are blurred; the numbers remain personal data."
PLAIN_PRIVACY = "Faces can be recognised: pass this page on only to whom they have agreed to."


def write_report(path: str | Path, held: Sequence[Held], emotions: Sequence[str], is_blurred: bool = True) -> None:
    """Write the page, whole or not at all; `held` has what each source held, and its tracks."""
    text = make_page(held, emotions, is_blurred)
    with written_whole(path) as temporary:
        temporary.write_text(text, encoding="utf-8", errors="backslashreplace")


def make_page(held: Sequence[Held], emotions: Sequence[str], is_blurred: bool = True) -> str:
    """Return the page as HTML, which asks for nothing from elsewhere."""
    first = held[0][0]
    frames = sum(summary.frames for summary, _ in held)
    return Template(PAGE.read_text(encoding="utf-8")).substitute(
        counts=f"{len(held):,} source{'s' * (len(held) != 1)}, {frames:,} frame{'s' * (frames != 1)} read",
        model=escape(first.model[:12] or "unknown"),
        version=escape(first.version),
        privacy=PRIVACY if is_blurred else PLAIN_PRIVACY,
        legend="".join(f"<li>{swatch(emotion)} {escape(emotion)}</li>" for emotion in emotions),
        overview="\n".join(overview_row(number, *each) for number, each in enumerate(held, start=1)),
        sections="\n".join(section(number, *each) for number, each in enumerate(held, start=1)),
    )


def overview_row(number: int, summary: SourceSummary, tracks: list[TrackSummary]) -> str:
    """Return the line of a source in the table at the top."""
    link = f'<a href="#source-{number}">{name_of(summary)}</a>'
    with_face = percent(summary.frames_with_face / summary.frames) if summary.frames else "-"
    warnings = len(find_warnings(summary, tracks)) or "-"
    cells = link, summary.status, f"{summary.frames:,}", with_face, summary.tracks, most_shown(summary.shares), warnings
    return table_row(cells)


def section(number: int, summary: SourceSummary, tracks: list[TrackSummary]) -> str:
    """Return what the page shows of one source."""
    name, warnings = name_of(summary), find_warnings(summary, tracks)
    picture = f'<img src="data:image/jpeg;base64,{summary.thumbnail}" alt="A frame of {name}">'
    told = "".join(f"<li>{escape(as_line(warning))}</li>" for warning in warnings)
    parts = [
        f'<section id="source-{number}">\n<h2>{name}</h2>\n<div class="top">',
        picture if summary.thumbnail else "",
        f"<div><p>{escape(describe(summary))}</p>",
        f'<ul class="warnings">{told}</ul>' if told else "",
        "</div></div>",
        draw_timeline(summary) if summary.seconds and summary.tracks else "",
        shares_table(summary) if summary.tracks else "",
        tracks_table(tracks) if summary.seconds and tracks else "",
        "</section>",
    ]
    return "\n".join(filter(None, parts))


def describe(summary: SourceSummary) -> str:
    """Return the numbers of a source in words."""
    words = [summary.status, f"{summary.frames:,} frame{'s' * (summary.frames != 1)}"]
    if summary.seconds:
        words.append(f"{summary.seconds:,.1f} seconds")
    if summary.tracks and summary.seconds:
        words.append(f"a face in {percent(summary.frames_with_face / summary.frames)} of the frames")
    if summary.tracks:
        # Faces of a picture have no tracks.
        words.append(f"{summary.tracks} {'track' if summary.seconds else 'face'}{'s' * (summary.tracks != 1)}")
    if summary.mean_score is not None:
        words.append(f"mean score of the detector {summary.mean_score:.2f}")
    if summary.share_unclear is not None:
        words.append(f"two emotions too close in {percent(summary.share_unclear)} of the faces")
    return "; ".join(words)


def draw_timeline(summary: SourceSummary) -> str:
    """Return the mean probabilities over time as areas above each other: SVG, one unit wide for each interval."""
    paths = []
    for place, emotion in enumerate(summary.means):
        steps = []
        for x, means in enumerate(summary.timeline):
            if means:
                top, bottom = (round(HEIGHT * (1 - sum(means[:end]))) for end in (place + 1, place))
                steps.append(f"M{x} {bottom}V{top}H{x + 1}V{bottom}Z")
        paths.append(f'<path fill="{hex_colour(emotion)}" d="{"".join(steps)}"><title>{escape(emotion)}</title></path>')
    caption = f"Mean probabilities of the faces, from first to last frame ({summary.seconds:,.1f} s); white: no face"
    box = f"0 0 {max(1, len(summary.timeline))} {HEIGHT}"
    return (
        f'<figure><svg viewBox="{box}" preserveAspectRatio="none" shape-rendering="crispEdges" role="img" '
        f'aria-label="Emotions over time">{"".join(paths)}</svg><figcaption>{caption}</figcaption></figure>'
    )


def shares_table(summary: SourceSummary) -> str:
    """Return a table of the emotions: how often each is the one shown, and its mean probability."""
    rows = []
    for emotion, share in summary.shares.items():
        bar = ""
        if share:
            bar = f'<span class="bar" style="width:{100 * share:.1f}%;background:{hex_colour(emotion)}"></span>'
        mean = summary.means[emotion]
        cells = escape(emotion), percent(share or 0), f"{mean or 0:.2f}"
        rows.append(table_row(cells, wide=bar))
    return table(("emotion", "of the faces", "mean probability", ""), rows)


def tracks_table(tracks: Sequence[TrackSummary]) -> str:
    """Return a table of the longest tracks, in the order of their numbers."""
    longest = sorted(tracks, key=lambda track: -track.frames)[:MOST_TRACKS]
    rows = [
        table_row(
            (
                track.face,
                f"{track.first:,.1f} to {track.last:,.1f} s",
                f"{track.frames:,}",
                f"{track.mean_width:.0f}",
                most_shown(track.shares),
                percent(track.share_unclear),
            )
        )
        for track in sorted(longest, key=lambda track: track.face)
    ]
    left_out = f'<p class="note">{len(tracks) - MOST_TRACKS} shorter tracks are left out.</p>'
    heading = ("track", "seen", "frames", "pixels wide", "most often shown", "unclear")
    return table(heading, rows) + (left_out if len(tracks) > MOST_TRACKS else "")


def table(heading: Iterable[str], rows: Iterable[str]) -> str:
    """Return a table of rows that are HTML already."""
    cells = "".join(f"<th>{name}</th>" for name in heading)
    return f"<table><thead><tr>{cells}</tr></thead><tbody>{''.join(rows)}</tbody></table>"


def table_row(cells: Iterable[object], wide: str | None = None) -> str:
    """Return a row of cells that are HTML already; `wide` is one more at its end, which is 40 % of the table."""
    last = "" if wide is None else f'<td class="wide">{wide}</td>'
    return f"<tr>{''.join(f'<td>{cell}</td>' for cell in cells)}{last}</tr>"


def most_shown(shares: dict[str, float | None] | dict[str, float]) -> str:
    """Return the emotion that is shown most often, and in how many faces."""
    known = {emotion: share for emotion, share in shares.items() if share is not None}
    emotion = max(known, key=known.__getitem__, default="")
    return f"{swatch(emotion)} {escape(emotion)} {percent(known[emotion])}" if known else "-"


def swatch(emotion: str) -> str:
    """Return a small square of an emotion's colour."""
    return f'<span class="swatch" style="background:{hex_colour(emotion)}"></span>'


def name_of(summary: SourceSummary) -> str:
    """Return the name of a source as HTML."""
    return escape(as_line(summary.source))
