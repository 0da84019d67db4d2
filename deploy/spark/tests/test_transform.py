"""Lines of rows and rows of lines, without a cluster."""

import base64
import json
import os
import struct
import sys
import types
import unittest
from unittest import mock

import pyarrow as pa

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from finetune_spark import transform  # noqa: E402
from finetune_spark.filter import FilterError  # noqa: E402


def context(cores, **resources):
    found = {name: types.SimpleNamespace(name=name, addresses=addresses) for name, addresses in resources.items()}
    return mock.patch.object(transform.TaskContext, "get", lambda: types.SimpleNamespace(cpus=lambda: cores, resources=lambda: found))


class TestTransform(unittest.TestCase):
    def test_resources(self):
        """A task has the cores and the GPU that Spark gives it."""
        with context(3):
            self.assertEqual(transform._resources(), ["--threads", "3"])
        with context(2, gpu=["5"], fpga=["0"]):
            self.assertEqual(transform._resources(), ["--threads", "2", "--device", "cuda", "--device-option", "device_id=5"])

    def test_lines(self):
        batches = [pa.record_batch({"x": pa.array([b"abc", None, b""], pa.binary())}), pa.record_batch({"x": pa.array([b"d"], pa.binary())})]
        lines = [line for _, part in transform._chunks(batches, "x", True, 2) for line in part]
        self.assertEqual([json.loads(line) for line in lines],
                         [{"id": "0", "bytes": "YWJj"}, {"id": "1"}, {"id": "2", "bytes": ""}, {"id": "3", "bytes": "ZA=="}])
        paths = pa.record_batch({"x": ['a "b"\n.jpg', "\u00e9.jpg", None]})
        lines = [line for _, part in transform._chunks([paths], "x", False, 9) for line in part]
        self.assertEqual([line.count(b"\n") for line in lines], [1, 1, 1])
        self.assertEqual([json.loads(line).get("path") for line in lines], ['a "b"\n.jpg', "\u00e9.jpg", None])

    def test_answers(self):
        lines = [b'{"path":"7"}', b'{"path":"stdin line 9","error":"too long"}']
        self.assertEqual(transform._answers(lines, 7)[1]["error"], "too long")
        for wrong in (b'{"path":"8"}', b'{"path":"stdin line 8"}'):
            with self.assertRaisesRegex(FilterError, "row 7"):
                transform._answers([wrong], 7)

    def test_lists(self):
        values = [[1.5, float("inf"), -0.0], None, [3e-45]]
        kind = transform._arrow_fields([("features", transform.t.ArrayType(transform.t.FloatType(), False))])[0].type
        lists = transform._lists(kind, [v and base64.b64encode(struct.pack(f"<{len(v)}f", *v)).decode() for v in values])
        lists.validate(full=True)
        self.assertEqual((lists.type, lists.null_count), (kind, 1))
        self.assertEqual([v and [struct.pack("<f", x) for x in v] for v in lists.to_pylist()],
                         [v and [struct.pack("<f", x) for x in v] for v in values])
        for nothing in ([], [None, None]):
            transform._lists(kind, nothing).validate(full=True)


if __name__ == "__main__":
    unittest.main()
