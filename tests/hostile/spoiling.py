"""Ways to spoil a manifest: a little, so that it is nearly valid, or with malice.

Values that JSON writers can't write (a number beyond all floats, lists in thousands of lists) stand here as texts that
`hostile.manifests` replaces when it encodes. Must not live here: what the answer should be.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn

Manifest = dict[str, Any]
Change = Callable[[DrawFn, Manifest], None]

NAME_OF_253: Final = ".".join(["n" * 62] * 4) + "n"
CONTROL: Final = "a\x00b\x01\x1b[31mred\x7f\u0085\u2028\u202e\r\nSet-Cookie: x=1\ufeff"
LONE_SURROGATE: Final = "half \ud83d of a pair"
YAML_BOMB: Final = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"{name}: &{name} [{','.join([f'*{before}'] * 9)}]\n" for before, name in zip("abcdefgh", "bcdefghi", strict=True)
)
XML_BOMB: Final = '<!DOCTYPE l [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;">]><l>&b;&b;</l>'
PAYLOADS: Final = (
    CONTROL,
    LONE_SURROGATE,
    YAML_BOMB,
    XML_BOMB,
    "{{ .Values.secret }} ${jndi:ldap://127.0.0.1/x} %s%n {0.__class__.__init__.__globals__}",
    "'; DROP TABLE jobs; -- <script>alert(1)</script>",
    "../../../../etc/passwd?sig=abc#%2e%2e%00",
    "Z\u0335\u0321\u0353a\u0334l\u0336g\u0337o \U0001f4a9 \u0644\u0627 \u202eyx",
    "\U0010ffff" * 50,
    " ",
    "",
)
RAW_NUMBERS: Final = ("1e400", "-1e400", "1e308", "-0.0", "1e-400", "1" * 40, "-" + "9" * 30, "0.1" + "0" * 200 + "1")
DEPTHS: Final = (30, 63, 64, 65, 300, 900, 1_100, 5_000, 9_900, 20_000)
PROTOTYPES: Final = (
    "__proto__",
    "constructor",
    "__class__",
    "self",
    "$ref",
    "@type",
    "parameters",
    "shots ",
    "\u0455hots",
    "",
)
NUMBERS: Final = (0, -1, 1, 2**31, 2**53 + 1, 2**63 - 1, 2**63, -(2**63) - 1, 10**30, 1.5, 1e308)
WRONG: Final[tuple[Any, ...]] = (None, True, "", "x", [], {}, [None], {"x": None}, *NUMBERS, *PAYLOADS, "x" * 1_000)
NAMES: Final = (
    NAME_OF_253,
    NAME_OF_253 + "n",
    "n" * 64,
    "N" * 10,
    "-a",
    "a..b",
    "a/b",
    "..",
    "\u00fcber",
    "x\x00y",
    "",
    None,
    7,
    "kube-root-ca.crt",
)
_OTHER_UID: Final = "7f6a1c1e-9d2b-4b7c-8a55-0d9e6d1f0a01"
_OTHER_WORKSPACE: Final = (
    "/subscriptions/11111111-2222-3333-4444-555555555555/resourcegroups/rg/providers/microsoft.quantum/workspaces/ws"
)
CLAIMS: Final = (
    "",
    "null",
    "[]",
    "not JSON",
    '{"v":1}',
    '{"v":99,"uid":"u","workspace":"w","attempt":1,"holder":"h"}',
    f'{{"v":1,"uid":"{_OTHER_UID}","workspace":"{_OTHER_WORKSPACE}","attempt":1,"holder":"somebody"}}',
    f'{{"v":1,"uid":"{_OTHER_UID}","workspace":"x","attempt":9999999999999999999,"holder":""}}',
    "[" * 5_000 + "]" * 5_000,
    "x" * 200_000,
)


def nearly_valid(draw: DrawFn, manifest: Manifest) -> None:
    """One field of the spec is taken away, replaced, or joined by one that doesn't exist."""
    parent, key = draw(st.sampled_from(_slots(manifest["spec"])))
    what = draw(st.sampled_from(["drop", "replace", "replace", "replace", "add"]))
    if what == "drop":
        del parent[key]
    elif what == "replace":
        parent[key] = draw(st.sampled_from(WRONG))
    elif isinstance(parent, dict):
        parent[draw(st.sampled_from(["unknown", "Provider", "spec", "__proto__"]))] = draw(st.sampled_from(WRONG))
    else:
        parent.extend([parent[key]] * 300)


def hostile(name: str) -> Change:
    """A malicious change, joined by another one now and then."""

    def change(draw: DrawFn, manifest: Manifest) -> None:
        second = draw(st.sampled_from([name, name, *sorted(MALICE)]))
        for each in sorted({name, second}):
            MALICE[each](draw, manifest)

    return change


def _slots(value: Any) -> list[tuple[Any, Any]]:
    """Every member of an object or list, with what it is a member of."""
    keys: Any = value.keys() if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    return [place for key in keys for place in ((value, key), *_slots(value[key]))]


