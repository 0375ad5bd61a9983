"""The emulator as a process: what survives its death, what does not outlive it, and what it never writes down."""

import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import httpx
import psutil
import pytest

from emulator.jobs import Jobs, eventually
from emulator.process import RunningEmulator, running_emulator

LONG = ("--waiting-seconds", "0", "--executing-seconds", "3600", "--repeated-put", "second-run", "--log-level", "debug")


def azurite_of(emulator: RunningEmulator) -> psutil.Process:
    """Return the storage account's process."""
    children = psutil.Process(emulator.process.pid).children()
    (child,) = [child for child in children if any("azurite" in word for word in child.cmdline())]
    return child


def is_alive(process: psutil.Process) -> bool:
    """Return whether a process still runs; one that only waits to be reaped does not."""
    return process.is_running() and process.status() != psutil.STATUS_ZOMBIE


def test_state_survives_a_kill_and_jobs_go_on(tmp_path: Path) -> None:
    """After SIGKILL and a restart, jobs, ledger, blobs, keys and addresses are what they were."""
    with running_emulator(tmp_path, *LONG) as first, first.client() as wire, first.stranger() as web:
        jobs = Jobs(wire, web)
        job_id = jobs.submit(metadata={"experiment": "42"})
        before = jobs.in_status(job_id, "Executing")
        azurite = azurite_of(first)
        with first.admin() as admin:
            admin.post("/clock", json={"advance_seconds": 1800}).raise_for_status()
        first.kill()
    with running_emulator(tmp_path, *LONG) as second, second.client() as wire, second.stranger() as web:
        assert second.facts["api_key"] == first.facts["api_key"]
        assert second.facts["storage_url"] == first.facts["storage_url"]
        assert not is_alive(azurite)
        jobs = Jobs(wire, web)
        assert jobs.get(job_id)["metadata"] == before["metadata"]
        with second.admin() as admin:
            assert admin.get("/settings").json()["repeated_put"] == "second-run"
            assert admin.get("/clock").json()["offset_seconds"] == 1800
            assert jobs.get(job_id)["status"] == "Executing"
            admin.post("/clock", json={"advance_seconds": 1900}).raise_for_status()
            job = jobs.finished(job_id)
            runs = admin.get("/ledger").json()["runs"]
        assert (job["errorData"], job["status"], job["creationTime"]) == (None, "Succeeded", before["creationTime"])
        assert web.get(job["outputDataUri"]).json() == {"histogram": {"0": 0.5, "3": 0.5}}
        assert [(run["job"], run["status"]) for run in runs] == [(job_id, "Succeeded")]


def test_whoever_reaches_the_workspace_at_an_address_reaches_its_storage_there(tmp_path: Path) -> None:
    """By the addresses that it hands out; a Pod has no other way to a machine's loopback."""
    with running_emulator(tmp_path, "--host=127.0.0.2") as emulator, emulator.stranger() as web:
        assert emulator.facts["storage_url"].startswith("http://127.0.0.2:")
        assert web.get(emulator.facts["storage_url"]).headers["server"].startswith("Azurite-Blob")


def test_nothing_outlives_an_orderly_end_and_no_secret_was_written_to_the_log(tmp_path: Path) -> None:
    """SIGTERM ends with 0 and takes Azurite along; at DEBUG the log holds no key and no signature."""
    with running_emulator(tmp_path, *LONG) as emulator, emulator.client() as wire, emulator.stranger() as web:
        jobs = Jobs(wire, web)
        job_id = jobs.submit()
        signature = httpx.URL(jobs.get(job_id)["outputDataUri"]).params["sig"]
        azurite = azurite_of(emulator)
        assert emulator.stop() == 0
        assert not is_alive(azurite)
    log = emulator.log.read_text()
    assert "serving at" in log
    assert emulator.facts["api_key"] not in log
    assert "sig=" not in log
    assert signature not in log


def test_two_emulators_live_side_by_side_and_admin_is_off_unless_asked_for(
    tmp_path: Path, emulator: RunningEmulator
) -> None:
    """Settings come from the environment too, and an existing storage account is used instead of Azurite."""
    ready = tmp_path / "ready.json"
    secrets = json.loads((emulator.log.parent / "secrets.json").read_text())
    names = {
        "PORT": "0",
        "READY_FILE": str(ready),
        "DATA_DIR": str(tmp_path),
        "WORKSPACE": "second",
        "API_KEY": "given",
        "STORAGE_URL": emulator.facts["storage_url"],
        "STORAGE_KEY": secrets["storage_key"],
    }
    env = {**os.environ, **{f"WORKSPACE_EMULATOR_{name}": value for name, value in names.items()}}
    with subprocess.Popen([sys.executable, "-m", "workspace_emulator"], env=env) as process:
        try:
            eventually(ready.exists)
            facts = json.loads(ready.read_text())
            second = RunningEmulator(process, facts, tmp_path / "none")
            assert (facts["workspace"], facts["api_key"], facts["pid"]) == ("second", "given", process.pid)
            assert stat.S_IMODE(ready.stat().st_mode) == 0o600
            assert psutil.Process(process.pid).children() == []
            with second.client() as wire, second.stranger() as web:
                assert web.get(f"{facts['endpoint']}admin/settings").status_code == 404
                job = Jobs(wire, web).finished(Jobs(wire, web).submit())
            assert job["status"] == "Succeeded"
        finally:
            process.terminate()


@pytest.mark.parametrize(
    ("flags", "reason"),
    [
        pytest.param(("--storage-url", "http://127.0.0.1:1/x"), "storage_key", id="a storage account without its key"),
        pytest.param(("--repeated-put", "perhaps"), "second-run", id="an unknown choice"),
        pytest.param(("--no-such-flag",), "no-such-flag", id="an unknown flag"),
    ],
)
def test_wrong_settings_end_the_process_with_the_reason(flags: tuple[str, ...], reason: str) -> None:
    """What cannot be meant is refused at the start."""
    ended = subprocess.run(
        [sys.executable, "-m", "workspace_emulator", *flags], capture_output=True, text=True, check=False, timeout=60
    )
    assert ended.returncode != 0
    assert reason in ended.stderr


def test_the_lock_of_azurite_is_whole_and_names_no_registry() -> None:
    """Every package is pinned by a hash, and no address says where it came from."""
    folder = Path(__file__).parents[2] / "emulator/azurite"
    packages = json.loads((folder / "package-lock.json").read_text())["packages"]
    assert packages["node_modules/azurite"]["version"] == "3.37.0"
    assert all("integrity" in package for path, package in packages.items() if path)
    assert not any("resolved" in package for package in packages.values())


def test_an_installed_azurite_is_found_again() -> None:
    """`install` prints where it is, and does nothing when it is there."""
    installed = subprocess.run(
        [sys.executable, "-m", "workspace_emulator", "install"], capture_output=True, text=True, check=True, timeout=300
    )
    entry = Path(installed.stdout.strip())
    assert entry.is_file()
