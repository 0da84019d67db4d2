"""Images a second of clusters of one and two workers beside one process on as many cores: measure.py [FEW MANY]

Tables of FEW and of MANY images (default 1000 and 5000) are labelled. The difference is what the further images take, without the start of
programs, which is given apart. Only a machine that does nothing else, with two cores, gives figures that mean something.
"""

import os
import subprocess
import sys
import tempfile
import time

from cluster import Cluster
from photos import write_parquet
from test_cluster import DEMO, FINETUNE, PARTS, SPARK, finetune

few, many = (int(n) for n in (sys.argv[1:3] or ("1000", "5000")))


def seconds(work):
    start = time.monotonic()
    work()
    return time.monotonic() - start


def main():
    with tempfile.TemporaryDirectory() as folder:
        tables = {n: f"{folder}/photos-{n}.parquet" for n in (few, many)}
        for n, path in tables.items():
            write_parquet(path, DEMO + "/images", n, n // 250 or 1)
        finetune("--data", DEMO + "/demo.csv", "--out", folder + "/run")
        subprocess.run([sys.executable, SPARK + "/pack.py", "--program", FINETUNE, "--model", folder + "/run", "--out", folder], check=True)
        print(f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores", flush=True)
        for cores in (1, 2):
            def single(n):
                finetune("predict", "--model", folder + "/run", "--data", tables[n] + "/*.parquet", "--out", f"{folder}/{cores}-{n}.csv",
                         "--no-cache", "--threads", str(cores))

            def spark(n):
                process, log = cluster.submit(*PARTS, "--archives", folder + "/finetune.tar.gz#finetune", "--py-files",
                                              folder + "/finetune_spark.zip", SPARK + "/examples/label_parquet.py", tables[n],
                                              f"{folder}/{cores}-{n}.parquet")
                if process.wait() != 0:
                    sys.exit(open(log).read()[-3000:])

            alone = [seconds(lambda n=n: single(n)) for n in (few, many)]
            with Cluster(f"{folder}/cluster-{cores}", workers=cores) as cluster:
                engine = [seconds(lambda n=n: spark(n)) for n in (few, many)]
            for name, (a, b) in ((f"one process, {cores} threads", alone), (f"{cores} workers", engine)):
                rate = (many - few) / (b - a)
                print(f"{name}: {rate:.1f} images a second after {max(0, a - few / rate):.1f} s", flush=True)
            print(f"efficiency on {cores} cores: {100 * (alone[1] - alone[0]) / (engine[1] - engine[0]):.0f} %", flush=True)


if __name__ == "__main__":
    main()
