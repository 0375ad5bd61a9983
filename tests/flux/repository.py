"""Git repositories served over HTTP by git's own http-backend, and commits to them.

Must not live here: what is in the files.
"""

import os
import subprocess
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Final

_BRANCH: Final = "main"
_GIT_SECONDS: Final = 120.0
# Nothing of the machine's or the user's git configuration counts, and nobody is asked for anything.
_PLAIN: Final = {
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_TERMINAL_PROMPT": "0",
    **{
        f"GIT_{who}_{what}": value for who in ("AUTHOR", "COMMITTER") for what, value in (("NAME", "A"), ("EMAIL", "a"))
    },
}


@dataclass(frozen=True, slots=True)
class Repository:
    """One repository with the branch `main`.

    Attributes:
        url: Where it is fetched from.
        folder: Its work tree; the repository itself stands beside it.
    """

    url: str
    folder: Path

    def commit(self, files: Mapping[str, str | bytes | None]) -> str:
        """Write files, remove those that are None, and commit.

        Returns:
            The revision as Flux writes it: `main@sha1:…`.
        """
        for name, content in files.items():
            path = self.folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            if content is None:
                path.unlink()
            else:
                path.write_bytes(content.encode() if isinstance(content, str) else content)
        self._git("add", "--all")
        self._git("commit", "--quiet", "--allow-empty", "--message=A change")
        return f"{_BRANCH}@sha1:{self._git('rev-parse', 'HEAD').strip()}"

    def _git(self, *arguments: str) -> str:
        places = (f"--git-dir={_bare(self.folder)}", f"--work-tree={self.folder}")
        return _git(*places, *arguments, folder=self.folder)


class Repositories:
    """Repositories below one address."""

    def __init__(self, root: Path, address: str) -> None:
        self._root = root
        self._address = address

    def make(self, name: str) -> Repository:
        """An empty repository."""
        folder = self._root / name
        folder.mkdir()
        _git("init", "--quiet", "--bare", f"--initial-branch={_BRANCH}", str(_bare(folder)), folder=self._root)
        return Repository(f"http://{self._address}/{_bare(folder).name}", folder)


@contextmanager
def served_repositories(root: Path) -> Iterator[Repositories]:
    """Serve the repositories of a folder on a port of 127.0.0.1, for the time of a block."""

    class Handler(_Backend):
        project_root = root

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        serving = threading.Thread(target=server.serve_forever, name="git", daemon=True)
        serving.start()
        try:
            yield Repositories(root, f"127.0.0.1:{server.server_address[1]}")
        finally:
            server.shutdown()
            serving.join()


class _Backend(BaseHTTPRequestHandler):
    """Hands each request to git's http-backend, as a web server does by CGI."""

    project_root: Path

    def do_GET(self) -> None:
        self._hand_on()

    def do_POST(self) -> None:
        self._hand_on()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name of the overridden method
        """Nobody reads it."""

    def _hand_on(self) -> None:
        path, _, query = self.path.partition("?")
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        variables = {
            "GIT_PROJECT_ROOT": str(self.project_root),
            "GIT_HTTP_EXPORT_ALL": "1",
            "REQUEST_METHOD": self.command,
            "PATH_INFO": path,
            "QUERY_STRING": query,
            "CONTENT_TYPE": self.headers.get("Content-Type") or "",
            "CONTENT_LENGTH": str(len(body)),
            "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding") or "",
            "GIT_PROTOCOL": self.headers.get("Git-Protocol") or "",
        }
        done = subprocess.run(
            ["git", "http-backend"],
            input=body,
            env=os.environ | _PLAIN | variables,
            capture_output=True,
            timeout=_GIT_SECONDS,
            check=False,
        )
        head, _, content = done.stdout.partition(b"\r\n\r\n")
        headers = dict(line.split(": ", 1) for line in head.decode().splitlines())
        self.send_response(int(headers.pop("Status", "200").split()[0]))
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)


def _bare(folder: Path) -> Path:
    return folder.with_name(f"{folder.name}.git")


def _git(*arguments: str, folder: Path) -> str:
    done = subprocess.run(
        ["git", *arguments],
        cwd=folder,
        env=os.environ | _PLAIN,
        capture_output=True,
        text=True,
        timeout=_GIT_SECONDS,
        check=False,
    )
    assert done.returncode == 0, f"git {' '.join(arguments)}: {done.stderr}"
    return done.stdout
