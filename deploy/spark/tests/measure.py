"""What a cluster takes for an image beside one process on the same cores: measure.py [--rows N] [--size small large] [--cores 1 2]

The process and the whole cluster (master, workers, driver) are bound to the same cores. A first job, which isn't counted, starts the
executors and lets their compilers settle; the second is measured. Besides images a second it gives the time of processors for each image
by the part that spent it, what other programs spent, and what the cores were idle. Only cores that do nothing else give rates that mean
something; times of processors are less sensitive.
"""

import argparse
import glob
import os
import resource
import subprocess
import sys
import tempfile
import time

import pyarrow as pa
import pyarrow.parquet as pq

from cluster import HOME, Cluster
from photos import large_photos, photos
from test_cluster import DEMO, FINETUNE, SPARK, finetune

ROWS_PER_TASK = 500
DISTINCT = 200
TICKS = os.sysconf("SC_CLK_TCK")


def write_table(folder, images, rows):
    """Write a table with a file for each task and return the size of the largest file."""
    os.makedirs(folder)
    for first in range(0, rows, ROWS_PER_TASK):
        part = [images[i % len(images)] for i in range(first, min(first + ROWS_PER_TASK, rows))]
        table = pa.table({"id": range(first, first + len(part)), "content": pa.array(part, pa.binary())})
        pq.write_table(table, f"{folder}/part-{first:06}.parquet", row_group_size=64, use_dictionary=False)
    return max(map(os.path.getsize, glob.glob(folder + "/*")))


def part_of(command):
    for mark, part in (("deploy.master.Master", "master, workers"), ("deploy.worker.Worker", "master, workers"),
                       ("CoarseGrainedExecutorBackend", "executors"), ("SparkSubmit", "driver"), ("pyspark.daemon", "Python")):
        if mark in command:
            return part
    return "finetune" if "/finetune\0" in command else None


def spent():
    """Return the seconds of processors of this process's descendants by their part and process."""
    parents, seconds, parts = {}, {}, {}
    for folder in glob.glob("/proc/[0-9]*"):
        try:
            with open(folder + "/stat") as f, open(folder + "/cmdline") as command:
                fields = f.read().rpartition(")")[2].split()
                part = part_of(command.read())
        except (FileNotFoundError, ProcessLookupError):
            continue
        pid = int(folder[6:])
        parents[pid], seconds[pid], parts[pid] = int(fields[1]), (int(fields[11]) + int(fields[12])) / TICKS, part
    found = {}
    for pid, part in parts.items():
        above = pid
        while above in parents and above != os.getpid():
            above = parents[above]
        if above == os.getpid() and pid != above and part:
            found[part, pid] = seconds[pid]
    found["driver", os.getpid()] = sum(os.times()[:2])
    return found


def idle(cores):
    """Return the seconds that the first cores did nothing."""
    with open("/proc/stat") as f:
        lines = {line.split()[0]: line.split()[1:] for line in f if line.startswith("cpu")}
    return sum(int(lines[f"cpu{i}"][k]) for i in cores for k in (3, 4)) / TICKS


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=6000, help="of the measured job (default 6000)")
    parser.add_argument("--warm-up", type=int, default=2000, help="rows of the job before it (default 2000)")
    parser.add_argument("--size", nargs="+", choices=("small", "large"), default=["small", "large"], help="small: 160 x 160; large: 640 x 480")
    parser.add_argument("--cores", nargs="+", type=int, default=[1, 2], help="cores, and workers with one core each")
    args = parser.parse_args()
    if len(args.size) * len(args.cores) == 1:
        measure(args, args.size[0], args.cores[0])
        return
    for size in args.size:  # each in a process of its own, since the cores of a JVM can't be changed
        for cores in args.cores:
            subprocess.run([sys.executable, __file__, "--rows", str(args.rows), "--warm-up", str(args.warm_up), "--size", size,
                            "--cores", str(cores)], check=True)


