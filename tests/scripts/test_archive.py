"""archive.py on Ray: on one machine, and on a cluster of two nodes, of which a worker and then a node are killed."""

import importlib.util
import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import cv2
import pytest
from conftest import NO_DISPLAY, PORTRAIT, assert_one_sentence, command, sentences, start_script, wait_until

if importlib.util.find_spec("ray") is None or importlib.util.find_spec("pyarrow") is None:
    pytest.skip("ray or pyarrow is not installed (pip install ray pyarrow)", allow_module_level=True)

QUIET = {**NO_DISPLAY, "RAY_USAGE_STATS_ENABLED": "0"}
# Who joins the cluster of the tests has to know this word; on a busy machine a node has time to start, and to answer.
JOINED = {
    **QUIET,
    "RAY_AUTH_MODE": "token",
    "RAY_AUTH_TOKEN": secrets.token_hex(32),
    "RAY_agent_register_timeout_ms": "200000",
    "RAY_health_check_timeout_ms": "60000",
}


def make_videos(folder, number):
    """Write so many short videos of a portrait, no two alike."""
    folder.mkdir()
    portrait = cv2.resize(cv2.imread(str(PORTRAIT)), (256, 300))
    for place in range(number):
        path = folder / f"{place:03}.avi"
        writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 25.0, (256, 300))
        for frame in range(3):
            writer.write(cv2.convertScaleAbs(portrait, alpha=1 - place / 1000, beta=2 * frame))
        writer.release()


def without_progress(lines) -> list[str]:
    """Leave out what a slow run says each minute."""
    return [line for line in lines if "sources are read, about" not in line]


def read_rows(path) -> list[dict]:
    """Return the rows of a Parquet file or of all in a folder, in the order in which test.py writes them."""
    import pyarrow.parquet

    rows = pyarrow.parquet.read_table(path).to_pylist()
    return sorted(rows, key=lambda row: (row["source"], row["frame"], row["face"])) if Path(path).is_dir() else rows


def assert_same_tables(folder):
    """Check that tables/ holds what test.py writes of videos/ with one process."""
    kept = ("--table", "rows.parquet", "--summary", "summary.parquet", "--force")
    result = start_script("test.py", "videos", *kept, folder=folder, env=QUIET)
    assert result.returncode in (0, 1), result.stderr
    assert read_rows(folder / "tables/rows") == read_rows(folder / "rows.parquet")
    for name in ("summary.parquet", "summary_tracks.parquet"):
        assert read_rows(folder / "tables" / name) == read_rows(folder / name)


@pytest.mark.slow
def test_one_machine_reads_a_folder_and_goes_on(tmp_path):
    make_videos(tmp_path / "videos", 4)
    (tmp_path / "videos/bad.mp4").write_text("nothing")
    (tmp_path / "videos/photo.jpg").symlink_to(PORTRAIT)
    arguments = ("archive.py", "videos", "--output", "tables", "--jobs", "2")
    result = start_script(*arguments, folder=tmp_path, env=QUIET)
    assert result.returncode == 1, result.stdout + result.stderr
    [sentence] = without_progress(sentences(result))
    assert "bad.mp4" in sentence
    assert "1 could not be read" in result.stdout
    assert "bad.mp4" in (tmp_path / "tables/unreadable.csv").read_text()
    assert_same_tables(tmp_path)

    # A second start reads what has no part.
    (tmp_path / "videos/bad.mp4").unlink()
    parts = sorted((tmp_path / "tables/rows").iterdir())
    parts[0].unlink()
    before = {part: part.stat().st_mtime_ns for part in parts[1:]}
    result = start_script(*arguments, folder=tmp_path, env=QUIET)
    assert result.returncode == 0, result.stdout + result.stderr
    assert "5 sources, 4 of them read already." in result.stdout
    assert {part: part.stat().st_mtime_ns for part in parts[1:]} == before
    assert_same_tables(tmp_path)


@pytest.mark.slow
def test_a_run_that_is_ended_says_so_and_keeps_what_it_has(tmp_path):
    make_videos(tmp_path / "videos", 300)
    line = command("archive.py", "videos", "--output", "tables", "--jobs", "1")
    options = {"cwd": tmp_path, "env": QUIET, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with subprocess.Popen(line, **options) as process:
        wait_until(lambda: any((tmp_path / "tables/rows").glob("*.parquet")), process, 300)
        process.terminate()
        _, errors = process.communicate(timeout=120)
    assert (without_progress(errors.splitlines()), process.returncode) == (["Stopped."], 130)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (["none", "--output", "tables"], ["none is not there", "folder"]),
        (["empty.txt", "--output", "tables"], ["empty.txt names no videos or pictures"]),
        (["stream.txt", "--output", "tables"], ["rtsp://192.0.2.1/ is a stream", "leave it out"]),
        (["photo.txt", "--output", "photo.txt"], ["photo.txt is a file", "--output"]),
        (["photo.txt", "--output", "tables", "--jobs", "2", "--cluster", "auto"], ["--cluster", "--jobs"]),
    ],
)
def test_mistakes(given, words, tmp_path, call_script):
    (tmp_path / "empty.txt").write_text("\n")
    (tmp_path / "stream.txt").write_text("rtsp://192.0.2.1/\n")
    (tmp_path / "photo.txt").write_text(f"{PORTRAIT}\n")
    assert_one_sentence(call_script("archive.py", *given), *words)


