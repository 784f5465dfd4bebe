"""Writing in a thread of its own, so that a slow disk does not hold up the picture."""

import queue
import threading

# Frames that wait to be written: more would only fill memory while the disk cannot follow.
MOST_WAITING = 16


class Background:
    """Runs tasks in a thread, one after the other. What fails there is raised at the next call here."""

    def __init__(self):
        self._tasks, self._room = queue.SimpleQueue(), threading.Semaphore(MOST_WAITING)
        self._error = None
        self._thread = threading.Thread(target=self._work, name="writer", daemon=True)
        self._thread.start()

    def run(self, task, *arguments):
        """Run a task later; wait while too many are waiting."""
        self._room.acquire()
        self._put(task, arguments, self._room.release)

    def run_if_there_is_room(self, task, *arguments):
        """Run a task later, or leave it out while too many are waiting."""
        if self._room.acquire(blocking=False):
            self._put(task, arguments, self._room.release)

    def run_surely(self, task, *arguments):
        """Run a small task later, however many are waiting."""
        self._put(task, arguments, lambda: None)

    def _put(self, task, arguments, done):
        self._raise_error()
        self._tasks.put((task, arguments, done, False))

    def _work(self):
        while (item := self._tasks.get()) is not None:
            task, arguments, done, is_last = item
            try:
                if self._error is None or is_last:
                    task(*arguments)
            except BaseException as error:
                # What failed first is what a person has to know.
                self._error = self._error or error
            finally:
                done()

    def finish(self, last_task=lambda: None):
        """Wait until all tasks have run, and a last one, whatever failed before it; raise what failed."""
        done = threading.Event()
        self._tasks.put((last_task, (), done.set, True))
        done.wait()
        self._raise_error()

    def close(self):
        """End the thread when all tasks have run."""
        self._tasks.put(None)
        self._thread.join()

    def _raise_error(self):
        error, self._error = self._error, None
        if error is not None:
            raise error
