"""Copies of a running process that share nothing that changes.

Follows the graph of parts generically, so that a new attribute of the operator's own classes is copied without anybody
thinking of it. Values (frozen dataclasses, texts, functions, settings) are shared. Must not live here: anything that
knows what the parts mean.
"""

from collections import Counter, deque
from collections.abc import Callable
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


def is_shared(kind: type) -> bool:
    """Whether values of a type are never copied."""
    if kind not in _CLONERS:
        _CLONERS[kind] = _cloner_of(kind)
    return _CLONERS[kind] is _shared


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


def _method(value: MethodType, memo: Memo) -> MethodType:
    return MethodType(value.__func__, cloned(value.__self__, memo))


def _clock(value: Clock, memo: Memo) -> Clock:
    copy = memo[id(value)] = Clock(cloned(value.monotonic, memo), cloned(value.now, memo))
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


def _cloner_of(kind: type) -> Cloner:
    module = kind.__module__
    frozen = getattr(getattr(kind, "__dataclass_params__", None), "frozen", False)
    ours = module.startswith(_OURS) and not issubclass(kind, BaseException | str | int)
    return _instance if ours and not frozen and not hasattr(kind, "model_fields") else _shared


_SLOTS: Final[dict[type, tuple[str, ...]]] = {}
_CLONERS: Final[dict[type, Cloner]] = {
    dict: _dict,
    Counter: _dict,
    list: _items,
    set: _items,
    deque: _items,
    MethodType: _method,
    Clock: _clock,
}
