"""What a running process holds, taken out of its parts and put into others.

The parts of every process are wired alike; only what stands in their attributes differs. The graph of parts is followed
generically, so that a new attribute of the operator's own classes is taken along without anybody thinking of it.
Values (frozen dataclasses, texts, functions, settings) are shared, the rest is copied. Must not live here: anything
that knows what the parts mean.
"""

from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass
from types import MethodType
from typing import Any, Final

from quantumjob_operator.clock import Clock

_OURS: Final = ("quantumjob_operator.", "explore.")
Memo = dict[int, Any]
Cloner = Callable[[Any, Memo], Any]


def cloned(value: Any, memo: Memo | None = None) -> Any:
    """A copy of a graph; whatever stands in it twice stands in the copy twice."""
    memo = {} if memo is None else memo
    kind = type(value)
    cloner = _CLONERS.get(kind)
    if cloner is None:
        cloner = _CLONERS[kind] = _cloner_of(kind)
    if cloner is _shared:
        return value
    known = memo.get(id(value))
    return cloner(value, memo) if known is None else known


@dataclass(frozen=True, slots=True)
class Leaf:
    """An attribute in which a part holds something, and the names that lead there."""

    owner: Any
    path: tuple[str, ...]


def leaves(**roots: Any) -> list[Leaf]:
    """All attributes of a graph of parts that don't just wire it up, in an order that depends on the wiring alone."""
    found: list[Leaf] = []
    seen = set(map(id, roots.values()))
    for name, root in roots.items():
        _gather(root, (name,), found, seen)
    return found


def _gather(part: Any, path: tuple[str, ...], found: list[Leaf], seen: set[int]) -> None:
    seen.add(id(part))
    for name in (*attributes(type(part)), *getattr(part, "__dict__", ())):
        value, here = getattr(part, name), (*path, name)
        if _is_part(value):
            if id(value) not in seen:
                _gather(value, here, found, seen)
        elif not _wires(value):
            found.append(Leaf(part, here))


def _is_part(value: Any) -> bool:
    return _cloner_of(type(value)) is _instance


def _wires(value: Any) -> bool:
    """Whether a value leads to parts, as methods and tables of them do."""
    if isinstance(value, dict):
        return any(map(_wires, value.values()))
    return (
        isinstance(value, MethodType | Clock)
        or _is_part(value)
        or any(_is_part(getattr(value, name, None)) for name in getattr(value, "__dataclass_fields__", ()))
    )


def held(found: list[Leaf]) -> list[Any]:
    """What stands in the leaves."""
    return [getattr(one.owner, one.path[-1]) for one in found]


def hold(found: list[Leaf], values: list[Any]) -> None:
    """Put copies of what stood in the leaves of one graph into those of another that is wired alike."""
    memo: Memo = {}
    for one, value in zip(found, values, strict=True):
        copy = value if _CLONERS.get(type(value)) is _shared else cloned(value, memo)
        setattr(one.owner, one.path[-1], copy)


def attributes(kind: type) -> tuple[str, ...]:
    """The names in the slots of a class and its bases."""
    return tuple(name for one in kind.__mro__ for name in getattr(one, "__slots__", ()) if name != "__weakref__")


def _shared(value: Any, _: Memo) -> Any:
    return value


def _dict(value: dict[Any, Any], memo: Memo) -> Any:
    copy = memo[id(value)] = type(value)()
    copy.update({key: cloned(one, memo) for key, one in value.items()})
    return copy


def _items(value: Any, memo: Memo) -> Any:
    copy = memo[id(value)] = type(value)(cloned(one, memo) for one in value)
    return copy


def _instance(value: Any, memo: Memo) -> Any:
    kind = type(value)
    copy: Any = object.__new__(kind)
    memo[id(value)] = copy
    limiter = _SLOTS.get(kind)
    if limiter is None:
        limiter = _SLOTS[kind] = attributes(kind)
    for name in limiter:
        one = getattr(value, name)
        setattr(copy, name, one if _CLONERS.get(type(one)) is _shared else cloned(one, memo))
    own = None if limiter else getattr(copy, "__dict__", None)
    if own is not None:
        for name, one in value.__dict__.items():
            own[name] = one if _CLONERS.get(type(one)) is _shared else cloned(one, memo)
    return copy


def _method(value: MethodType, _: Memo) -> Any:
    """Of a clock, which all share; any other would lead from one process to the parts of another."""
    if _is_part(value.__self__) and not hasattr(value.__self__, "monotonic"):
        raise TypeError(f"what a process holds leads to its parts by {value.__qualname__}, and can't be copied")
    return value


def _cloner_of(kind: type) -> Cloner:
    module = kind.__module__
    frozen = getattr(getattr(kind, "__dataclass_params__", None), "frozen", False)
    ours = module.startswith(_OURS) and not issubclass(kind, BaseException | str | int | tuple)
    return _instance if ours and not frozen and not hasattr(kind, "model_fields") else _shared


_SLOTS: Final[dict[type, tuple[str, ...]]] = {}
_CLONERS: Final[dict[type, Cloner]] = {
    dict: _dict,
    Counter: _dict,
    list: _items,
    set: _items,
    deque: _items,
    MethodType: _method,
}
