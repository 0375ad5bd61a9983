"""The entry points of QIR, as text and as bitcode: LLVM itself (pyqir) writes what is read here."""

from collections.abc import Callable
from contextlib import suppress

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from pyqir import Context, Module

from growth import times_as_long
from quantumjob_operator.programs import UnreadableProgram, entry_points
from quantumjob_operator.programs.llvm_text import functions_with

ENTRY = 'attributes #0 = { "entry_point" "qir_profiles"="base_profile" }\n'


def function(name: str, attributes: str = "#0") -> str:
    """A function that is defined and does nothing."""
    return f"define void @{name}() {attributes} {{\nentry:\n  ret void\n}}\n"


def bitcode(text: str) -> bytes:
    """The same module as LLVM writes it."""
    return bytes(Module.from_ir(Context(), text).bitcode)


MODULES = [
    pytest.param(function("main") + ENTRY, ("main",), id="one function with the attribute in a group"),
    pytest.param(function("main", '"entry_point"'), ("main",), id="the attribute in the function's own head"),
    pytest.param(function("a") + function("b") + ENTRY, ("a", "b"), id="two entry points, in their order"),
    pytest.param(function("main") + function("helper", "") + ENTRY, ("main",), id="a helper without attributes"),
    pytest.param(
        function("main") + function("helper", "#1") + ENTRY + 'attributes #1 = { nounwind "x"="entry_point" }\n',
        ("main",),
        id="the word as a value of another attribute",
    ),
    pytest.param(
        function("main") + function("b", 'section "entry_point" gc "entry_point"') + ENTRY,
        ("main",),
        id="a section and a collector of that name",
    ),
    pytest.param(
        function("main") + function("b", '"x" partition "entry_point" prefix [11 x i8] c"entry_point"') + ENTRY,
        ("main",),
        id="a partition and data of that name",
    ),
    pytest.param(
        "$main = comdat any\n" + function("main", '"entry_point" section "x" comdat align 8'),
        ("main",),
        id="an entry point in a section",
    ),
    pytest.param(function("main", ""), (), id="no attribute at all"),
    pytest.param("declare void @main() #0\n" + ENTRY, (), id="a function that is only declared"),
    pytest.param(
        function('"Qiskit Sample - 3-qubit GHZ"') + ENTRY, ("Qiskit Sample - 3-qubit GHZ",), id="a quoted name"
    ),
    pytest.param(function('"a\\22b\\\\c"') + ENTRY, ('a"b\\c',), id="a name with escapes"),
    pytest.param(
        "define { i64, i1 } @pair(i64 %a, ptr nonnull %b) #0 {\n  ret { i64, i1 } zeroinitializer\n}\n" + ENTRY,
        ("pair",),
        id="a type with braces, and parameters",
    ),
    pytest.param(
        function("main") + 'attributes #0 = { "EntryPoint" "requiredQubits"="1" }\n', ("main",), id="the former name"
    ),
    pytest.param(
        '@0 = internal constant [13 x i8] c"define @x() {"\n' + function("main") + ENTRY,
        ("main",),
        id="a text that looks like a head",
    ),
    pytest.param(
        "".join(function(f"f{number}", "#1") for number in range(300))
        + function("main")
        + ENTRY
        + "attributes #1 = { nounwind }\n",
        ("main",),
        id="the last of 300 functions",
    ),
    pytest.param(
        "define void @main() #0 {\n" + "  call void @g()\n" * 20_000 + "  ret void\n}\ndeclare void @g()\n" + ENTRY,
        ("main",),
        id="a body of half a megabyte",
    ),
]


