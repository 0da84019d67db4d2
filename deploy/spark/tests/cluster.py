"""A standalone Spark cluster on this machine: a master and workers as processes, ended with the with statement."""

import os
import re
import signal
import subprocess
import sys
import time

import pyspark

HOME = os.path.dirname(pyspark.__file__)


class Cluster:
    def __init__(self, folder, workers=2, cores=1, environment=()):
        self.folder, self.count, self.cores = folder, workers, cores
        os.makedirs(os.path.join(folder, "home"), exist_ok=True)
        # A bare environment: what isn't shipped with a job isn't there.
        self.environment = {"PATH": "/usr/bin:/bin", "HOME": os.path.join(folder, "home"), "SPARK_HOME": HOME,
                            "SPARK_LOCAL_IP": "127.0.0.1", "SPARK_DAEMON_MEMORY": "256m", "PYSPARK_PYTHON": sys.executable,
                            **{k: v for k, v in os.environ.items() if k == "JAVA_HOME"}, **dict(environment)}
        self.processes, self.workers = [], []

    def __enter__(self):
        try:
            master, log = self._start("master", "master.Master", "--host", "127.0.0.1", "--port", "0", "--webui-port", "0")
            self.master = self._wait(master, log, r"spark://127\.0\.0\.1:\d+")
            for i in range(self.count):
                name = f"worker-{i}"
                worker, log = self._start(name, "worker.Worker", "--host", "127.0.0.1", "--cores", str(self.cores), "--memory", "1g",
                                          "--webui-port", "0", "--work-dir", os.path.join(self.folder, name), self.master)
                self._wait(worker, log, "Successfully registered with master")
                self.workers.append(worker)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        for process in reversed(self.processes):
            self.kill(process)

    def kill(self, process):
        """End a process and its executors at once, as a loss of power does."""
        try:
            os.killpg(process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        process.wait()

    def submit(self, *arguments):
        """Start spark-submit with client-mode driver and return the process, whose output is in submit.log."""
        log = os.path.join(self.folder, "submit.log")
        command = [os.path.join(HOME, "bin", "spark-submit"), "--master", self.master, "--driver-memory", "512m",
                   "--executor-memory", "600m", *arguments]
        with open(log, "w") as out:
            process = subprocess.Popen(command, env=self.environment, stdout=out, stderr=subprocess.STDOUT, start_new_session=True,
                                       cwd=self.folder)
        self.processes.append(process)
        return process, log

    def _start(self, name, role, *arguments):
        log = os.path.join(self.folder, name + ".log")
        with open(log, "w") as out:
            process = subprocess.Popen([os.path.join(HOME, "bin", "spark-class"), "org.apache.spark.deploy." + role, *arguments],
                                       env=self.environment, stdout=out, stderr=subprocess.STDOUT, start_new_session=True)
        self.processes.append(process)
        return process, log

    def _wait(self, process, log, pattern, seconds=90):
        for _ in range(10 * seconds):
            with open(log) as f:
                text = f.read()
            if found := re.search(pattern, text):
                return found[0]
            if process.poll() is not None:
                break
            time.sleep(0.1)
        raise RuntimeError(f"{log} has no {pattern!r}:\n{text[-3000:]}")
