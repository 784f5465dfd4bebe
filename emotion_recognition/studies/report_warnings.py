"""Why the numbers of a source may carry little, in sentences for a report."""

from collections.abc import Sequence

from emotion_recognition.faces.tracking import REMEMBERED_SECONDS
from emotion_recognition.images import FACE_SIZE
from emotion_recognition.studies.summary import SourceSummary, TrackSummary

# From here on a reader is warned: shares of frames and of faces, faces in all frames, and seconds.
SELDOM, OFTEN_UNCLEAR, FEW_FACES, SHORT = 0.5, 0.3, 20, 1.0
# Scores are YuNet's probabilities, or the cascade's sums of votes, up to about 15. Clear faces have more than these.
LOW_PROBABILITY, LOW_VOTES = 0.7, 4.0


def find_warnings(summary: SourceSummary, tracks: Sequence[TrackSummary]) -> list[str]:
    """Return in sentences why the numbers of a source may carry little."""
    told = [f"{summary.status}: {summary.reason}"] if summary.reason else []
    if not tracks:
        return told or ["No face was found."]
    faces = sum(track.frames for track in tracks)
    if (summary.share_unclear or 0) >= OFTEN_UNCLEAR:
        told.append(f"In {percent(summary.share_unclear or 0)} of the faces two emotions are too close to choose.")
    if (score := summary.mean_score) is not None and (score < LOW_PROBABILITY or 1 < score < LOW_VOTES):
        told.append(f"The mean score of the detector is low ({score:.2f}): faces are turned or hidden, or none at all.")
    if (width := sum(track.mean_width * track.frames for track in tracks) / faces) < FACE_SIZE:
        told.append(f"Faces are {width:.0f} pixels wide on average, fewer than the {FACE_SIZE} that the network sees.")
    if not summary.seconds:
        return told
    if summary.frames_with_face < SELDOM * summary.frames:
        share = percent(summary.frames_with_face / summary.frames)
        told.append(f"A face was found in {share} of the frames only: what is missing may differ from what is here.")
    if faces < FEW_FACES:
        told.append(f"Only {faces} face{'s' * (faces != 1)} in all frames: too few for a mean.")
    short = sum(track.last - track.first < SHORT for track in tracks)
    # Between frames that are farther apart no face is followed: each is a track of its own.
    is_followed = summary.seconds < REMEMBERED_SECONDS * (summary.frames - 1)
    if 2 * short > len(tracks) and summary.seconds >= SHORT and is_followed:
        told.append(f"{short} of {len(tracks)} tracks are shorter than a second: such are often no faces.")
    return told


def percent(share: float) -> str:
    """Return a share, 0 to 1, as per cent."""
    return f"{share:.0%}"