@pytest.mark.parametrize(("text", "found"), MODULES)
def test_text_and_bitcode_tell_the_same(text: str, found: tuple[str, ...]) -> None:
    """As the author writes it, as LLVM prints it, and as bitcode."""
    assert entry_points(text.encode()) == found
    assert entry_points(str(Module.from_ir(Context(), text)).encode()) == found
    assert entry_points(bitcode(text)) == found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        pytest.param("; define void @x() #0 {\n" + function("main") + ENTRY, ("main",), id="a comment"),
        pytest.param(
            "define void\n  @main(\n) ; why\n #0\n{ ret void }\n" + ENTRY, ("main",), id="a head of many lines"
        ),
        pytest.param("%Qubit = type opaque\n" + function("main") + ENTRY, ("main",), id="the types of older LLVM"),
        pytest.param("\ufeff" + function("main") + ENTRY, ("main",), id="a byte order mark"),
        pytest.param("", (), id="nothing"),
        pytest.param("OPENQASM 3; qubit q;", (), id="another language"),
    ],
)
def test_text_that_llvm_would_not_print(text: str, found: tuple[str, ...]) -> None:
    """People write programs too, and older compilers did."""
    assert entry_points(text.encode()) == found


def test_bitcode_in_a_wrapper() -> None:
    """Some platforms put five words around it: magic, version, offset, size, processor."""
    inner = bitcode(function("main") + ENTRY)
    words = (0x0B17C0DE, 0, 20, len(inner), 7)
    head = b"".join(word.to_bytes(4, "little") for word in words)
    assert entry_points(head + inner + b"\0" * 12) == ("main",)


WHOLE = bitcode("".join(function(name) for name in ("main", "other")) + ENTRY)


@pytest.mark.parametrize(
    "program",
    [
        pytest.param(b"\xff\xfe", id="neither bitcode nor text"),
        pytest.param(b"a\0b", id="text with a zero byte"),
        pytest.param(WHOLE[:100], id="bitcode that is cut off"),
        pytest.param(b"BC\xc0\xde", id="bitcode without a module"),
        pytest.param(WHOLE + WHOLE[4:], id="two modules in one file"),
        pytest.param(b"\xde\xc0\x17\x0b" + b"\0" * 30, id="a wrapper around nothing"),
        pytest.param(b'define void @main() "', id="a quotation mark without a partner"),
        pytest.param(b"define void @main() #0", id="a head without an end"),
        pytest.param(b"define void @f() {}\n" * 10_000, id="more functions than anybody has"),
        pytest.param(b"define @f(" + b"(" * 1_000_000, id="a head as long as the program"),
        pytest.param(b'attributes #0 = { "a" ' * 40_000, id="groups without an end"),
    ],
)
def test_what_cannot_be_read_is_no_opinion(program: bytes) -> None:
    """The service may take it all the same; so it is not "no entry point"."""
    with pytest.raises(UnreadableProgram):
        entry_points(program)


def vbr(value: int, width: int) -> list[int]:
    """Bits of a number of variable width, the lowest first."""
    bits: list[int] = []
    while True:
        part, value = value & ((1 << (width - 1)) - 1), value >> (width - 1)
        bits += [part >> place & 1 for place in range(width - 1)] + [int(value > 0)]
        if not value:
            return bits


def fixed(value: int, width: int) -> list[int]:
    """Bits of a number, the lowest first."""
    return [value >> place & 1 for place in range(width)]


def bomb(*bits: list[int]) -> bytes:
    """Bitcode of these bits, filled up with a megabyte of zeros."""
    flat = [bit for part in bits for bit in part]
    flat += [0] * (-len(flat) % 8)
    head = bytes(
        sum(bit << place for place, bit in enumerate(flat[start : start + 8])) for start in range(0, len(flat), 8)
    )
    return b"BC\xc0\xde" + head + b"\0" * 1_000_000


ARRAY_OF_LITERALS = [fixed(2, 2), vbr(3, 5), fixed(1, 1), vbr(1, 8), fixed(0, 1), fixed(3, 3), fixed(1, 1), vbr(0, 8)]


