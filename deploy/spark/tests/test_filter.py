"""The exchange of lines with a process, without Spark."""

import os
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from finetune_spark.filter import FilterError, exchange  # noqa: E402


def python(code):
    return [sys.executable, "-c", "import sys, os, time\n" + code]


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
            ("fails after the last row", ECHO[:-1] + [ECHO[-1] + "\nsys.exit(1)"], "status 1"),
            ("answers too much", python("for line in sys.stdin: print(line)"), "more lines|for row"),
        ]:
            with self.subTest(what), self.assertRaisesRegex(FilterError, message):
                list(exchange(program, self.chunks(50, size=10_000)))

    def test_ends_with_the_generator(self):
        alive = python("print(os.getpid(), flush=True)\nsys.stdin.read(); time.sleep(600)")
        exchanging = exchange(alive, ((i, [b"line\n"] * (i == 0)) for i in range(5)))
        _, (pid,) = next(exchanging)
        exchanging.close()
        with self.assertRaises(ProcessLookupError):
            os.kill(int(pid), 0)


if __name__ == "__main__":
    unittest.main()
