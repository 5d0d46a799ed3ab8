"""A real Prometheus for tests, filled with samples by its own backfill tool."""

import shutil
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.servers.apiserver import free_port

NO_PROMETHEUS = "There is no prometheus program on the PATH (Debian: apt-get install prometheus)."
_READY_SECONDS = 30


class PrometheusServer:
    """Starts a Prometheus over a folder; `stop` ends it.

    Args:
        folder: where it keeps everything.
        series: values by series in text form; all share `times`.
        times: Unix times of the samples.
        rules: groups of rules, as in its rule files.
        scrape: scrape configurations.
    """

    def __init__(
        self,
        folder: Path,
        series: Mapping[str, Sequence[float]],
        times: Sequence[float],
        rules: Sequence[Mapping[str, Any]] = (),
        scrape: Sequence[Mapping[str, Any]] = (),
    ) -> None:
        data = folder / "data"
        (folder / "rules.yaml").write_text(yaml.safe_dump({"groups": list(rules)}))
        configuration = {"rule_files": ["rules.yaml"], "scrape_configs": list(scrape)}
        configuration["global"] = {"evaluation_interval": "1s", "scrape_interval": "1s", "scrape_timeout": "1s"}
        (folder / "prometheus.yaml").write_text(yaml.safe_dump(configuration))
        self._fill(folder, data, series, times)
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        with (folder / "prometheus.log").open("ab") as log:
            self._child = subprocess.Popen(
                [
                    "prometheus",
                    f"--config.file={folder / 'prometheus.yaml'}",
                    f"--storage.tsdb.path={data}",
                    f"--web.listen-address=127.0.0.1:{port}",
                ],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        self._await_ready(folder)

    def stop(self) -> None:
        """End it."""
        self._child.terminate()
        self._child.wait()

    def _fill(self, folder: Path, data: Path, series: Mapping[str, Sequence[float]], times: Sequence[float]) -> None:
        names = list(dict.fromkeys(name.partition("{")[0] for name in series))
        lines = []
        for name in names:
            lines += [f"# HELP {name} A {name} for tests.", f"# TYPE {name} gauge"]
            for key, values in series.items():
                if key.partition("{")[0] == name:
                    lines += [f"{key} {value} {at:.3f}" for at, value in zip(times, values, strict=True)]
        text = folder / "samples.txt"
        text.write_text("\n".join([*lines, "# EOF", ""]))
        command = ["promtool", "tsdb", "create-blocks-from", "openmetrics", str(text), str(data)]
        subprocess.run(command, check=True, capture_output=True)

    def _await_ready(self, folder: Path) -> None:
        end = time.monotonic() + _READY_SECONDS
        while time.monotonic() < end:
            try:
                with urllib.request.urlopen(f"{self.url}/-/ready", timeout=5):
                    return
            except urllib.error.HTTPError as error:
                error.close()
            except OSError:
                if self._child.poll() is not None:
                    raise RuntimeError((folder / "prometheus.log").read_text()[-2000:]) from None
            time.sleep(0.05)
        self.stop()
        raise TimeoutError("Prometheus was not ready in time")


def start(
    folder: Path,
    series: Mapping[str, Sequence[float]],
    times: Sequence[float],
    rules: Sequence[Mapping[str, Any]] = (),
    scrape: Sequence[Mapping[str, Any]] = (),
) -> Iterator[PrometheusServer]:
    """Run one for the caller's `yield from`; skips where the programs are absent."""
    if not (shutil.which("prometheus") and shutil.which("promtool")):
        pytest.skip(NO_PROMETHEUS)
    server = PrometheusServer(folder, series, times, rules, scrape)
    try:
        yield server
    finally:
        server.stop()