@pytest.mark.parametrize(
    "program",
    [
        pytest.param(bomb(fixed(3, 2), vbr(1, 6), vbr(2**60, 6)), id="a record of 2**60 numbers"),
        pytest.param(bomb(*ARRAY_OF_LITERALS), id="a row whose elements take no bits"),
        pytest.param(bomb(fixed(2, 2), vbr(2**40, 5)), id="an abbreviation of 2**40 parts"),
        pytest.param(bomb(fixed(1, 2), vbr(8, 8), vbr(2, 4), [0] * 18, fixed(0, 32)), id="a block that ends at once"),
        pytest.param(bomb(fixed(1, 2), vbr(8, 8), vbr(40, 4)), id="a block of 40 bits for a number"),
        pytest.param(bomb(), id="nothing but zeros"),
    ],
)
def test_a_few_bits_cannot_ask_for_much(program: bytes) -> None:
    """What is counted is each number that is read, not each byte that is there."""
    with pytest.raises(UnreadableProgram):
        entry_points(program)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("".join(function(f"f{number}") for number in range(101)), id="a hundred and one entry points"),
        pytest.param(function("f" * 1025), id="a name longer than a status shows"),
        pytest.param(function('"' + "f" * 1_000_000 + '"'), id="a name as long as a ConfigMap"),
    ],
)
@pytest.mark.parametrize("written", [pytest.param(str.encode, id="text"), pytest.param(bitcode, id="bitcode")])
def test_names_of_entry_points_take_little_memory(text: str, written: Callable[[str], bytes]) -> None:
    """They are kept for each job that names the program; in bitcode any number of functions may share a name."""
    with pytest.raises(UnreadableProgram):
        entry_points(written(text + ENTRY))


def test_names_as_long_as_a_status_shows_are_read() -> None:
    """Escapes count as what they stand for."""
    name = "\\22" * 1024
    text = function(f'"{name}"') + ENTRY
    assert entry_points(text.encode()) == entry_points(bitcode(text)) == ('"' * 1024,)


NAMES = st.text("abcdefgh_.$0123456789-", min_size=1, max_size=12).map(lambda name: f"f{name}")


@settings(max_examples=60, deadline=None)
@given(st.dictionaries(NAMES, st.booleans(), max_size=12))
def test_any_module_that_llvm_writes_is_read(functions: dict[str, bool]) -> None:
    """Whatever it calls its functions, and however many of them may begin."""
    text = "".join(function(name, "#0" if marked else "nounwind") for name, marked in functions.items()) + ENTRY
    found = tuple(name for name, marked in functions.items() if marked)
    assert entry_points(text.encode()) == found
    assert entry_points(bitcode(text)) == found


def _tolerated(program: bytes) -> None:
    with suppress(UnreadableProgram):
        assert all(isinstance(name, str) for name in entry_points(program))


@settings(max_examples=400, deadline=None)
@given(st.lists(st.tuples(st.integers(4, len(WHOLE) - 1), st.integers(0, 255)), max_size=8), st.integers(0, len(WHOLE)))
@example([], 0)
def test_spoilt_bitcode_is_read_or_not_read(changes: list[tuple[int, int]], end: int) -> None:
    """Bytes changed and cut off anywhere: an answer or `UnreadableProgram`, and nothing else."""
    spoilt = bytearray(WHOLE)
    for place, value in changes:
        spoilt[place] = value
    _tolerated(bytes(spoilt[: max(end, 4)]))


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=300))
def test_any_bytes_behind_the_magic(program: bytes) -> None:
    """As above, from nothing."""
    _tolerated(b"BC\xc0\xde" + program)


PIECES = st.sampled_from(
    [
        "define ",
        "void ",
        "@main",
        '@"a b"',
        "(",
        ")",
        "{",
        "}",
        "#0",
        "attributes ",
        "= ",
        '"entry_point"',
        "section ",
        '"',
        ";",
        "\n",
    ]
)


@settings(max_examples=300, deadline=None)
@given(st.lists(PIECES, max_size=40).map("".join) | st.text(max_size=60))
def test_any_text(program: str) -> None:
    """Words in any order, and characters of any kind."""
    _tolerated(program.encode(errors="surrogatepass"))


def test_a_group_that_comes_again_and_again_is_read_in_linear_time() -> None:
    """Each adds to what the former ones had; to copy that each time took seconds of the one thread for programs."""

    def reading(number: int) -> Callable[[], None]:
        program = "".join(f'attributes #0 = {{ "{one}" "{one}a" }}\n' for one in range(number))

        def read() -> None:
            assert functions_with(program, frozenset({b"entry_point"})) == []

        return read

    assert times_as_long(reading(300), reading(2_400), most=20) < 20
