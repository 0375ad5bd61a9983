"""The command `python -m advisories`: looks every locked package up in a database of advisories.

pip-audit does the looking up. Its exit code is the same for an advisory and for a database that it can't reach; here
they differ. Must not live here: any judgement of an advisory.
"""

import argparse
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

_LOCKS: Final = Path(__file__).resolve().parents[2] / "requirements"
_FOUND: Final = 1
_UNKNOWN: Final = 2
_ERROR: Final = re.compile(r"^(?:\w+\.)*\w*Error\b.*|^ERROR.*", re.MULTILINE)


def main(arguments: list[str] | None = None) -> int:
    """Say what is known of the locked packages; returns 1 if something is, 2 if nobody could be asked."""
    parser = argparse.ArgumentParser(prog="advisories", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--url", help="query address of a database that speaks OSV's protocol; else OSV itself")
    parser.add_argument("--locks", type=Path, default=_LOCKS, help="folder of the lock files")
    chosen = parser.parse_args(arguments)
    locks = sorted(chosen.locks.glob("*.txt"))
    done = _ask(locks, chosen.url)
    if not done.stdout.strip():
        # Tracebacks end with what went wrong.
        reason = (_ERROR.findall(done.stderr) or ["no reason given"])[-1]
        return _say(
            f"Nobody could be asked, so nothing is known of the locked packages: {reason}\n"
            "A database on another address that speaks OSV's protocol: make audit AUDIT_URL=https://…/v1/query",
            _UNKNOWN,
        )
    packages = json.loads(done.stdout)["dependencies"]
    return _report(packages, locks)


def _ask(locks: list[Path], url: str | None) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "pip_audit", "--disable-pip", "--require-hashes", "--format=json"]
    command += ["--vulnerability-service=osv", "--progress-spinner=off", *([f"--osv-url={url}"] if url else [])]
    command += [f"--requirement={lock}" for lock in locks]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def _report(packages: list[dict[str, Any]], locks: list[Path]) -> int:
    skipped = [package for package in packages if "skip_reason" in package]
    known = {(package["name"], package["version"]): package["vulns"] for package in packages if package.get("vulns")}
    for (name, version), advisories in sorted(known.items()):
        held = ", ".join(lock.name for lock in locks if f"\n{name}=={version} " in f"\n{lock.read_text()}")
        for advisory in advisories:
            fixed = ", ".join(advisory["fix_versions"]) or "no version yet"
            _say(f"{name} {version} ({held}): {advisory['id']}, fixed in {fixed}", _FOUND)
    for package in skipped:
        _say(f"{package['name']} was not looked up: {package['skip_reason']}", _UNKNOWN)
    if known:
        return _say('Renew them: make lock UPGRADE="name …"', _FOUND)
    looked_up = len(packages) - len(skipped)
    return _say(f"No advisory is known for {looked_up} locked packages.", _UNKNOWN if skipped or not looked_up else 0)


def _say(text: str, code: int) -> int:
    sys.stdout.write(f"{text}\n")
    return code


if __name__ == "__main__":
    sys.exit(main())