class Node:
    """A node of one core, whose processes all end with it."""

    def __init__(self, log, *flags):
        # On a busy machine Ray sometimes gives a start up: that is no fault of ours.
        for _ in range(3):
            with log.open("w") as file:
                line = [sys.executable, "-m", "ray.scripts.scripts", "start", "--block", "--num-cpus=1"]
                line += ["--disable-usage-stats", "--object-store-memory=100000000", *flags]
                self._process = subprocess.Popen(line, env=JOINED, stdout=file, stderr=subprocess.STDOUT)
            end = time.monotonic() + 200
            while self._process.poll() is None and time.monotonic() < end:
                if "Ray runtime started" in log.read_text():
                    return
                time.sleep(0.1)
            self.kill()
        pytest.skip(f"Ray started no node in three tries, each of 30 seconds: {log.read_text().strip()[-200:]}")

    def processes(self) -> dict[int, str]:
        """Return the processes that this one, or one of those, has started, and what they are doing."""
        lines, parents = {}, {}
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                parents[int(folder.name)] = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
                lines[int(folder.name)] = (folder / "cmdline").read_text()
            except OSError:
                continue
        below = {self._process.pid}
        while more := {process for process, parent in parents.items() if parent in below} - below:
            below |= more
        return {process: lines[process] for process in below & lines.keys()}

    def hold_worker(self) -> int | None:
        """Stop a worker that is reading a source, so that it has this source when it is killed."""
        for process in self._workers():
            os.kill(process, signal.SIGSTOP)
            if process in self._workers():
                return process
            os.kill(process, signal.SIGCONT)
        return None

    def _workers(self) -> list[int]:
        return [process for process, line in self.processes().items() if line.startswith("ray::read_part")]

    def kill(self):
        """Kill all processes, as when a machine loses its power."""
        for process in self.processes():
            try:
                os.kill(process, signal.SIGKILL)
            except ProcessLookupError:
                continue
        self._process.wait()


@pytest.fixture
def cluster(tmp_path):
    """The address and the two nodes of a cluster; the first node holds the cluster together."""
    import ray

    host = ray.util.get_node_ip_address()
    with socket.socket() as free:
        free.bind((host, 0))
        port = free.getsockname()[1]
    nodes = [Node(tmp_path / "first.log", "--head", f"--port={port}", "--include-dashboard=false")]
    try:
        nodes.append(Node(tmp_path / "second.log", f"--address={host}:{port}", "--node-ip-address=127.0.0.2"))
        # The nodes of one machine share this file, by which archive.py joins at the one that is not killed.
        Path("/tmp/ray/session_latest/node_ip_address.json").write_text(json.dumps({"node_ip_address": host}))
        yield f"{host}:{port}", nodes
    finally:
        for node in nodes:
            node.kill()


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="finds the processes of a node in Linux's /proc")
def test_a_cluster_loses_a_worker_and_a_node_but_no_source(cluster, is_long, tmp_path):
    address, (first, second) = cluster
    number, read_by_both = (500, 125) if is_long else (12, 0)
    make_videos(tmp_path / "videos", number)
    rows = tmp_path / "tables/rows"

    def parts() -> int:
        return len([path for path in rows.glob("*.parquet") if "partial" not in path.name])

    line = command("archive.py", "videos", "--output", "tables", "--cluster", address)
    options = {"cwd": tmp_path, "env": JOINED, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with subprocess.Popen(line, **options) as process:
        wait_until(lambda: parts() >= read_by_both, process, 600)
        held = []
        for node in (first, second):
            wait_until(lambda node=node: held.append(node.hold_worker()) or held[-1], process, 300)
        os.kill(next(filter(None, held)), signal.SIGKILL)
        wait_until(lambda: parts() >= number // 2, process, 600)
        second.kill()
        killed_at = parts()
        output, errors = process.communicate(timeout=600)
    assert process.returncode == 0, output + errors
    assert killed_at < number
    assert f"{number} sources are read" in output
    assert parts() == number
    assert_same_tables(tmp_path)
