"""finetune on a standalone cluster: everything is shipped with the job, a worker is killed, no row is lost, doubled or changed.

FINETUNE is the program (default bin/finetune of this repository), IMAGES the number of images.
"""

import glob
import os
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import time
import unittest

import pyarrow.parquet as pq

from cluster import Cluster
from photos import write_parquet

SPARK = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
REPOSITORY = os.path.dirname(os.path.dirname(SPARK))
FINETUNE = os.environ.get("FINETUNE", os.path.join(REPOSITORY, "bin", "finetune"))
IMAGES = int(os.environ.get("IMAGES", "5000"))
FILES = 10
DEMO = os.path.join(REPOSITORY, "testdata", "demo")

# Small parts, so that there are many tasks.
PARTS = ["--conf", "spark.sql.files.maxPartitionBytes=1m", "--conf", "spark.sql.files.openCostInBytes=0",
         "--conf", "spark.sql.execution.arrow.maxRecordsPerBatch=64"]

# JVMs that live for seconds start sooner without the second compiler.
SHORT_LIVED = {"JDK_JAVA_OPTIONS": "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"}


def finetune(*arguments, **more):
    return subprocess.run([FINETUNE, *arguments, "--quiet"], check=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **more)


def rows_of(folder, key):
    """Return the rows of a table by a column that must be different in each."""
    rows = {}
    for row in pq.read_table(folder).to_pylist():
        assert row[key] not in rows, f"{row[key]} is there twice"
        rows[row[key]] = row
    return rows


def bits(value):
    return struct.pack("<d", value) if isinstance(value, float) else value


