"""Where the tests get Prometheus from."""

from pathlib import Path

import pytest

from chart.prometheus import PrometheusMissing, prometheus_binaries


def test_machine_without_apt_is_told_what_is_missing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Whoever runs the tests there has to install it."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    with pytest.raises(PrometheusMissing, match=r"without apt-get and dpkg-deb .*: install Prometheus"):
        prometheus_binaries()


def test_what_the_machine_has_is_used(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Whatever its version is."""
    for program in ("prometheus", "promtool"):
        (tmp_path / program).touch(mode=0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert prometheus_binaries() == tmp_path


def test_what_was_unpacked_before_is_used_again(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Without asking apt."""
    unpacked = tmp_path / "quantumjob-operator" / "prometheus" / "prometheus_1_all.deb.d"
    unpacked.mkdir(parents=True)
    monkeypatch.setenv("PATH", "")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert prometheus_binaries() == unpacked / "usr" / "bin"
