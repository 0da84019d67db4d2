"""What Spark costs beside finetune itself: measure.py [FEW MANY]

A table with FEW images and one with MANY (default 1000 and 4000) are labelled by one process of finetune and by clusters of one and two
workers of one core each. The difference of the two is what the further images take, without the start of programs. Time of processors
is that of all processes: finetune, Python, JVMs. On a machine that does other work, look only at that.
"""

import ctypes
import os
import resource
import signal
import subprocess
import sys
import tempfile
import time

from cluster import Cluster
from photos import write_parquet
from test_cluster import DEMO, FINETUNE, PARTS, SPARK, finetune

few, many = (int(n) for n in (sys.argv[1:3] or ("1000", "4000")))


def spent():
    use = resource.getrusage(resource.RUSAGE_CHILDREN)
    return use.ru_utime + use.ru_stime


def single(run, photos, folder, threads):
    finetune("predict", "--model", run, "--data", photos + "/*.parquet", "--out", os.path.join(folder, "one.csv"), "--no-cache", "--overwrite",
             "--threads", str(threads))


def spark(cluster, folder, photos):
    out = tempfile.mkdtemp(dir=folder) + "/labels"
    process, log = cluster.submit(*PARTS, "--archives", folder + "/finetune.tar.gz#finetune", "--py-files", folder + "/finetune_spark.zip",
                                  SPARK + "/examples/label_parquet.py", photos, out)
    if process.wait() != 0:
        sys.exit(open(log).read()[-3000:])


def reap(cluster):
    """End a cluster in good order, and wait for all that it has started, so that their time is counted."""
    for process in reversed(cluster.processes):
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGTERM)
            process.wait()
    try:
        while True:
            os.wait()
    except ChildProcessError:
        pass


def main():
    ctypes.CDLL(None).prctl(36, 1)  # PR_SET_CHILD_SUBREAPER: what is left behind becomes our child
    with tempfile.TemporaryDirectory() as folder:
        tables = {n: f"{folder}/photos-{n}.parquet" for n in (few, many)}
        for n, path in tables.items():
            write_parquet(path, DEMO + "/images", n, max(1, n // 125))
        run = folder + "/run"
        finetune("--data", DEMO + "/demo.csv", "--out", run)
        subprocess.run([sys.executable, SPARK + "/pack.py", "--program", FINETUNE, "--model", run, "--out", folder], check=True)
        print(f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores", flush=True)
        base = {}
        for name, workers, threads in (("one process, 1 thread", 0, 1), ("1 worker", 1, 1), ("one process, 2 threads", 0, 2), ("2 workers", 2, 2)):
            wall, cpu = {}, {}
            for n, photos in tables.items():
                before = spent()
                if workers:
                    cluster = Cluster(tempfile.mkdtemp(dir=folder), workers=workers)
                    try:
                        cluster.__enter__()
                        start = time.monotonic()
                        spark(cluster, folder, photos)
                        wall[n] = time.monotonic() - start
                    finally:
                        reap(cluster)
                else:
                    start = time.monotonic()
                    single(run, photos, folder, threads)
                    wall[n] = time.monotonic() - start
                cpu[n] = spent() - before
            further = many - few
            rate, each = further / (wall[many] - wall[few]), 1e3 * (cpu[many] - cpu[few]) / further
            line = f"{name}: {rate:.1f} images/s, {each:.2f} ms of processors an image, start {cpu[few] - each * few / 1e3:.1f} s of processors"
            if workers:
                line += f"; beside one process: {100 * rate / base[threads][0]:.0f} % of its rate, {each - base[threads][1]:+.2f} ms"
            else:
                base[threads] = rate, each
            print(line, flush=True)


if __name__ == "__main__":
    main()
