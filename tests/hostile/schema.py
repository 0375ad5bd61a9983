"""Values that a structural schema of ours admits, as Hypothesis strategies made by walking it.

What a schema can't say (its CEL rules) is said here for the few fields that need it. Must not live here: anything that
is meant to be refused (`hostile.spoiling`).
"""

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, Final

import yaml
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from localstack.manifests import CRDS

Schema = Mapping[str, Any]
Path = tuple[str, ...]
Values = SearchStrategy[Any]

_LONGEST: Final = 60
_MOST_ITEMS: Final = 4
_SCALARS: Final = (
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
)
JSON: Final[Values] = st.recursive(
    _SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=12), inner, max_size=3),
    max_leaves=12,
)
_KNOWN: Final = (
    ("ionq", "ionq.simulator", "ionq.circuit.v1"),
    ("IonQ", "ionq.qpu.aria-1", "ionq.circuit.v1"),
    ("quantinuum", "quantinuum.sim.h2-1e", "honeywell.openqasm.v1"),
    ("rigetti", "rigetti.sim.qvm", "qir.v1"),
)


@cache
def spec_schema(kind: str) -> Schema:
    """The schema of `.spec` in the CRD of a kind."""
    for file in CRDS.glob("*.yaml"):
        crd = yaml.safe_load(file.read_text())
        if crd["spec"]["names"]["kind"] == kind:
            schema: Schema = crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"]
            return schema
    raise LookupError(f"no CRD of kind {kind}")


@cache
def specs(kind: str) -> Values:
    """Specs of a kind that the API server accepts, or nearly always does."""
    values = _values(spec_schema(kind), ())
    if kind != "QuantumJob":
        return values
    return st.builds(_as_people_write, values, st.sampled_from([None, *_KNOWN]))


def _as_people_write(spec: dict[str, Any], known: tuple[str, str, str] | None) -> dict[str, Any]:
    """Mostly a billable definition that the service would take, no `count` alone, and nothing said twice."""
    if known:
        spec["provider"], spec["target"], spec["program"]["format"] = known
        spec.pop("outputFormat", None)
    parameters = spec.get("parameters", {})
    if parameters.get("count") is not None and parameters.get("shots") is None:
        parameters["shots"] = 1
    if "include" in spec.get("output", {}):
        spec["output"].pop("includeResult", None)
    return spec


def _values(schema: Schema, path: Path) -> Values:
    special = _SPECIAL.get(".".join(path))
    if special:
        return special(schema, path)
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    return _BY_TYPE[schema.get("type", "any")](schema, path)


def _objects(schema: Schema, path: Path) -> Values:
    if "properties" not in schema:
        if "additionalProperties" not in schema:
            return st.dictionaries(st.text(max_size=12), JSON, max_size=4)
        keys = st.from_regex(r"[a-z]{1,12}", fullmatch=True)
        return st.dictionaries(keys, _values(schema["additionalProperties"], (*path, "*")), max_size=_MOST_ITEMS)
    values = {name: _values(inner, (*path, name)) for name, inner in schema["properties"].items()}
    required = schema.get("required", ())
    known = st.fixed_dictionaries(
        {name: values[name] for name in required},
        optional={name: strategy for name, strategy in values.items() if name not in required},
    )
    if not schema.get("x-kubernetes-preserve-unknown-fields"):
        return known
    extra = st.dictionaries(st.text(max_size=12).filter(lambda key: key not in values), JSON, max_size=3)
    return st.builds(lambda one, other: {**other, **one}, known, extra)


def _lists(schema: Schema, path: Path) -> Values:
    unique = "x-kubernetes-list-type" in schema and schema["x-kubernetes-list-type"] == "set"
    most = min(schema.get("maxItems", _MOST_ITEMS), _MOST_ITEMS)
    return st.lists(_values(schema["items"], (*path, "*")), max_size=most, unique=unique)


def _strings(schema: Schema, _: Path) -> Values:
    longest = min(schema.get("maxLength", _LONGEST), _LONGEST)
    if "pattern" in schema:
        limit = schema.get("maxLength", 10 * _LONGEST)
        return st.from_regex(schema["pattern"], fullmatch=True).filter(lambda text: len(text) <= limit)
    return st.text(min_size=schema.get("minLength", 0), max_size=longest)


def _integers(schema: Schema, _: Path) -> Values:
    return st.integers(schema.get("minimum", -(2**31)), schema.get("maximum", 2**31))


def _booleans(_: Schema, __: Path) -> Values:
    return st.booleans()


def _anything(_: Schema, __: Path) -> Values:
    return JSON


def _programs(schema: Schema, path: Path) -> Values:
    """Exactly one source: a CEL rule."""
    sources = {name: inner for name, inner in schema["properties"].items() if name != "format"}
    known = st.sampled_from([form for _, _, form in _KNOWN])
    form = known | _values(schema["properties"]["format"], (*path, "format"))

    one = {
        name: st.fixed_dictionaries({"format": form, name: _values(inner, (*path, name))})
        for name, inner in sources.items()
    }
    # Mostly inline: a reference to nothing is pending, and there is nothing more to be learnt from it.
    return st.sampled_from(["source", "source", "sourceBase64", *one]).flatmap(one.__getitem__)


def _seldom(_: Schema, __: Path) -> Values:
    return st.sampled_from([False, False, False, False, True])


def _known_or_not(position: int) -> Callable[[Schema, Path], Values]:
    def values(schema: Schema, _: Path) -> Values:
        return st.sampled_from([known[position] for known in _KNOWN]) | _strings(schema, ())

    return values


def _workspace_references(_: Schema, __: Path) -> Values:
    return st.fixed_dictionaries({"name": st.sampled_from(["default", "default", "default", "nowhere"])})


def _one_member(schema: Schema, path: Path) -> Values:
    one = {
        name: st.fixed_dictionaries({name: _values(inner, (*path, name))})
        for name, inner in schema["properties"].items()
    }
    return st.sampled_from(sorted(one)).flatmap(one.__getitem__)


_SPECIAL: Final[Mapping[str, Callable[[Schema, Path], Values]]] = {
    "program": _programs,
    "provider": _known_or_not(0),
    "target": _known_or_not(1),
    "workspaceRef": _workspace_references,
    "credentials": _one_member,
    "cancel": _seldom,
    "suspend": _seldom,
}
_BY_TYPE: Final[Mapping[str, Callable[[Schema, Path], Values]]] = {
    "object": _objects,
    "array": _lists,
    "string": _strings,
    "integer": _integers,
    "boolean": _booleans,
    "any": _anything,
}
