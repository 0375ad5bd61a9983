"""Argo CD's use of our Lua scripts: a fresh Lua 5.1 for each call, with no library but base, package and table.

Must not live here: what is right.
"""

from pathlib import Path
from typing import Any, Final, NamedTuple

import yaml
from lupa.lua51 import LuaRuntime, lua_type

from localstack.manifests import PROJECT

PATCH: Final = PROJECT / "docs" / "gitops" / "argocd" / "argocd-cm-patch.yaml"
HEALTHS: Final = frozenset({"Healthy", "Progressing", "Degraded", "Suspended", "Missing", "Unknown"})
# Libraries of Lua that Argo CD doesn't load unless `useOpenLibs` is set.
_NOT_LOADED: Final = ("string", "math", "io", "os", "debug", "coroutine")
_PREFIX: Final = "resource.customizations"

Object = dict[str, Any]


class Health(NamedTuple):
    """What a health check says."""

    status: str
    message: str


class Customizations:
    """The customizations in a patch of the ConfigMap `argocd-cm`."""

    def __init__(self, patch: Path = PATCH) -> None:
        self._data: dict[str, str] = yaml.safe_load(patch.read_text())["data"]

    def health(self, found: Object) -> Health:
        """Run the health check of an object's kind."""
        said = _run(self._data[f"{_PREFIX}.health.{_kind(found)}"], found)
        assert said["status"] in HEALTHS
        return Health(said["status"], said["message"])

    def actions(self, found: Object) -> dict[str, bool]:
        """The actions on an object, and whether each can be used now."""
        discovered = _run(self._of_actions(found)["discovery.lua"], found)
        return {name: not action.get("disabled", False) for name, action in discovered.items()}

    def act(self, found: Object, name: str) -> Object:
        """The object as an action leaves it; Argo CD patches what differs."""
        scripts = {one["name"]: one["action.lua"] for one in self._of_actions(found)["definitions"]}
        changed: Object = _run(scripts[name], found)
        return changed

    def _of_actions(self, found: Object) -> Any:
        return yaml.safe_load(self._data[f"{_PREFIX}.actions.{_kind(found)}"])


def _kind(found: Object) -> str:
    return f"{found['apiVersion'].split('/')[0]}_{found['kind']}"


def _run(script: str, found: Object) -> Any:
    lua = LuaRuntime(register_eval=False, register_builtins=False)
    # Methods of text, such as ("x"):lower(), come from the library `string` too.
    lua.execute('getmetatable("").__index = nil')
    names = lua.globals()
    for library in _NOT_LOADED:
        names[library] = None
    names["obj"] = lua.table_from(found, recursive=True)
    return _plain(lua.execute(script))


def _plain(value: Any) -> Any:
    """A Lua value as JSON; a table is a list if its keys count from 1."""
    if lua_type(value) != "table":
        return value
    members = {key: _plain(member) for key, member in value.items()}
    if members and list(members) == list(range(1, len(members) + 1)):
        return list(members.values())
    return members
