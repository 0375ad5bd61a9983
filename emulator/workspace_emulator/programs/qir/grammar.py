"""The part of LLVM's language that is run here, as patterns for the lines of a module that LLVM itself has printed.

What no pattern names is not run: that holds for constants as well, which LLVM writes into any instruction and evaluates
when the code is loaded (`ptrtoint` of a function would be a number to print, `getelementptr` an address to write to).
Must not live here: which functions may be called with what (`runtime`), and what a program is told (`inspection`).
"""

import re
from typing import Final

GLOBAL: Final = r'@(?:[\w.$\-]+|"[^"]*")'
LOCAL: Final = r'%(?:[\w.$\-]+|"[^"]*")'
_INT: Final = r"i(?:[1-5]\d|6[0-4]|[1-9])"
_FLOAT: Final = r"(?:double|float)"
TYPE: Final = rf"(?:{_INT}|{_FLOAT}|ptr)"

NUMBER: Final = r"(?:true|false|-?\d+(?:\.\d+e[+\-]\d+)?|0x[0-9A-F]{16})"
_SCALAR: Final = rf"(?:{LOCAL}|{NUMBER})"
# The number of a qubit or of a result: the only pointers that a program computes with.
ID: Final = r"(?:null|inttoptr \(i64 \d+ to ptr\))"
VALUE: Final = rf"(?:{_SCALAR}|{ID})"

ZEROS: Final = {"double": "0.0", "float": "0.0", "ptr": "null"}
"""Zero of each type; 0 of the others."""

# What may be said of a parameter; none of these changes how it is passed, or makes a pointer be followed.
_TOLD: Final = r"(?: (?:noundef|zeroext|signext|readonly|readnone|writeonly|nocapture|captures\(none\)))*"
_FAST: Final = r"(?: (?:fast|nnan|ninf|nsz|arcp|contract|afn|reassoc))*"
_RETURNS: Final = rf"(?:(?:noundef|zeroext|signext) )*(?P<returns>void|{TYPE})"

_PARAMETER: Final = rf"{TYPE}{_TOLD}(?: {LOCAL})?"
_HEAD: Final = (
    rf"{_RETURNS} (?P<name>{GLOBAL})\((?P<parameters>(?:{_PARAMETER}(?:, {_PARAMETER})*)?)\)"
    r"(?: (?:local_)?unnamed_addr)?(?: #\d+)?"
)
DECLARATION: Final = re.compile(rf"declare (?:dso_local )?{_HEAD}")
DEFINITION: Final = re.compile(rf"define (?:internal |private )?(?:dso_local )?{_HEAD} {{")
PARAMETER: Final = re.compile(rf"({TYPE}){_TOLD}(?: {LOCAL})?")

LABEL_GLOBAL: Final = re.compile(
    rf"(?P<name>{GLOBAL}) = (?:internal|private)(?: (?:local_)?unnamed_addr)? constant"
    r' \[[1-9]\d* x i8\] (?:zeroinitializer|c"[^"]*\\00")(?:, align \d{1,2})?'
)
"""Constant text that ends with a zero byte: nobody reads beyond it."""

_ARGUMENT: Final = rf"{TYPE}{_TOLD} (?:{VALUE}|{GLOBAL})"
CALL: Final = re.compile(
    rf"(?:{LOCAL} = )?(?:(?:tail|notail) )?call{_FAST} {_RETURNS} (?P<callee>{GLOBAL})"
    rf"\((?P<arguments>(?:{_ARGUMENT}(?:, {_ARGUMENT})*)?)\)(?: #\d+)?"
)
ARGUMENT: Final = re.compile(
    rf"(?P<type>{TYPE}){_TOLD} (?:(?P<id>{ID})|(?P<scalar>{_SCALAR})|(?P<label>{GLOBAL}))(?:, |$)"
)