def measure(args, size, count):
    cores = sorted(os.sched_getaffinity(0))[:count]
    os.sched_setaffinity(0, cores)
    if size == "small":
        images = [p for p in photos(DEMO + "/images", DISTINCT + 2) if p and len(p) > 200][:DISTINCT]
    else:
        images = large_photos(DEMO + "/images", DISTINCT)
    print(f"{count} cores, images of {sum(map(len, images)) / len(images) / 1e3:.0f} KB, load {os.getloadavg()[0]:.1f}", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        tables = {n: f"{folder}/photos-{n}.parquet" for n in (args.warm_up, args.rows)}
        largest = max(write_table(path, images, n) for n, path in tables.items())
        finetune("--data", DEMO + "/demo.csv", "--out", folder + "/run")
        subprocess.run([sys.executable, SPARK + "/pack.py", "--program", FINETUNE, "--model", folder + "/run", "--out", folder], check=True)
        single = one_process(folder, tables, count, args)
        engine = spark(folder, tables, largest, cores, args)
    print(f"efficiency: {100 * single[0] / engine[0]:.0f} % of the rate, {100 * single[1] / engine[1]:.0f} % of the time of processors", flush=True)


def one_process(folder, tables, threads, args):
    """Return wall seconds and seconds of processors of finetune for the rows, without its start."""
    def run(n):
        start, before = time.monotonic(), resource.getrusage(resource.RUSAGE_CHILDREN)
        finetune("predict", "--model", folder + "/run", "--data", tables[n] + "/*.parquet", "--out", f"{folder}/{n}.csv", "--no-cache",
                 "--threads", str(threads))
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return time.monotonic() - start, after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime

    short, long = run(args.warm_up), run(args.rows)
    wall, cpu = ((b - a) / (args.rows - args.warm_up) * args.rows for a, b in zip(short, long))
    print(f"one process, {threads} threads: {args.rows / wall:.1f} images a second; {1e3 * cpu / args.rows:.2f} ms an image", flush=True)
    return wall, cpu


def spark(folder, tables, largest, cores, args):
    """Return wall seconds and seconds of processors of the cluster for the rows, and print them by part."""
    sys.path.insert(0, SPARK)
    os.environ.update(SPARK_HOME=HOME, SPARK_LOCAL_IP="127.0.0.1", PYSPARK_PYTHON=sys.executable)
    from finetune_spark import predict
    from pyspark.sql import SparkSession

    with Cluster(folder + "/cluster", workers=len(cores)) as cluster:
        builder = SparkSession.builder.master(cluster.master).appName("measure")
        for key, value in {"spark.archives": folder + "/finetune.tar.gz#finetune", "spark.submit.pyFiles": folder + "/finetune_spark.zip",
                           "spark.driver.memory": "512m", "spark.executor.memory": "600m", "spark.ui.enabled": "false",
                           "spark.ui.showConsoleProgress": "false",
                           "spark.log.level": "ERROR", "spark.sql.execution.arrow.maxRecordsPerBatch": "64",
                           "spark.sql.files.maxPartitionBytes": largest, "spark.sql.files.openCostInBytes": 0}.items():
            builder = builder.config(key, value)
        session = builder.getOrCreate()
        try:
            def job(n):
                predict(session.read.parquet(tables[n]), "content").write.parquet(f"{folder}/labels-{n}")

            job(args.warm_up)
            start, before, nothing = time.monotonic(), spent(), idle(cores)
            job(args.rows)
            wall, after, nothing = time.monotonic() - start, spent(), idle(cores) - nothing
        finally:
            session.stop()
    parts = {}
    for (part, pid), seconds in after.items():
        parts[part] = parts.get(part, 0) + seconds - before.get((part, pid), 0)
    ours = sum(parts.values())
    parts["others"], parts["idle"] = max(0, wall * len(cores) - ours - nothing), nothing
    print(f"Spark, {len(cores)} workers: {args.rows / wall:.1f} images a second; {1e3 * ours / args.rows:.2f} ms an image")
    print("  of cores, ms an image: " + ", ".join(f"{part} {1e3 * seconds / args.rows:.2f}" for part, seconds in parts.items()), flush=True)
    return wall, ours


if __name__ == "__main__":
    main()
