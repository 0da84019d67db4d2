"""A process that answers lines: one in, one out, in order. Knows nothing of Spark."""

import queue
import subprocess
import threading
from collections import deque

KEPT_MESSAGES = 50  # last lines of standard error, for the error of a process that fails
UNDER_WAY = 2  # chunks that the process has besides the one that is waited for, so that it doesn't idle

BUFFER = 1 << 18  # bytes of a read

_idle = []  # at most one process that the next exchange may go on with


class FilterError(RuntimeError):
    """The process failed, or answered something other than what was asked."""


def exchange(command, chunks):
    """Write the lines of each chunk to the command and yield the chunk's ticket with as many lines of its output.

    ``chunks`` are pairs of a ticket, which is handed back, and a list of lines as bytes. The command must answer a line without
    waiting for the next. What is under way is bounded by UNDER_WAY. Whether an answer is of its line the caller has to look.

    A process that has answered all lines is kept for the next exchange with the same command, since starting it takes as long as
    some dozens of images. It ends with this process, which closes its input. Where the generator is closed or fails, it is killed.
    """
    process, done = _take(command), False
    pending = deque()

    def collect():
        ticket, count = pending.popleft()
        return ticket, [process.read() for _ in range(count)]

    try:
        for ticket, lines in chunks:
            process.write(lines)
            pending.append((ticket, len(lines)))
            while len(pending) > UNDER_WAY:
                yield collect()
        while pending:
            yield collect()
        done = True
    finally:
        if done and not _idle:
            _idle.append(process)
        else:
            process.kill()


def _take(command):
    """Return the idle process, if it is of this command and lives, or else a new one."""
    while _idle:
        process = _idle.pop()
        if process.command == command and process.alive():
            return process
        process.kill()
    return _Process(command)


class _Process:
    """A command that runs. A thread writes to it, so this side reads while the process waits for room in its output, and the two never
    wait for each other. Reading by a thread instead would cost a change of threads for each line."""

    def __init__(self, command):
        self.command = command
        self._process = subprocess.Popen(command, bufsize=BUFFER, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self._input, self._messages = queue.SimpleQueue(), deque(maxlen=KEPT_MESSAGES)
        self._threads = [threading.Thread(target=self._write, daemon=True),
                         threading.Thread(target=self._messages.extend, args=(self._process.stderr,), daemon=True)]
        for thread in self._threads:
            thread.start()

    def _write(self):
        while (lines := self._input.get()) is not None:
            try:
                self._process.stdin.write(b"".join(lines))
                self._process.stdin.flush()
            except BrokenPipeError:
                return  # the end of the answers tells

    def alive(self):
        return self._process.poll() is None

    def write(self, lines):
        self._input.put(lines)

    def read(self):
        line = self._process.stdout.readline()
        if not line:
            raise self._failure()
        return line

    def kill(self):
        self._process.kill()
        self._process.wait()
        self._input.put(None)
        for thread in self._threads:
            thread.join()
        for stream in (self._process.stdin, self._process.stdout, self._process.stderr):
            try:
                stream.close()
            except BrokenPipeError:
                pass  # what was left in the buffer is lost with the process

    def _failure(self):
        try:
            status = self._process.wait(10)
        except subprocess.TimeoutExpired:  # it closed its output only
            self._process.kill()
            status = self._process.wait()
        self._threads[1].join()
        said = b"".join(self._messages).decode("utf-8", "replace").strip()
        return FilterError(f"{self.command[0]} ended with status {status}" + (f": {said}" if said else ""))
