"""A process that answers lines: one in, one out, in order. Knows nothing of Spark."""

import queue
import subprocess
import threading
from collections import deque

KEPT_MESSAGES = 50  # last lines of standard error, for the error of a process that fails
UNDER_WAY = 2  # chunks that the process has besides the one that is waited for, so that it doesn't idle


class FilterError(RuntimeError):
    """The process failed, or answered something other than what was asked."""


def exchange(command, chunks):
    """Write the lines of each chunk to the command and yield the chunk's ticket with as many lines of its output.

    ``chunks`` are pairs of a ticket, which is handed back, and a list of lines as bytes. A thread reads the output all the time, so
    the process never waits for a reader while this side waits for room in its input; what is under way is bounded by UNDER_WAY.
    The process ends with the generator, whether that is exhausted, closed or fails.
    """
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    answers, messages = queue.SimpleQueue(), deque(maxlen=KEPT_MESSAGES)
    readers = [threading.Thread(target=_read_answers, args=(process.stdout, answers), daemon=True),
               threading.Thread(target=messages.extend, args=(process.stderr,), daemon=True)]
    for reader in readers:
        reader.start()

    def failure():
        status = process.wait()
        readers[1].join()
        said = b"".join(messages).decode("utf-8", "replace").strip()
        return FilterError(f"{command[0]} ended with status {status}" + (f": {said}" if said else ""))

    def collect():
        ticket, count = pending.popleft()
        lines = []
        for _ in range(count):
            line = answers.get()
            if line is None:
                raise failure()
            lines.append(line)
        return ticket, lines

    pending = deque()
    try:
        for ticket, lines in chunks:
            try:
                process.stdin.write(b"".join(lines))
                process.stdin.flush()
            except BrokenPipeError:
                raise failure() from None
            pending.append((ticket, len(lines)))
            while len(pending) > UNDER_WAY:
                yield collect()
        try:
            process.stdin.close()
        except BrokenPipeError:
            raise failure() from None
        while pending:
            yield collect()
        if answers.get() is not None:
            raise FilterError(f"{command[0]} wrote more lines than it was given")
        if process.wait() != 0:
            raise failure()
    finally:
        process.kill()
        process.wait()
        for reader in readers:
            reader.join()
        for stream in (process.stdin, process.stdout, process.stderr):
            try:
                stream.close()
            except BrokenPipeError:
                pass  # what was left in the buffer is lost with the process


def _read_answers(stream, answers):
    for line in stream:
        answers.put(line)
    answers.put(None)
