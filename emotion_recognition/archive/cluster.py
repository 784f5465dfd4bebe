"""Ray: the workers of one machine, or of a cluster, that read the sources; none is lost with the worker that had it."""

import logging
import os
import socket
import subprocess
import sys
from collections import deque
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from emotion_recognition.archive.tables import Tables
from emotion_recognition.archive.worker import Problem, read_part
from emotion_recognition.errors import UserError
from emotion_recognition.video.capture import Source

# Sources that are given out for each worker: one is read, and one waits, so that nobody waits for this process.
GIVEN_OUT = 2

# So often a source is tried.
TRIES = 3

# So many workers may die one after the other, while nothing else is heard: a machine with a full disk may start one
# after the other, and would soon have been given all sources.
DEATHS = 100

# Seconds until a machine that does not answer is given up, and a cluster that does not let this machine join.
PATIENCE, JOIN_PATIENCE = 10, 90

# Joins a cluster, or prints why not.
JOIN = """
import sys, ray
try:
    ray.init(sys.argv[1], log_to_driver=False)
except Exception as error:
    sys.exit(print(error) or 2)
"""

# Results are a sentence at most: Ray need not reserve a third of the memory for them.
STORE_BYTES = 100_000_000


def start(address: str | None, workers: int | None) -> None:
    """Start Ray on this machine with so many workers (None: one for each core), or join the cluster at an address.

    UserError where Ray is missing, the cluster does not answer or has another version.
    """
    try:
        import ray
    except ImportError as error:
        raise UserError("archive.py needs Ray: install it with `pip install ray pyarrow`.") from error

    quiet: dict[str, Any] = {"log_to_driver": False, "logging_level": logging.ERROR}
    if address is None:
        try:
            ray.init("local", num_cpus=workers, include_dashboard=False, object_store_memory=STORE_BYTES, **quiet)
        # Ray raises no narrower error where a busy machine needs more than 30 seconds.
        except Exception as error:
            raise UserError(f"Ray does not start here ({error}): run the same command when less else runs.") from error
        return
    check_answers(address)
    check_joins(address, ray.__version__)
    ray.init(address, **quiet)


def check_answers(address: str) -> None:
    """Refuse an address where nobody answers; Ray itself would try for minutes."""
    host, _, port = address.removeprefix("ray://").rpartition(":")
    if not (host and port.isdigit()):
        # Another word, such as auto.
        return
    try:
        socket.create_connection((host, int(port)), PATIENCE).close()
    except OSError as error:
        raise UserError(
            f"Nobody answers at {address} ({error}): name the address that `ray start --head` printed."
        ) from error


def check_joins(address: str, version: str) -> None:
    """Refuse a cluster that this machine cannot join.

    Tried in another process: Ray ends its process without a word where no node runs on this machine, and waits for a
    quarter of an hour where another program answers at the address.
    """
    try:
        trial = subprocess.run(
            [sys.executable, "-c", JOIN, address], capture_output=True, text=True, check=False, timeout=JOIN_PATIENCE
        )
    except subprocess.TimeoutExpired:
        reason = "no answer"
    else:
        if trial.returncode == 0:
            return
        reason = " ".join(trial.stdout.split()) or "no node of it runs here, or it refuses this machine"
    raise UserError(
        f"This machine cannot join the Ray cluster at {address} ({reason}): name the address that `ray start --head`"
        f" printed, start a node here (`ray start --address`), use the cluster's releases of Python and Ray (here"
        f" {version}), and set its token, if it has one (RAY_AUTH_TOKEN)."
    )


def read_all(sources: Sequence[Source], tables: Tables) -> Iterator[tuple[Source, Problem | None]]:
    """Let the workers read all sources; yield each when it is done, or has failed for the last time, and why.

    However many sources there are, Ray knows of a few for each worker. UserError where no machine can go on.
    """
    import ray

    read = ray.remote(num_cpus=1, max_retries=0)(read_part)
    waiting = deque((source, 1) for source in sources)
    running: dict[Any, tuple[Source, int]] = {}
    deaths = most_given_out = 0
    while waiting or running:
        # Machines come and go.
        room = GIVEN_OUT * max(1, int(ray.cluster_resources().get("CPU", 0)))
        while waiting and len(running) < room:
            source, number = waiting.popleft()
            path = str(Path(str(source.path)).absolute())
            running[read.remote(source.name, path, tables, number == TRIES)] = source, number
        most_given_out = max(most_given_out, len(running))
        [task], _ = ray.wait(list(running), num_returns=1)
        source, number = running.pop(task)
        problem = result_of(task)
        if problem and problem.is_unseen and os.path.exists(str(source.path)):  # noqa: PTH110
            raise UserError(
                f"The machine {problem.machine} does not see {source.path}, which this one has: keep the sources on a"
                " disk that all machines share."
            )
        # Sources that end each worker are known by their second death, and are no fault of a machine.
        deaths = deaths + 1 if problem and problem.is_death and number == 1 else 0
        if deaths > max(DEATHS, most_given_out):
            raise UserError(
                f"{deaths} workers died one after the other: look for a machine whose disk or memory is full, mend it"
                " or take it away, and run the same command again."
            )
        if problem and number < TRIES:
            # Later: what is wrong with a disk or a network may pass.
            waiting.append((source, number + 1))
        else:
            yield source, problem


def result_of(task: Any) -> Problem | None:
    """Return what came of a task; the UserError of a machine that cannot go on is raised."""
    import ray

    try:
        return ray.get(task)
    except ray.exceptions.RayTaskError as error:
        if isinstance(error.cause, UserError):
            raise error.cause from None
        raise UserError(
            f"A worker cannot begin ({error.cause!r}): each machine needs the same packages, and this project."
        ) from error
    except ray.exceptions.RayError as error:
        return Problem(f"its worker died: {type(error).__name__}", "", is_death=True)
