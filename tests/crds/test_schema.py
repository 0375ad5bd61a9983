"""What holds for every field of the CRDs, read from their YAML; no API server needed."""

from collections.abc import Iterator
from typing import Any, Final

import pytest
import yaml

from crds.server import CRD_FOLDER

Schema = dict[str, Any]
FILES: Final = sorted(CRD_FOLDER.glob("*.yaml"))
UNBOUNDED_FORMATS: Final = {"date-time"}


def root(path: Any) -> Schema:
    """The schema of the only version of a CRD file."""
    (version,) = yaml.safe_load(path.read_text())["spec"]["versions"]
    schema: Schema = version["schema"]["openAPIV3Schema"]
    return schema


def fields(schema: Schema, path: str) -> Iterator[tuple[str, Schema]]:
    """A schema and everything below it, each with its path."""
    yield path, schema
    for name, below in schema.get("properties", {}).items():
        yield from fields(below, f"{path}.{name}")
    if "items" in schema:
        yield from fields(schema["items"], f"{path}[]")
    if "additionalProperties" in schema:
        yield from fields(schema["additionalProperties"], f"{path}{{}}")


FIELDS: Final = [
    pytest.param(schema, id=path)
    for file in FILES
    for path, schema in fields(root(file), root(file)["properties"]["kind"]["description"].split()[-1].rstrip("."))
    # The API server describes metadata itself and refuses a description there.
    if not path.endswith(".metadata") or ".spec." in path
]
SPEC_FIELDS: Final = [param for param in FIELDS if ".spec" in str(param.id)]
RULES: Final = [
    pytest.param(rule, id=f"{param.id}: {rule['message']}")
    for param in FIELDS
    for rule in param.values[0].get("x-kubernetes-validations", [])  # type: ignore[union-attr]  # always a schema here
]


@pytest.mark.parametrize("schema", FIELDS)
def test_field_is_described(schema: Schema) -> None:
    """Each field says in a sentence what it is, for `kubectl explain`."""
    description = schema.get("description", "")
    assert description.strip().endswith((".", "…", ")"))


@pytest.mark.parametrize("schema", SPEC_FIELDS)
def test_spec_field_has_no_default(schema: Schema) -> None:
    """A default that the server writes into a spec would show as drift in GitOps tools."""
    assert "default" not in schema


@pytest.mark.parametrize("schema", FIELDS)
def test_field_is_bounded(schema: Schema) -> None:
    """Text and lists have a greatest length, and lists say what tells their items apart."""
    match schema.get("type"):
        case "string":
            bounded = {"maxLength", "enum"} & schema.keys() or schema.get("format") in UNBOUNDED_FORMATS
            assert bounded or schema["description"].startswith(("Always", "At most", "Jobs without"))
        case "array":
            assert {"maxItems", "x-kubernetes-list-type"} <= schema.keys()
        case "object" if "additionalProperties" in schema:
            assert "maxProperties" in schema


@pytest.mark.parametrize("rule", RULES)
def test_rule_says_what_to_do(rule: Schema) -> None:
    """Each CEL rule has a message with a remedy after a colon, or one that begins with the remedy."""
    assert ": " in rule["message"] or rule["message"].startswith(("give ", "use "))
