"""`make audit`, against a database of advisories on loopback; and that tests run what the images ship."""

import json
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Final

import pytest

PROJECT: Final = Path(__file__).resolve().parents[2]
ADVISORY: Final = {
    "id": "GHSA-0000-0000-0000",
    "summary": "a flaw",
    "affected": [
        {
            "package": {"name": "hatchling", "ecosystem": "PyPI"},
            "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "99.0"}]}],
        }
    ],
}


class Database(BaseHTTPRequestHandler):
    """Answers OSV's query: it knows one advisory, for hatchling."""

    asked: Final[list[str]] = []

    def do_POST(self) -> None:
        """Answer one query."""
        query = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.asked.append(query["package"]["name"])
        answer = {"vulns": [ADVISORY]} if query["package"]["name"] == "hatchling" else {}
        body = json.dumps(answer).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names it so
        """Say nothing."""


@pytest.fixture
def database() -> Iterator[str]:
    """The query address of a database."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Database) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/v1/query"
        server.shutdown()
        thread.join()


def _audit(url: str, locks: Path) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "advisories", f"--url={url}", f"--locks={locks}"]
    return subprocess.run(command, cwd=PROJECT / "tests", capture_output=True, text=True, check=False, timeout=120)


def _locks(folder: Path, *names: str) -> Path:
    for name in names:
        (folder / f"{name}.txt").write_text((PROJECT / "requirements" / f"{name}.txt").read_text())
    return folder


def test_package_with_an_advisory_is_named_with_its_lock_and_what_fixes_it(database: str, tmp_path: Path) -> None:
    """The exit code says that something has to be done."""
    done = _audit(database, _locks(tmp_path, "build", "uv"))
    assert (done.returncode, done.stderr) == (1, "")
    assert re.search(r"hatchling [\d.]+ \(build.txt\): GHSA-0000-0000-0000, fixed in 99.0", done.stdout)
    assert {"hatchling", "uv"} <= set(Database.asked)


def test_packages_without_an_advisory_pass(database: str, tmp_path: Path) -> None:
    """And are counted, so that a file that was not read is seen."""
    done = _audit(database, _locks(tmp_path, "uv"))
    assert (done.returncode, done.stdout) == (0, "No advisory is known for 1 locked packages.\n")


def test_database_that_nobody_can_reach_is_no_clean_bill(tmp_path: Path) -> None:
    """Another exit code than that of an advisory, and what to do."""
    done = _audit("http://127.0.0.1:9/v1/query", _locks(tmp_path, "uv"))
    assert (done.returncode, done.stderr) == (2, "")
    assert "Nobody could be asked" in done.stdout
    assert "AUDIT_URL=" in done.stdout
    assert "Traceback" not in done.stdout


@pytest.mark.parametrize("image", ["operator", "emulator", "pulser"])
def test_tests_run_with_what_the_images_ship(image: str) -> None:
    """A tool of the tests that wants an older package changes neither lock."""
    shipped, tested = _versions(image), _versions("dev")
    assert len(shipped) > 30
    assert {name: (version, tested.get(name)) for name, version in shipped.items() if tested.get(name) != version} == {}


def test_extra_adds_to_the_emulators_lock_and_changes_nothing_of_it() -> None:
    """Both are installed together into the image that runs PASQAL's programs."""
    assert _versions("emulator").items() < _versions("pulser").items()


def _versions(lock: str) -> dict[str, str]:
    text = (PROJECT / "requirements" / f"{lock}.txt").read_text()
    return dict(re.findall(r"^([\w.-]+)==([^ ;]+)", text, re.MULTILINE))


def test_every_lock_is_made_of_hashes_and_names_no_registry() -> None:
    """Whoever installs them brings the registry along."""
    for lock in (PROJECT / "requirements").glob("*.txt"):
        text = lock.read_text()
        assert text.count("==") <= text.count("--hash=sha256:")
        assert "://" not in text