class TestCluster(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.mkdtemp(prefix="finetune-spark-")
        cls.addClassCleanup(shutil.rmtree, cls.folder, ignore_errors=True)
        cls.photos = os.path.join(cls.folder, "photos.parquet")
        write_parquet(cls.photos, os.path.join(DEMO, "images"), IMAGES, FILES)
        run = os.path.join(cls.folder, "run")
        finetune("--data", os.path.join(DEMO, "demo.csv"), "--out", run)
        subprocess.run([sys.executable, os.path.join(SPARK, "pack.py"), "--program", FINETUNE, "--model", run, "--out", cls.folder], check=True)
        # On one machine: another grouping of the images and another number of threads than in the cluster.
        reference = os.path.join(cls.folder, "reference.parquet")
        start = time.monotonic()
        finetune("predict", "--model", run, "--data", os.path.join(cls.photos, "*.parquet"), "--out", reference, "--no-cache",
                 "--columns", "path,predicted,low,high,expected,p_*,confidence,unfamiliar,review,error,features")
        cls.report("finetune predict, one process", IMAGES, time.monotonic() - start)
        cls.reference = rows_of(reference, "path")
        cls.run_folder = run
        cls.cluster = cls.enterClassContext(Cluster(os.path.join(cls.folder, "cluster"), environment=SHORT_LIVED))

    @staticmethod
    def report(what, images, seconds):
        print(f"{what}: {images} images in {seconds:.1f} s, {images / seconds:.0f} a second", file=sys.stderr, flush=True)

    def submit(self, script, *arguments, conf=()):
        files = ["--archives", os.path.join(self.folder, "finetune.tar.gz") + "#finetune", "--py-files", os.path.join(self.folder, "finetune_spark.zip")]
        return self.cluster.submit(*PARTS, *conf, *files, os.path.join(SPARK, "examples", script), *arguments)

    def finish(self, process, log):
        status = process.wait()
        with open(log) as f:
            text = f.read()
        self.assertEqual(status, 0, text[-6000:])
        return text

    def compare(self, rows, columns):
        """Compare rows, which may be of some of the images, with those of one machine to the last bit."""
        errors = 0
        for path, row in rows.items():
            want = self.reference[path]
            for column in columns:
                a, b = row[column], want[column]
                if column == "error" and a and b:
                    errors += 1
                    if "no path and no bytes" not in a:  # without bytes one machine looks for a file
                        self.assertEqual(a, b, path)
                elif isinstance(a, list):
                    self.assertEqual([bits(x) for x in a], [bits(x) for x in b], f"{path} {column}")
                else:
                    self.assertEqual(bits(a), bits(b), f"{path} {column}")
        return errors

    def test_1_a_worker_is_killed(self):
        out = os.path.join(self.folder, "labels.parquet")
        start = time.monotonic()
        process, log = self.submit("label_parquet.py", self.photos, out)
        while process.poll() is None and not (done := glob.glob(out + "/part-*")):
            time.sleep(0.05)
        self.assertIsNone(process.poll(), "the job ended before a worker could be killed")
        self.cluster.kill(self.cluster.workers[0])
        text = self.finish(process, log)
        self.report(f"label_parquet.py, one of two workers killed after {len(done)} tasks", IMAGES, time.monotonic() - start)
        self.assertRegex(text, r"Lost executor|Lost task", "nothing was lost with the worker")
        rows = rows_of(out, "path")
        self.assertEqual(set(rows), set(self.reference))
        classes = [c for c in self.reference[next(iter(rows))] if c.startswith("p_")]
        errors = self.compare(rows, ["predicted", "low", "high", "expected", *classes, "confidence", "unfamiliar", "review", "error"])
        self.assertEqual(errors, len([i for i in range(IMAGES) if i % 500 == 77]) + (IMAGES > 1234))
        for path, row in rows.items():  # the other columns are those that came in, with their types
            self.assertEqual((row["id"], row["label"]), (int(path[6:11]), str(row["id"] % 5 + 1)))
        schema = pq.read_schema(glob.glob(out + "/*.parquet")[0])
        self.assertEqual([str(schema.field(n).type) for n in ("id", "predicted", "expected", classes[0], "error")],
                         ["int64", "string", "double", "float", "string"])

    def test_2_no_process_is_left(self):
        """The processes of tasks end with them, those of the killed worker too."""
        for _ in range(100):
            left = []
            for folder in glob.glob("/proc/[0-9]*"):
                try:
                    program = os.readlink(folder + "/exe")
                except OSError:
                    continue
                if program.startswith(self.folder) and "/finetune" in program:
                    left.append(folder)
            if not left:
                return
            time.sleep(0.1)
        self.fail(f"still running: {left}")

    def some_files(self, count):
        """Return the paths and bytes of images that can be read."""
        table = pq.read_table(os.path.join(self.photos, "part-000.parquet")).to_pylist()
        return [(row["path"], row["content"]) for row in table if row["content"]][:count]

    def test_3_files(self):
        folder, out = os.path.join(self.folder, "files"), os.path.join(self.folder, "files.parquet")
        os.makedirs(folder)
        for name, content in self.some_files(40):
            with open(os.path.join(folder, name), "wb") as f:
                f.write(content)
        self.finish(*self.submit("label_files.py", folder, out))
        rows = {os.path.basename(path): row for path, row in rows_of(out, "path").items()}
        self.assertEqual(sorted(rows), sorted(os.listdir(folder)))
        self.compare(rows, ["predicted", "expected", "p_1", "confidence", "error"])

    def test_4_shards(self):
        import io
        import tarfile
        out, shards = os.path.join(self.folder, "shards.parquet"), []
        files = self.some_files(60)
        for k in range(3):
            shards.append(os.path.join(self.folder, f"shard-{k}.tar"))
            with tarfile.open(shards[-1], "w") as tar:
                for name, content in files[k::3]:
                    member = tarfile.TarInfo(name)
                    member.size = len(content)
                    tar.addfile(member, io.BytesIO(content))
        self.finish(*self.submit("label_tars.py", out, *shards))
        rows = rows_of(out, "name")
        self.assertEqual(sorted(rows), sorted(name for name, _ in files))
        self.compare(rows, ["predicted", "expected", "p_5", "error"])

    def test_5_features(self):
        """Features are those of finetune extract on one machine."""
        out, some = os.path.join(self.folder, "features.parquet"), os.path.join(self.photos, "part-001.parquet")
        self.finish(*self.submit("extract_parquet.py", some, out))
        rows = rows_of(out, "path")
        one = os.path.join(self.folder, "one.parquet")
        with open(one, "wb") as f:
            f.write(finetune("extract", "--data", some, "--out", "-", "--format", "parquet", "--tap", "last", "--no-cache").stdout)
        want = rows_of(one, "path")
        self.assertEqual(set(rows), set(want))
        for path, row in rows.items():
            self.assertEqual(row["error"] is None, want[path]["error"] is None, path)
            self.assertEqual([bits(x) for x in row["features"] or []], [bits(x) for x in want[path]["features"] or []], path)
        self.assertEqual(len(rows[next(p for p in rows if rows[p]["features"])]["features"]), 1280)

    @unittest.skipUnless(shutil.which("go"), "the commands of the page are run by a Go test")
    def test_6_page(self):
        """The commands of docs/spark.md."""
        environment = {**os.environ, **self.cluster.environment, "HOME": os.environ["HOME"], "SPARK_MASTER": self.cluster.master,
                       "DOC_PYTHON": sys.executable, "PATH": os.path.dirname(sys.executable) + os.pathsep + os.environ["PATH"]}
        test = subprocess.run(["go", "test", "-count=1", "-run", "TestDocs/spark.md", "./cmd/finetune"], cwd=REPOSITORY, env=environment,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        self.assertEqual(test.returncode, 0, test.stdout)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that the cluster ends, too
    unittest.main(verbosity=2, failfast=True)
