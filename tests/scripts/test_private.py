"""Nothing leaves the machine: the scripts run where every attempt to use the network is an error."""

import os
import shutil
import subprocess
import sys

import pytest
from conftest import PORTRAIT, REPOSITORY, command

# Loaded by every Python that starts with this folder on its path. Audit hooks see the calls of all Python code, and
# cannot be taken away again; sockets within the machine, which libraries use among their own threads, are let be.
WATCH = """
import socket, sys

def watch(event, arguments):
    is_far = event in ("socket.connect", "socket.bind", "socket.sendto") and arguments[0].family != socket.AF_UNIX
    # So urllib3, which TensorFlow imports, finds out whether this machine knows IPv6; nothing leaves it.
    is_far = is_far and (event, arguments[1][0]) != ("socket.bind", "::1")
    if is_far or event in ("socket.getaddrinfo", "socket.gethostbyname", "urllib.Request"):
        print("NETWORK", event, arguments, file=sys.stderr, flush=True)
        raise RuntimeError(f"network: {event}")

sys.addaudithook(watch)
"""


# Runs a command without any network, as far as the system lets us: the watch sees Python alone, this stops all.
WITHOUT_NETWORK = ["unshare", "--map-root-user", "--net"]


def run_watched(tmp_path, *arguments):
    """Run a command line where Python notices every use of the network, and the system has none."""
    (tmp_path / "watch").mkdir(exist_ok=True)
    (tmp_path / "watch/sitecustomize.py").write_text(WATCH)
    (tmp_path / "watch/temporary").mkdir(exist_ok=True)
    places = {"PYTHONPATH": str(tmp_path / "watch"), "TMPDIR": str(tmp_path / "watch/temporary")}
    can_cut = shutil.which("unshare") and not subprocess.run([*WITHOUT_NETWORK, "true"], capture_output=True).returncode
    line = [*WITHOUT_NETWORK, *arguments] if can_cut else arguments
    return subprocess.run(line, cwd=tmp_path, env={**os.environ, **places}, capture_output=True, text=True, check=False)


def test_the_watch_notices_the_network(tmp_path):
    code = "import urllib.request; urllib.request.urlopen('http://localhost:9')"
    result = run_watched(tmp_path, sys.executable, "-c", code)
    assert result.returncode != 0 and "NETWORK" in result.stderr


@pytest.mark.slow
@pytest.mark.parametrize(
    "line",
    [
        ("test.py", PORTRAIT, "--no-window"),
        ("emotions.py", "--mode", "display", PORTRAIT),
        ("dataset_prepare.py", "{csv}"),
        ("emotions.py", "--mode", "train", "--data", "{data}", "--dry-run"),
        ("classification_little_vgg.py", "--data", "{data}", "--dry-run", "--class-weights", "--optimizer", "sgd"),
        ("classification_attentional.py", "--data", "{data}", "--dry-run"),
        ("explain.py", PORTRAIT, "--output", "out.png"),
        ("evaluate.py", "--data", "{data}", "--model", str(REPOSITORY / "model.h5"), "--output", "report"),
    ],
    ids=lambda line: line[0],
)
def test_scripts_use_no_network_and_keep_only_what_is_asked_for(line, small_csv, small_data, tmp_path):
    line = [str(part).format(csv=small_csv, data=small_data) for part in line]
    result = run_watched(tmp_path, *command(*line))
    assert result.returncode == 0, result.stderr
    assert "NETWORK" not in result.stderr
    assert list((tmp_path / "watch/temporary").iterdir()) == []
    kept = {path.name for path in tmp_path.iterdir()} - {"watch"}
    named = {"out.png"} & set(line) | {"report"} & set(line) | ({"data"} if line[0] == "dataset_prepare.py" else set())
    assert kept == named
