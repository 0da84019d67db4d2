"""What Spark costs for each image besides finetune: overhead.py [ROWS]

Tables of images of two sizes go through a cluster of one worker in which a stand-in takes the place of finetune: it answers each line at
once. Counted is the time of processors: of Spark's tasks from Spark's event log, of the Python workers from the stand-in, which is their
child, and of finetune for reading the lines, by its benchmark. The time that programs take to start isn't counted.
"""

import glob
import json
import os
import re
import subprocess
import sys
import tempfile

import pyarrow as pa
import pyarrow.parquet as pq

from cluster import Cluster
from photos import photos
from test_cluster import DEMO, FINETUNE, REPOSITORY, SPARK, finetune

STAND_IN = """#!%s
import os, sys
def spent():
    fields = open("/proc/%%d/stat" %% os.getppid()).read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
before, rows = spent(), 0
answer = b'","predicted":"5","low":"1","high":"5","expected":4.893208982321084,"probabilities":{"1":0.0001709,"2":0.0026584,"3":0.0044159,' \
    b'"4":0.0893,"5":0.9034546},"confidence":0.9034546,"unfamiliar":false,"review":false}\\n'
for line in sys.stdin.buffer:
    sys.stdout.buffer.write(b'{"path":"' + line[7:line.index(b'"', 7)] + answer)
    rows += 1
sys.stdout.flush()
open(%r, "a").write(f"{rows} {spent() - before}\\n")
"""


def main():
    rows = int((sys.argv[1:] or ["5000"])[0])
    go = subprocess.run(["go", "test", "./pipeline/source", "-run", "^$", "-bench", "Object", "-count", "5"], cwd=REPOSITORY,
                        stdout=subprocess.PIPE, text=True, check=True).stdout
    megabytes = max(float(n) for n in re.findall(r"([\d.]+) MB/s", go))
    originals = [p for p in photos(DEMO + "/images", 200) if p and len(p) > 200]
    with tempfile.TemporaryDirectory() as folder:
        finetune("--data", DEMO + "/demo.csv", "--out", folder + "/run")
        subprocess.run([sys.executable, SPARK + "/pack.py", "--program", FINETUNE, "--model", folder + "/run", "--out", folder], check=True)
        subprocess.run(["tar", "xzf", "finetune.tar.gz"], cwd=folder, check=True)
        log = folder + "/stand-in.log"
        with open(folder + "/finetune", "w") as f:
            f.write(STAND_IN % (sys.executable, log))
        subprocess.run(["tar", "czf", "finetune.tar.gz", "finetune", "run"], cwd=folder, check=True)
        with Cluster(folder + "/cluster", workers=1) as cluster:
            for kilobytes in (0, 100):
                images = [p + bytes(max(0, 1000 * kilobytes - len(p))) for p in originals]
                size = sum(map(len, images)) / len(images)
                table, events = f"{folder}/photos-{kilobytes}.parquet", f"{folder}/events-{kilobytes}"
                os.mkdir(events)
                pq.write_table(pa.table({"content": [images[i % len(images)] for i in range(rows)]}), table, row_group_size=500,
                               use_dictionary=False)
                process, submitted = cluster.submit(
                    "--conf", "spark.sql.execution.arrow.maxRecordsPerBatch=64", "--conf", "spark.eventLog.enabled=true",
                    "--conf", "spark.eventLog.compress=false", "--conf", "spark.eventLog.dir=file://" + events,
                    "--archives", folder + "/finetune.tar.gz#finetune", "--py-files", folder + "/finetune_spark.zip",
                    SPARK + "/examples/label_parquet.py", table, f"{folder}/labels-{kilobytes}")
                if process.wait() != 0:
                    sys.exit(open(submitted).read()[-3000:])
                tasks = [e["Task Metrics"]["Executor CPU Time"] for path in glob.glob(events + "/**", recursive=True) if os.path.isfile(path)
                         for e in map(json.loads, open(path)) if e["Event"] == "SparkListenerTaskEnd"]
                with open(log) as f:
                    done = [line.split() for line in f]
                os.remove(log)
                assert sum(int(n) for n, _ in done) == rows, done
                spark, python = sum(tasks) / 1e6 / rows, sum(float(s) for _, s in done) * 1e3 / rows
                lines = size * 4 / 3 / megabytes / 1e3
                print(f"{size / 1e3:.0f} KB an image, {rows} rows in {len(done)} tasks: {spark + python + lines:.2f} ms an image; "
                      f"Spark {spark:.2f}, Python {python:.2f}, reading lines {lines:.2f}", flush=True)


if __name__ == "__main__":
    main()
