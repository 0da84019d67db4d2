"""DataFrames in, DataFrames out: each task sends its rows through one process of finetune."""

import base64
import json
import os
import struct

import pyarrow as pa
from pyspark import SparkFiles, TaskContext
from pyspark.sql import types as t

from .filter import FilterError, exchange

ROWS_PER_CORE = 32  # of a chunk
PROGRAM, RUN = "finetune", "run"  # in the archive


def predict(rows, column, *, archive="finetune", classes=None, features=False, options=()):
    """Label images: return the rows with the columns predicted, low, high, expected, p_<class>, confidence, unfamiliar, review
    and error.

    ``column`` has the bytes of images, which the result leaves out, or paths as the workers see them. ``archive`` is the name after
    the # of ``--archives``. ``classes`` are read from the archive where the driver has it. ``features`` adds the head's input as a
    list of floats. ``options`` are further flags of ``finetune predict``. An image that can't be read has its error, and null in the
    other columns.
    """
    if classes is None:
        classes = _classes(_home(archive))
    columns = [("predicted", t.StringType()), ("low", t.StringType()), ("high", t.StringType()), ("expected", t.DoubleType())]
    columns += [("p_" + c, t.FloatType()) for c in classes]
    columns += [("confidence", t.FloatType()), ("unfamiliar", t.BooleanType()), ("review", t.BooleanType()), ("error", t.StringType())]
    asked = "path,predicted,low,high,expected,p_*,confidence,unfamiliar,review,error"
    if features:
        columns.append(("features", t.ArrayType(t.FloatType(), False)))
        asked += ",features_base64"

    def command(home):
        return [os.path.join(home, PROGRAM), "predict", "--model", os.path.join(home, RUN), "--columns", asked, *options]

    return _transform(rows, column, archive, columns, command)


def extract(rows, column, *, archive="finetune", options=()):
    """Compute features: return the rows with the columns features, a list of floats, and error.

    ``options`` say which: flags of ``finetune extract`` such as ``["--tap", "last"]``. The rest is as in predict; the archive needs
    no run.
    """
    columns = [("error", t.StringType()), ("features", t.ArrayType(t.FloatType(), False))]

    def command(home):
        return [os.path.join(home, PROGRAM), "extract", "--out", "-", "--columns", "path,error,features_base64", *options]

    return _transform(rows, column, archive, columns, command)


def _transform(rows, column, archive, columns, command):
    kind = rows.schema[column].dataType
    if not isinstance(kind, (t.BinaryType, t.StringType)):
        raise TypeError(f"column {column} is {kind.simpleString()}; expected binary (an image) or string (a path)")
    in_bytes = isinstance(kind, t.BinaryType)
    kept = [f for f in rows.schema.fields if not (in_bytes and f.name == column)]
    twice = {f.name.lower() for f in kept} & {name.lower() for name, _ in columns}
    if twice:
        raise ValueError(f"the rows have columns {sorted(twice)} already; rename or drop them first")
    names, fields = [f.name for f in kept], _arrow_fields(columns)

    def task(batches):
        ask = command(_home(archive)) + ["--data", "-", "--format", "jsonl", "--no-cache", "--quiet"] + _resources()
        count = ROWS_PER_CORE * _cores()
        for (batch, first), lines in exchange(ask, _chunks(batches, column, in_bytes, count)):
            arrays = [batch.column(batch.schema.get_field_index(n)) for n in names] + _arrays(fields, _answers(lines, first))
            yield pa.RecordBatch.from_arrays(arrays, names + [f.name for f in fields])

    return rows.mapInArrow(task, t.StructType(kept + [t.StructField(n, k) for n, k in columns]))


def _chunks(batches, column, in_bytes, count):
    """Yield ((part of a batch, number of its first row), its lines)."""
    first = 0
    for whole in batches:
        for start in range(0, whole.num_rows, count):
            batch = whole.slice(start, count)
            values = batch.column(batch.schema.get_field_index(column))
            yield (batch, first), [_line(first + i, v, in_bytes) for i, v in enumerate(values)]
            first += batch.num_rows


def _line(number, value, in_bytes):
    if not value.is_valid:
        return b'{"id":"%d"}\n' % number
    if in_bytes:
        return b'{"id":"%d","bytes":"%s"}\n' % (number, base64.b64encode(value.as_buffer()))
    return json.dumps({"id": str(number), "path": value.as_py()}).encode() + b"\n"


def _answers(lines, first):
    """Return the answers as objects, having compared each with the row that it must be of."""
    answers = [json.loads(line) for line in lines]
    for number, answer in enumerate(answers, first):
        # A line that is too long to be read has no id. Its number counts from the start of the process.
        if answer["path"] != str(number) and not (answer.get("error") and answer["path"].startswith("stdin line ")):
            raise FilterError(f"an answer for {answer['path']!r} came for row {number}")
    return answers


def _arrow_fields(columns):
    kinds = {t.StringType(): pa.string(), t.BooleanType(): pa.bool_(), t.DoubleType(): pa.float64(), t.FloatType(): pa.float32(),
             t.ArrayType(t.FloatType(), False): pa.list_(pa.field("element", pa.float32(), nullable=False))}
    return [pa.field(name, kinds[kind]) for name, kind in columns]


def _arrays(fields, answers):
    arrays = []
    for field in fields:
        if pa.types.is_list(field.type):
            arrays.append(_lists(field.type, [a.get("features_base64") for a in answers]))
        elif field.name.startswith("p_"):
            arrays.append(pa.array([a.get("probabilities", {}).get(field.name[2:]) for a in answers], field.type))
        else:
            arrays.append(pa.array([a.get(field.name) for a in answers], field.type))
    return arrays


def _lists(kind, texts):
    """Return an array of lists of float32 of their bytes in base64, without making Python numbers of them."""
    raw = [base64.b64decode(text) if text else None for text in texts]
    offsets, at = [], 0
    for values in raw:
        offsets.append(None if values is None else at)
        at += len(values or b"") // 4
    values = pa.Array.from_buffers(pa.float32(), at, [None, pa.py_buffer(b"".join(v for v in raw if v))])
    lists = pa.ListArray.from_arrays(pa.array(offsets + [at], pa.int32()), values)
    return pa.Array.from_buffers(kind, len(lists), lists.buffers()[:2], children=[values], null_count=lists.null_count)


def _cores():
    return max(1, TaskContext.get().cpus())


def _resources():
    """Return the flags for what Spark gave the task: cores, and a GPU by its address."""
    flags = ["--threads", str(_cores())]
    gpu = TaskContext.get().resources().get("gpu")
    if gpu is not None:
        flags += ["--device", "cuda", "--device-option", "device_id=" + gpu.addresses[0]]
    return flags


def _home(archive):
    """Return the folder of the unpacked archive: among Spark's files, or on YARN in the working folder."""
    places = [SparkFiles.get(archive), os.path.abspath(archive)]
    for place in places:
        if os.path.isdir(place):
            return place
    raise FileNotFoundError(f"no archive {archive} at {' or '.join(places)}; give spark-submit --archives finetune.tar.gz#{archive}"
                            ", and classes= to predict where the driver doesn't unpack it")


def _classes(home):
    """Read the classes of the run from the header of its head: the length of a JSON text, then the text."""
    with open(os.path.join(home, RUN, "head.safetensors"), "rb") as f:
        (length,) = struct.unpack("<Q", f.read(8))
        return json.loads(json.loads(f.read(length))["__metadata__"]["classes"])
