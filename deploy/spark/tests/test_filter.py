"""The exchange of lines with a process, without Spark."""

import os
import signal
import subprocess
import sys
import time
import unittest

PACKAGE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, PACKAGE)
from finetune_spark.filter import FilterError, exchange  # noqa: E402


def python(code):
    return [sys.executable, "-c", "import sys, os, time\n" + code]


def runs(pid):
    """Report whether a process runs, which one that waits for its parent doesn't."""
    try:
        with open(f"/proc/{int(pid)}/stat") as f:
            return f.read().rpartition(")")[2].split()[0] not in "ZX"
    except FileNotFoundError:
        return False


ECHO = python("for line in sys.stdin.buffer: sys.stdout.buffer.write(line.upper()); sys.stdout.flush()")


class TestExchange(unittest.TestCase):
    def chunks(self, n, rows=3, size=10):
        for i in range(n):
            yield i, [b"%d %s\n" % (i * rows + r, b"x" * size) for r in range(rows)]

    def test_order(self):
        got = list(exchange(ECHO, self.chunks(20)))
        self.assertEqual(got, [(i, [line.upper() for line in lines]) for i, lines in self.chunks(20)])

    def test_nothing(self):
        self.assertEqual(list(exchange(ECHO, iter([]))), [])

    def test_no_deadlock(self):
        """Neither side stops where a chunk and its answers are larger than what pipes hold."""
        for program in (ECHO, python("for line in sys.stdin.buffer: sys.stdout.buffer.write(line[:-1] * 5 + b'\\n')")):
            got = list(exchange(program, self.chunks(10, rows=4, size=300_000)))
            self.assertEqual([len(lines) for _, lines in got], [4] * 10)

    def test_bounded(self):
        """No more is taken than the chunks under way, whatever the process could take."""
        taken = []

        def chunks():
            for ticket, lines in self.chunks(100):
                taken.append(ticket)
                yield ticket, lines

        exchanging = exchange(ECHO, chunks())
        for i in range(50):
            self.assertEqual(next(exchanging)[0], i)
            self.assertLessEqual(len(taken), i + 3)
        exchanging.close()

    def test_failures(self):
        for what, program, message in [
            ("fails at once", python("print('no model', file=sys.stderr); sys.exit(2)"), "status 2: no model"),
            ("ends in the middle", python("print(sys.stdin.readline()); sys.exit(3)"), "status 3"),
            ("ends early without an error", python("sys.stdin.readline()"), "status 0"),
        ]:
            with self.subTest(what), self.assertRaisesRegex(FilterError, message):
                list(exchange(program, self.chunks(50, size=10_000)))

    def test_ends_with_the_generator(self):
        alive = python("print(os.getpid(), flush=True)\nsys.stdin.read(); time.sleep(600)")
        exchanging = exchange(alive, ((i, [b"line\n"] * (i == 0)) for i in range(5)))
        _, (pid,) = next(exchanging)
        exchanging.close()
        self.assertFalse(runs(pid))

    def test_goes_on_with_the_process(self):
        """The next exchange with the same command has the same process, unless it died; one with another command ends it."""
        def pid(command):
            got = list(exchange(command, self.chunks(3)))
            self.assertEqual([len(lines) for _, lines in got], [3, 3, 3])
            pids = {line for _, lines in got for line in lines}
            self.assertEqual(len(pids), 1)
            return pids.pop()

        command = python("for line in sys.stdin: print(os.getpid(), flush=True)")
        first = pid(command)
        self.assertEqual(pid(command), first)
        other = command[:-1] + [command[-1] + "\n"]
        second = pid(other)
        self.assertNotEqual(second, first)
        self.assertFalse(runs(first))
        os.kill(int(second), signal.SIGKILL)
        while runs(second):
            time.sleep(0.01)
        self.assertNotEqual(pid(other), second)

    def test_exchanges_at_once(self):
        """Each has its own process, and one of them is kept."""
        command = python("for line in sys.stdin: print(os.getpid(), flush=True)")
        a, b = exchange(command, self.chunks(9)), exchange(command, self.chunks(9))
        pids = {next(a)[1][0], next(b)[1][0]}
        self.assertEqual(len(pids), 2)
        list(a), list(b)
        self.assertEqual(sum(map(runs, pids)), 1)

    def test_ends_with_this_process(self):
        """A process that is kept ends when the one that started it does, however that is."""
        echo = "import sys, os\nfor line in sys.stdin: print(os.getpid(), flush=True)"
        code = f"""import sys, os
sys.path.insert(0, {PACKAGE!r})
from finetune_spark.filter import exchange
print(list(exchange([sys.executable, "-c", {echo!r}], [(0, [b"1\\n"])]))[0][1][0].decode(), end="", flush=True)
os._exit(0)
"""
        pid = subprocess.run([sys.executable, "-c", code], stdout=subprocess.PIPE, check=True, timeout=60).stdout
        self.assertTrue(pid.strip().isdigit())
        for _ in range(500):
            if not runs(pid):
                return
            time.sleep(0.01)
        self.fail("it still runs")


if __name__ == "__main__":
    unittest.main()
