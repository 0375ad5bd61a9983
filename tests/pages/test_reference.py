"""docs/reference.md is what the CRDs say."""

from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from pages.reference import PAGE, PROJECT, page


def names(schema: dict[str, Any]) -> Iterator[str]:
    """Every field below a schema."""
    for name, inner in schema.get("properties", {}).items():
        yield name
        yield from names(inner.get("items", inner))


def test_page_is_current() -> None:
    """`make docs` would change nothing."""
    assert PAGE.read_text() == page()


@pytest.mark.parametrize("crd", sorted(path.name for path in (PROJECT / "crds").glob("*.yaml")))
def test_every_field_of_every_kind_has_a_row(crd: str) -> None:
    """In spec and in status, at every depth, and none without a description."""
    definition = yaml.safe_load((PROJECT / "crds" / crd).read_text())
    (version,) = definition["spec"]["versions"]
    _, _, text = page().partition(f"## {definition['spec']['names']['kind']}\n")
    for part in ("spec", "status"):
        for name in names(version["schema"]["openAPIV3Schema"]["properties"].get(part, {})):
            assert f"{name}`" in text
    assert "|  |" not in text
