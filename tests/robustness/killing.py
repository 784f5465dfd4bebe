"""What the tests share that kill programs and let disks become full."""

import os
import signal
import subprocess
import time

from conftest import assert_one_sentence, command, files_in, start_script

# How often each script is killed in the short form and in the long one.
KILLS = (3, 30)


def run_and_kill(arguments, folder, share, lasts, sign="") -> bool:
    """Run a script and kill it when this share of the time is over that it lasts; return whether it was killed.

    The time begins when a line with `sign` is printed.
    """
    process = subprocess.Popen(command(*arguments), cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    while sign and sign.encode() not in (line := process.stdout.readline()):
        assert line, f"{arguments} ended before it printed {sign}"
    # What it prints is read meanwhile, so that it is never held up by a full pipe.
    try:
        process.communicate(timeout=share * lasts)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
    assert process.returncode in (0, -signal.SIGKILL)
    return process.returncode != 0


def tell_kills(capsys, what, kills):
    """Print how often a script was killed."""
    with capsys.disabled():
        print(f"\nKilled: {what}, {kills} times; nothing lost.")


def measure(arguments, folder, sign="") -> float:
    """Run a script to its end and return how many seconds it lasts from the line with `sign` on."""
    started = time.monotonic()
    with subprocess.Popen(command(*arguments), cwd=folder, stdout=subprocess.PIPE, text=True) as process:
        while sign and sign not in process.stdout.readline():
            started = time.monotonic()
        process.stdout.read()
    assert process.returncode == 0
    return time.monotonic() - started


def run_on(small_disk, *arguments):
    """Run a script of which the files on the disk are old ones; check that they are all there is afterwards."""
    folder, limit = small_disk
    before = files_in(folder)
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
    result = start_script(*arguments, folder=folder.parent, preexec_fn=limit, env=environment)
    assert_one_sentence(result, "disk")
    return before, files_in(folder)
