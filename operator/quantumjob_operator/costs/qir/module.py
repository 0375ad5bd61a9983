"""A QIR program as a module of LLVM: labels, declarations, attributes, flags, and the one function that it defines."""

import re
from typing import Final

from quantumjob_operator.costs.gates import Gates, UncountableError
from quantumjob_operator.costs.qir.body import GROUP, Body, characters, operands
from quantumjob_operator.costs.qir.tokens import GLOBAL, NUMBER, Tokens

_ENTRY: Final = frozenset({'"entry_point"', '"EntryPoint"'})
_QUBITS: Final = ('"required_num_qubits"', '"requiredQubits"')
_KEYS: Final = {
    *(*_ENTRY, *_QUBITS, '"required_num_results"', '"requiredResults"'),
    *('"output_labeling_schema"', '"qir_profiles"', '"irreversible"'),
}
_FLAGS: Final = {
    *('"qir_major_version"', '"qir_minor_version"', '"int_computations"', '"float_computations"', '"arrays"'),
    *('"dynamic_qubit_management"', '"dynamic_result_management"', '"ir_functions"', '"backwards_branching"'),
    *('"multiple_target_branching"', '"multiple_return_points"'),
}
_CHARACTERS: Final = re.compile(r'c"[^"]*"')
_TEXT: Final = re.compile(r'"[^"\\]*"')
_QUOTED_NUMBER: Final = re.compile(r'"\d{1,9}"')


class Module:
    """One pass over a module: everything in it is read, or refused."""

    def __init__(self, tokens: Tokens) -> None:
        self._tokens = tokens
        self._names: set[str] = set()
        self._groups: dict[str, dict[str, str]] = {}
        self._entry, self._entry_group = "", ""
        self._body = Body(tokens)

    def count(self, entry_point: object) -> Gates:
        """The count of all that it has, if that is what runs.

        Raises:
            UncountableError: It is not, or it has what has no place here.
        """
        self._read()
        body, keys = self._body, self._groups.get(self._entry_group, {})
        if self._entry != f"@{entry_point}" or not _ENTRY & keys.keys():
            raise UncountableError("the QIR has no function that is the job's entry point")
        if not (body.called | body.labels) <= self._names:
            raise UncountableError("the QIR uses a name that it does not declare")
        asked = [keys.get(key, '"0"') for key in _QUBITS]
        if not all(map(_QUOTED_NUMBER.fullmatch, asked)):
            raise UncountableError("the QIR asks for a number of qubits that is none")
        # Each qubit is prepared once; those that are asked for and not used are counted, too.
        prepared = max(len(body.qubits), *(int(number.strip('"')) for number in asked))
        return body.total + Gates(measured=prepared)

    def _read(self) -> None:
        tokens = self._tokens
        while word := tokens.next():
            if word == "define":
                self._function()
            elif word == "declare":
                tokens.take("void")
                self._new(name := tokens.next())
                operands(tokens, name)
            elif word == "attributes":
                self._attributes()
            elif word == "source_filename":
                tokens.take("=")
                tokens.matching(_TEXT)
            elif word in ("%Qubit", "%Result"):
                self._new(word)
                tokens.take("=", "type", "opaque")
            elif GLOBAL.fullmatch(word):
                self._constant(word)
            elif word == "!llvm.module.flags":
                self._flags()
            elif word == "!":
                self._metadata()
            else:
                raise tokens.refusal()

    def _new(self, name: str) -> None:
        """Nothing is there twice: LLVM merges some of what is, and refuses the rest."""
        if name in self._names:
            raise self._tokens.refusal("has a name for the second time")
        self._names.add(name)

    def _function(self) -> None:
        """`define void @main() #0 {`, and its body."""
        tokens = self._tokens
        result, name = tokens.next(), tokens.next()
        if self._entry or result not in ("void", "i64") or not GLOBAL.fullmatch(name):
            raise tokens.refusal("defines a second function, or one that is no entry point")
        self._new(name)
        self._entry = name
        tokens.take("(", ")")
        self._entry_group = tokens.matching(GROUP)
        tokens.take("{")
        self._body.read(result)

    def _constant(self, name: str) -> None:
        r"""`@0 = internal constant [4 x i8] c"0_a\00"`: the label of an output."""
        tokens = self._tokens
        self._new(name)
        tokens.take("=")
        tokens.take_one("internal", "private")
        tokens.skips("unnamed_addr")
        tokens.take("constant")
        characters(tokens)
        tokens.matching(_CHARACTERS)

    def _attributes(self) -> None:
        """`attributes #0 = { "entry_point" "required_num_qubits"="3" }`."""
        tokens, keys = self._tokens, dict[str, str]()
        self._new(group := tokens.matching(GROUP))
        tokens.take("=", "{")
        while not tokens.skips("}"):
            key = tokens.next()
            if key not in _KEYS or key in keys:
                raise tokens.refusal("has an attribute that is not known here")
            keys[key] = tokens.matching(_TEXT) if tokens.skips("=") else '""'
        self._groups[group] = keys

    def _flags(self) -> None:
        """`!llvm.module.flags = !{!0, !1}`."""
        self._new("!llvm.module.flags")
        self._tokens.take("=", "!", "{")
        self._tokens.listed(self._reference, "}")

    def _metadata(self) -> None:
        """`!0 = !{i32 1, !"qir_major_version", i32 1}`, or a list of texts."""
        tokens = self._tokens
        self._new(f"!{tokens.matching(NUMBER)}")
        tokens.take("=", "!", "{")
        if not tokens.skips("i32"):
            tokens.listed(self._text, "}")
            return
        tokens.matching(NUMBER)
        tokens.take(",", "!")
        flag = tokens.next()
        if flag not in _FLAGS:
            raise tokens.refusal("has a flag that is not known here")
        tokens.take(",")
        self._value(flag)
        tokens.take("}")

    def _value(self, flag: str) -> None:
        tokens = self._tokens
        if flag.startswith('"dynamic_'):
            # Qubits that the program allocates have no numbers that tell them apart.
            tokens.take("i1", "false")
        elif tokens.skips("i1"):
            tokens.take_one("true", "false")
        elif tokens.skips("i2", "i32"):
            tokens.matching(NUMBER)
        else:
            self._reference()

    def _reference(self) -> None:
        """`!1`, or `!{!"i64"}`."""
        tokens = self._tokens
        tokens.take("!")
        if tokens.skips("{"):
            tokens.listed(self._text, "}")
        else:
            tokens.matching(NUMBER)

    def _text(self) -> None:
        self._tokens.take("!")
        self._tokens.matching(_TEXT)