_PLAIN: Final = (
    r"ret void",
    rf"ret {TYPE} {VALUE}",
    rf"br label {LOCAL}",
    rf"br i1 {_SCALAR}, label {LOCAL}, label {LOCAL}",
    rf"switch {_INT} {_SCALAR}, label {LOCAL} \[",
    rf"{_INT} -?\d+, label {LOCAL}",
    r"\]",
)
_COMPUTED: Final = (
    rf"phi{_FAST} {TYPE} \[ {VALUE}, {LOCAL} \](?:, \[ {VALUE}, {LOCAL} \])*",
    rf"select{_FAST} i1 {_SCALAR}, {TYPE} {VALUE}, {TYPE} {VALUE}",
    rf"freeze {TYPE} {VALUE}",
    rf"(?:add|sub|mul|shl)(?: nuw)?(?: nsw)? {_INT} {_SCALAR}, {_SCALAR}",
    rf"(?:sdiv|udiv|lshr|ashr)(?: exact)? {_INT} {_SCALAR}, {_SCALAR}",
    rf"(?:srem|urem|and|or|or disjoint|xor) {_INT} {_SCALAR}, {_SCALAR}",
    rf"icmp (?:eq|ne|[us][gl][te]) {_INT} {_SCALAR}, {_SCALAR}",
    rf"(?:zext|zext nneg|sext|trunc)(?: nuw)?(?: nsw)? {_INT} {_SCALAR} to {_INT}",
)
_WITH_FLOATS: Final = (
    rf"(?:fadd|fsub|fmul|fdiv){_FAST} {_FLOAT} {_SCALAR}, {_SCALAR}",
    rf"fneg{_FAST} {_FLOAT} {_SCALAR}",
    rf"fcmp{_FAST} [a-z]+ {_FLOAT} {_SCALAR}, {_SCALAR}",
    rf"(?:fptosi|fptoui|sitofp|uitofp|uitofp nneg|fpext|fptrunc) {TYPE} {_SCALAR} to {TYPE}",
)
INSTRUCTION: Final = re.compile(rf"{'|'.join(_PLAIN)}|{LOCAL} = (?:{'|'.join((*_COMPUTED, *_WITH_FLOATS))})")
WITH_FLOATS: Final = re.compile(rf"{LOCAL} = (?:{'|'.join(_WITH_FLOATS)})")

BLOCK: Final = re.compile(r'(?:[\w.$\-]+|"[^"]*"):(?: +; preds = .*)?')

_ATTRIBUTE: Final = (
    r'"(?:entry_point|EntryPoint|InteropFriendly|output_labeling_schema|output_names|qir_profiles|irreversible'
    r'|required_num_(?:qubits|results)|num_required_(?:qubits|results)|required(?:Qubits|Results))"(?:="[^"]*")?'
    r"|nounwind|nofree|nosync|willreturn|norecurse|mustprogress|noinline|alwaysinline|optnone|optsize|cold|speculatable"
    r"|readnone|readonly|writeonly|argmemonly|inaccessiblememonly|memory\([a-z:, ]*\)"
)
ATTRIBUTES: Final = re.compile(rf"attributes #\d+ = {{(?: (?:{_ATTRIBUTE}))* }}")

_FLAG: Final = (
    "qir_major_version|qir_minor_version|dynamic_qubit_management|dynamic_result_management|int_computations"
    "|float_computations|backwards_branching|arrays|ir_functions|writable_results|multiple_target_branching"
    "|multiple_return_points|classical_ints|classical_floats|classical_fixed_points|user_functions"
)
_FLAG_VALUE: Final = r"i\d+ -?\d+|i1 (?:true|false)|!\d+|!{[^}]*}"
BESIDE: Final = re.compile(
    r"|;.*|source_filename = .*|%[\w.]+ = type .*"
    r"|!llvm\.module\.flags = !{[!\d, ]*}"
    rf'|!\d+ = !{{(?:i32 \d+, !"(?:{_FLAG})", (?:{_FLAG_VALUE})|!"[^"]*"(?:, !"[^"]*")*)?}}'
)
"""Lines beside the functions that carry no code: comments, types, and what QIR says of a module in its flags."""