def _parameters(manifest: Manifest) -> dict[str, Any]:
    return _object(manifest, "parameters")


def _object(manifest: Manifest, field: str) -> dict[str, Any]:
    """A field of the spec that is an object, made if need be."""
    found: dict[str, Any] = manifest["spec"].get(field) or {}
    manifest["spec"][field] = found
    return found


def _huge_numbers(draw: DrawFn, manifest: Manifest) -> None:
    raw = draw(st.sampled_from(RAW_NUMBERS))
    _parameters(manifest).update({"shots": draw(st.sampled_from(NUMBERS)), "n": f"@@raw:{raw}@@"})


def _deep_json(draw: DrawFn, manifest: Manifest) -> None:
    kind = draw(st.sampled_from(["list", "object"]))
    _parameters(manifest)["deep"] = f"@@{kind}:{draw(st.sampled_from(DEPTHS))}@@"


def _wide_json(draw: DrawFn, manifest: Manifest) -> None:
    _parameters(manifest)["wide"] = {f"k{number}": number for number in range(draw(st.sampled_from([500, 5_000])))}


def _large(draw: DrawFn, manifest: Manifest) -> None:
    """Around the limits: of a program, of an object whose status can still be written, and of etcd."""
    _parameters(manifest)["large"] = "x" * draw(st.sampled_from([60_000, 60_000, 500_000, 530_000, 1_600_000]))


def _nulls(draw: DrawFn, manifest: Manifest) -> None:
    fields = draw(
        st.lists(st.sampled_from(["name", "tags", "output", "metadata", "suspend", "parameters"]), min_size=1)
    )
    manifest["spec"] |= dict.fromkeys(fields)
    manifest["spec"]["parameters"] = {"shots": None, "x": [{"y": None}]}


def _prototypes(draw: DrawFn, manifest: Manifest) -> None:
    key = draw(st.sampled_from(PROTOTYPES))
    _parameters(manifest)[key] = {"polluted": True, "toString": "x"}
    _object(manifest, "metadata")[key] = "polluted"


def _payload_as_program(draw: DrawFn, manifest: Manifest) -> None:
    form = manifest["spec"].get("program", {}).get("format", "qir.v1")
    manifest["spec"]["program"] = {"format": form, "source": draw(st.sampled_from(PAYLOADS))}


def _payload_as_text(draw: DrawFn, manifest: Manifest) -> None:
    text = draw(st.sampled_from(PAYLOADS))
    field = draw(st.sampled_from(["name", "tags", "metadata", "target", "outputFormat", "sessionId", "workspaceRef"]))
    values: Mapping[str, Any] = {"tags": [text], "metadata": {"note": text}, "workspaceRef": {"name": text}}
    manifest["spec"][field] = values.get(field, text)


def _shared_key(draw: DrawFn, manifest: Manifest) -> None:
    """Several objects, different billable definition, one identity."""
    manifest["spec"]["idempotencyKey"] = draw(st.sampled_from(["run", "RUN", "uid", "1", "k" * 63, "run.1", "run-1"]))


def _shared_output(draw: DrawFn, manifest: Manifest) -> None:
    """Names of ConfigMaps that others have, or would derive."""
    taken = ["shared", "kube-root-ca.crt", "job-0001-output", "job-0001-output-output", "n" * 253]
    keys = draw(st.sampled_from([{}, {"uri": "same", "jobId": "same"}, {"uri": "result"}, {"state": "counts.json"}]))
    manifest["spec"]["output"] = {"configMapName": draw(st.sampled_from(taken)), "keys": keys}


def _names(draw: DrawFn, manifest: Manifest) -> None:
    manifest["metadata"]["name"] = draw(st.sampled_from(NAMES))


def _claims(draw: DrawFn, manifest: Manifest) -> None:
    """As if the operator had been here."""
    manifest["metadata"]["annotations"] = {"quantumjobs.dev/claim": draw(st.sampled_from(CLAIMS))}
    manifest["metadata"]["finalizers"] = draw(st.sampled_from([[], ["quantumjobs.dev/cancel"], ["example.org/mine"]]))


def _status(draw: DrawFn, manifest: Manifest) -> None:
    condition = {"type": "Finished", "status": "True", "reason": "Mine", "message": "", "lastTransitionTime": "never"}
    manifest["status"] = draw(st.sampled_from([None, {"state": "Succeeded", "conditions": [condition]}, "done"]))


def _wrong_kind(draw: DrawFn, manifest: Manifest) -> None:
    field, value = draw(st.sampled_from([("kind", "Job"), ("apiVersion", "v1"), ("kind", None), ("spec", None)]))
    manifest[field] = value


MALICE: Final[Mapping[str, Change]] = {
    change.__name__: change
    for change in (
        _huge_numbers,
        _deep_json,
        _wide_json,
        _large,
        _nulls,
        _prototypes,
        _payload_as_program,
        _payload_as_text,
        _shared_key,
        _shared_output,
        _names,
        _claims,
        _status,
        _wrong_kind,
    )
}
