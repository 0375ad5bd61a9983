"""Writes docs/reference.md from the CRDs: `python tests/pages/reference.py`.

The descriptions are the CRDs' own. Must not live here: anything about fields that the CRDs don't say.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import yaml

PROJECT: Final = Path(__file__).resolve().parents[2]
PAGE: Final = PROJECT / "docs" / "reference.md"
_CRDS: Final = (
    "quantumjobs.dev_quantumjobs.yaml",
    "quantumjobs.dev_quantumworkspaces.yaml",
    "quantumjobs.dev_quantumpolicies.yaml",
    "quantumjobs.dev_quantumbudgets.yaml",
)
_LIMITS: Final = {
    "minimum": "≥ {}",
    "maximum": "≤ {}",
    "minLength": "at least {} characters",
    "maxLength": "at most {} characters",
    "minItems": "at least {} items",
    "maxItems": "at most {} items",
    "maxProperties": "at most {} entries",
    "pattern": "`{}`",
}
_FORMS: Final = frozenset({"byte", "date-time", "uri"})
_INTRODUCTION: Final = """\
# Reference

Written by `make docs` from [crds/](../crds); `kubectl explain` has the same. A field in **bold** is required where its
parent is given.
"""

Schema = dict[str, Any]


def page() -> str:
    """The whole page."""
    kinds = (yaml.safe_load((PROJECT / "crds" / name).read_text()) for name in _CRDS)
    return "\n".join([_INTRODUCTION, *(line for kind in kinds for line in _kind(kind))])


def _kind(definition: Schema) -> Iterator[str]:
    spec = definition["spec"]
    (version,) = spec["versions"]
    schema, names = version["schema"]["openAPIV3Schema"], spec["names"]
    yield f"## {names['kind']}"
    yield ""
    yield schema["description"]
    yield ""
    yield f"`apiVersion: {spec['group']}/{version['name']}`, short name `{names['shortNames'][0]}`."
    yield ""
    yield from _rules(_messages(schema))
    for part in ("spec", "status") if "status" in schema["properties"] else ("spec",):
        yield f"### {names['kind']} {part}"
        yield ""
        yield from _part(schema["properties"][part])
    yield from _columns(version["additionalPrinterColumns"])


def _part(schema: Schema) -> Iterator[str]:
    yield "| field | type | what it is |"
    yield "|---|---|---|"
    yield from _rows("", schema)
    yield ""
    yield from _rules([message for inner in _within(schema) for message in _messages(inner)])


def _rows(path: str, schema: Schema) -> Iterator[str]:
    for name, inner in schema.get("properties", {}).items():
        field = f"**`{path}{name}`**" if name in schema.get("required", []) else f"`{path}{name}`"
        yield f"| {field} | {_type(inner)} | {_described(inner)} |"
        yield from _rows(f"{path}{name}{'[]' if 'items' in inner else ''}.", _element(inner))


def _within(schema: Schema) -> Iterator[Schema]:
    yield schema
    for inner in schema.get("properties", {}).values():
        yield from _within(inner)
    if "items" in schema:
        yield from _within(schema["items"])


def _element(schema: Schema) -> Schema:
    """What a list is made of; anything else is itself."""
    items: Schema = schema.get("items", schema)
    return items


def _type(schema: Schema) -> str:
    if schema.get("type") == "array":
        return f"list of {_type(schema['items'])}"
    values = schema.get("additionalProperties")
    if isinstance(values, dict):
        return f"map of {_type(values)}"
    if schema.get("x-kubernetes-preserve-unknown-fields"):
        return "any JSON object"
    form = schema.get("format", "")
    return f"{schema['type']} ({form})" if form in _FORMS else str(schema["type"])


def _described(schema: Schema) -> str:
    sentences = [schema.get("description", "")]
    if values := schema.get("enum"):
        sentences.append("One of " + ", ".join(f"`{value}`" for value in values) + ".")
    limits = [text.format(_plain(schema[name])) for name, text in _LIMITS.items() if name in schema]
    if limits:
        sentences.append("Limits: " + ", ".join(limits) + ".")
    return _plain(" ".join(filter(None, sentences)))


def _messages(schema: Schema) -> list[str]:
    return [rule["message"] for rule in schema.get("x-kubernetes-validations", []) if "message" in rule]


def _rules(messages: list[str]) -> Iterator[str]:
    if messages:
        yield "The API server refuses what breaks one of these rules, and says so:"
        yield ""
        yield from (f"- {message}" for message in dict.fromkeys(messages))
        yield ""


def _columns(columns: list[Schema]) -> Iterator[str]:
    yield "Columns of `kubectl get` (in italics: with `-o wide`):"
    shown = (f"*{one['name']}*" if one.get("priority") else one["name"] for one in columns)
    yield ", ".join(shown) + "."
    yield ""


def _plain(value: object) -> str:
    """Text that stays within one cell of a table."""
    return " ".join(str(value).split()).replace("|", "\\|")


if __name__ == "__main__":
    PAGE.write_text(page())
