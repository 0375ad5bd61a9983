"""What a release consists of beside its images, as it is written from the work tree."""

import hashlib
import json
import subprocess
import zipfile
from pathlib import Path
from typing import Any, Final

import yaml

from chart.helm import CHARTS, Helm
from release.parts import write_charts, write_checksums, write_wheel

_EPOCH: Final = 1_700_000_000


def blob(layout: Path, descriptor: dict[str, Any]) -> bytes:
    """What a descriptor describes."""
    content: bytes = (layout / "blobs" / descriptor["digest"].replace(":", "/")).read_bytes()
    assert descriptor["digest"] == f"sha256:{hashlib.sha256(content).hexdigest()}"
    assert descriptor["size"] == len(content)
    return content


def test_each_manifest_of_the_layout_describes_a_chart_that_helm_reads(tmp_path: Path) -> None:
    """With the media types that Helm asks a registry for, and Chart.yaml as its configuration."""
    layout, package = tmp_path / "charts", tmp_path / "chart.tgz"
    assert write_charts(layout) == ["quantumjob-operator-0.1.0", "quantumjob-workspace-0.1.0"]
    assert json.loads((layout / "oci-layout").read_text()) == {"imageLayoutVersion": "1.0.0"}
    for entry in json.loads((layout / "index.json").read_text())["manifests"]:
        manifest = json.loads(blob(layout, entry))
        about = json.loads(blob(layout, manifest["config"]))
        assert about == yaml.safe_load((CHARTS / about["name"] / "Chart.yaml").read_text())
        assert manifest["config"]["mediaType"] == "application/vnd.cncf.helm.config.v1+json"
        (layer,) = manifest["layers"]
        assert layer["mediaType"] == "application/vnd.cncf.helm.chart.content.v1.tar+gzip"
        package.write_bytes(blob(layout, layer))
        assert yaml.safe_load(Helm(tmp_path / "helm").run("show", "chart", package)) == about


def test_wheel_of_the_client_is_the_same_again(tmp_path: Path) -> None:
    """Byte for byte, and holds the package and its commands."""
    for name in ("one", "other"):
        (tmp_path / name).mkdir()
    one, other = (write_wheel(tmp_path / name, _EPOCH) for name in ("one", "other"))
    assert one.read_bytes() == other.read_bytes()
    with zipfile.ZipFile(one) as wheel:
        (entry_points,) = (name for name in wheel.namelist() if name.endswith("entry_points.txt"))
        assert "kubectl-quantum = quantumjobs.cli:main" in wheel.read(entry_points).decode()
        assert "quantumjobs/__init__.py" in wheel.namelist()


def test_every_file_has_its_checksum_and_a_change_is_noticed(tmp_path: Path) -> None:
    """By `sha256sum --check`, in the folder."""
    (tmp_path / "below").mkdir()
    (tmp_path / "below" / "image.tar").write_bytes(b"image")
    (tmp_path / "install.yaml").write_text("kind: Namespace\n")
    write_checksums(tmp_path)
    check = ["sha256sum", "--check", "--strict", "SHA256SUMS"]
    done = subprocess.run(check, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout == "below/image.tar: OK\ninstall.yaml: OK\n"
    (tmp_path / "below" / "image.tar").write_bytes(b"another")
    assert subprocess.run(check, cwd=tmp_path, capture_output=True, check=False).returncode == 1
