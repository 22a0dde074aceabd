"""Prometheus, which asks gateways and workers for their metrics."""

import json
import shutil

from .errors import ClusterError
from .machine import LOOPBACK
from .service import Service, get

SCRAPE_SECONDS = 5
RETENTION = "2d"


class Prometheus(Service):
    def prepare(self):
        super().prepare()
        jobs = {"dipper": ("gateway-a", "gateway-b"), "dipper-workers": ("worker-a", "worker-b")}
        # JSON is YAML.
        (self.folder / "prometheus.yml").write_text(json.dumps({
            "global": {"scrape_interval": f"{SCRAPE_SECONDS}s"},
            "scrape_configs": [
                {"job_name": job, "static_configs": [
                    {"targets": [f"{LOOPBACK}:{self.context.service(name).port()}"], "labels": {"process": name}}
                    for name in names]}
                for job, names in jobs.items()]}, indent=1) + "\n")

    def command(self):
        program = shutil.which("prometheus")
        if not program:
            raise ClusterError("Prometheus is not installed", "apt-get install prometheus")
        return [
            program, f"--config.file={self.folder}/prometheus.yml", f"--storage.tsdb.path={self.folder}/data",
            f"--storage.tsdb.retention.time={RETENTION}", f"--web.listen-address={LOOPBACK}:{self.port()}"]

    def answers(self):
        return get(self.port(), "/-/ready")[0] == 200
