"""The volumes of a Pod, as folders of this machine.

Must not live here: where a container sees them (`rootfs`).
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from nodestandin.api import Api, Manifest
from nodestandin.environment import data_of, pod_field
from nodestandin.errors import misconfigured

_FILE_MODE: Final = 0o644
_TOKEN_MODE: Final = 0o600
_SHARED: Final = 0o2777
Files = dict[str, tuple[bytes, int]]
"""Contents and mode by path within the volume."""


class Volumes:
    """Makes the volumes of one Pod.

    Args:
        api: The API server.
        pod: The Pod.
        folder: Takes a folder for each volume.
    """

    def __init__(self, api: Api, pod: Manifest, folder: Path) -> None:
        self._api = api
        self._pod = pod
        self._folder = folder
        context = pod["spec"].get("securityContext", {})
        self._user, self._group = context.get("runAsUser", 0), context.get("fsGroup", context.get("runAsGroup", 0))

    def make(self) -> dict[str, Path]:
        """Make all of them; returns their folders by name.

        Raises:
            Unstartable: One of them can't be made.
        """
        return {volume["name"]: self._make(volume) for volume in self._pod["spec"].get("volumes", ())}

    def _make(self, volume: Manifest) -> Path:
        folder = self._folder / str(volume["name"])
        folder.mkdir(exist_ok=True, parents=True)
        if "emptyDir" in volume:
            os.chown(folder, 0, self._group)
            folder.chmod(_SHARED)
            return folder
        for path, (contents, mode) in self._files(volume).items():
            self._write(folder / path, contents, mode)
        return folder

    def _write(self, file: Path, contents: bytes, mode: int) -> None:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch(mode=0o600)
        file.write_bytes(contents)
        os.chown(file, self._user, self._group)
        file.chmod(mode)

    def _files(self, volume: Manifest) -> Files:
        if "projected" not in volume:
            return self._source(volume, _mode_of(volume))
        files: Files = {}
        for source in volume["projected"]["sources"]:
            files |= self._source(source, volume["projected"].get("defaultMode", _FILE_MODE))
        return files

    def _source(self, source: Manifest, mode: int) -> Files:
        if "secret" in source:
            return self._data("secrets", source["secret"], mode)
        if "configMap" in source:
            return self._data("configmaps", source["configMap"], mode)
        if "downwardAPI" in source:
            items = source["downwardAPI"].get("items", ())
            return {
                one["path"]: (pod_field(self._pod, one["fieldRef"]["fieldPath"]).encode(), one.get("mode", mode))
                for one in items
            }
        if "serviceAccountToken" in source:
            wanted = source["serviceAccountToken"]
            return {wanted["path"]: (self._token(wanted).encode(), _TOKEN_MODE)}
        raise misconfigured(f"the stand-in knows no volume of the kind {', '.join(set(source) - {'name'})}")

    def _data(self, kind: str, source: Manifest, mode: int) -> Files:
        data = data_of(self._api, self._pod["metadata"]["namespace"], kind, source) or {}
        if "items" not in source:
            return {key: (value, mode) for key, value in data.items()}
        return {one["path"]: (_value_of(data, one["key"], kind), one.get("mode", mode)) for one in source["items"]}

    def _token(self, wanted: Manifest) -> str:
        """A token for the Pod's ServiceAccount that is worth nothing once the Pod is gone."""
        metadata, account = self._pod["metadata"], self._pod["spec"]["serviceAccountName"]
        bound = {"apiVersion": "v1", "kind": "Pod", "name": metadata["name"], "uid": metadata["uid"]}
        spec = {
            "expirationSeconds": wanted.get("expirationSeconds", 3600),
            "audiences": [wanted["audience"]] if "audience" in wanted else [],
            "boundObjectRef": bound,
        }
        path = f"/api/v1/namespaces/{metadata['namespace']}/serviceaccounts/{account}/token"
        request = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": spec}
        return str(self._api.post(path, request)["status"]["token"])


def _mode_of(volume: Manifest) -> int:
    for kind in ("secret", "configMap", "downwardAPI"):
        if kind in volume:
            return int(volume[kind].get("defaultMode", _FILE_MODE))
    return _FILE_MODE


def _value_of(data: Mapping[str, bytes], key: str, kind: str) -> bytes:
    if key not in data:
        raise misconfigured(f"one of the {kind} has no key {key!r}")
    return data[key]
