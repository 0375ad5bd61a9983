"""LLVM's bitstream container: bits into blocks and records (https://llvm.org/docs/BitCodeFormat.html).

Lives here: abbreviations and the nesting of blocks. Must not live here: what a record means (`bitcode`).
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final, NamedTuple

_END_BLOCK, _ENTER_BLOCK, _DEFINE_ABBREVIATION, _UNABBREVIATED = range(4)
_FIXED, _VBR, _ARRAY, _CHAR6, _BLOB = range(1, 6)
_LITERAL: Final = 0
_CHARACTERS: Final = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._"
_BLOCKINFO: Final = 0
_SET_BLOCK: Final = 1
_WORD_BITS: Final = 32
_LEAST_WIDTH: Final = 2
_MAX_WIDTH: Final = 32
_MAX_NUMBER_BITS: Final = 64
_MAX_DEPTH: Final = 8
MAX_STEPS: Final = 250_000
"""Numbers read of one program at the most: a quarter of a second. Bodies of functions are skipped; a label takes 45."""


class UnreadableProgram(ValueError):  # noqa: N818 - reads as what it says where it is caught
    """A program that these readers do not understand, or that would take them too long; quotes none of it."""


class Operand(NamedTuple):
    """One part of an abbreviation: how a number, or a row of them, is written."""

    encoding: int
    value: int = 0


class Record(NamedTuple):
    """One record: its code, its numbers, and its bytes if it has any."""

    code: int
    values: list[int]
    blob: bytes = b""


@dataclass(slots=True)
class _Frame:
    kind: int
    width: int
    end: int
    abbreviations: list[list[Operand]] = field(default_factory=list)


class Bitstream:
    """Reads a stream from its beginning, one block or record at a time."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._bits = len(data) * 8
        self._at = 0
        self._steps = 0
        self._stack = [_Frame(-1, _LEAST_WIDTH, self._bits)]
        self._shared: dict[int, list[list[Operand]]] = {}
        self._described: int | None = None

    def records(self, entered: frozenset[int]) -> Iterator[tuple[int, Record]]:
        """The records that stand in the blocks of these kinds, in order, each with the kind of its block.

        Args:
            entered: Kinds of blocks; a block within one that is not entered is not seen either.

        Raises:
            UnreadableProgram: It is no bitstream, or takes too many steps.
        """
        while len(self._stack) > 1 or self._bits - self._at >= _WORD_BITS:
            frame = self._stack[-1]
            code = self._fixed(frame.width)
            if code == _END_BLOCK:
                self._leave()
            elif code == _ENTER_BLOCK:
                self._enter(entered)
            elif code == _DEFINE_ABBREVIATION:
                self._define(frame)
            else:
                record = self._unabbreviated() if code == _UNABBREVIATED else self._abbreviated(frame, code - 4)
                if frame.kind != _BLOCKINFO:
                    yield frame.kind, record
                elif record.code == _SET_BLOCK and record.values:
                    self._described = record.values[0]

    def _enter(self, entered: frozenset[int]) -> None:
        kind, width = self._vbr(8), self._vbr(4)
        self._align()
        words = self._fixed(_WORD_BITS)
        end = self._at + words * _WORD_BITS
        if end > self._stack[-1].end or not _LEAST_WIDTH <= width <= _MAX_WIDTH or len(self._stack) > _MAX_DEPTH:
            raise UnreadableProgram("a block does not fit into what it stands in")
        if kind != _BLOCKINFO and kind not in entered:
            self._at = end
            return
        shared = self._shared.get(kind, [])
        self._spend(len(shared))
        self._stack.append(_Frame(kind, width, end, list(shared)))
        self._described = None

    def _leave(self) -> None:
        ended = self._stack.pop()
        if not self._stack or self._at > ended.end:
            raise UnreadableProgram("a block does not end where it should")
        self._at = ended.end

    def _define(self, frame: _Frame) -> None:
        operands, left = [], self._vbr(5)
        while left > 0:
            left -= 1
            if self._fixed(1):
                operands.append(Operand(_LITERAL, self._vbr(8)))
                continue
            encoding = self._fixed(3)
            if encoding not in range(_FIXED, _BLOB + 1):
                raise UnreadableProgram("an abbreviation has an unknown encoding")
            width = self._vbr(5) if encoding in (_FIXED, _VBR) else 0
            if width > _MAX_NUMBER_BITS or (encoding == _VBR and width == 1):
                raise UnreadableProgram("an abbreviation has an impossible width")
            operands.append(Operand(encoding, width) if encoding > _VBR or width else Operand(_LITERAL, 0))
        if frame.kind != _BLOCKINFO:
            frame.abbreviations.append(operands)
        elif self._described is not None:
            self._shared.setdefault(self._described, []).append(operands)

    def _unabbreviated(self) -> Record:
        code, count = self._vbr(6), self._vbr(6)
        self._spend(count)
        return Record(code, [self._vbr(6) for _ in range(count)])

    def _abbreviated(self, frame: _Frame, number: int) -> Record:
        if number >= len(frame.abbreviations):
            raise UnreadableProgram("a record has an abbreviation that is not defined")
        values: list[int] = []
        blob = b""
        operands = iter(frame.abbreviations[number])
        for operand in operands:
            if operand.encoding == _ARRAY:
                element, count = next(operands, Operand(_LITERAL)), self._vbr(6)
                self._spend(count)
                values += [self._scalar(element) for _ in range(count)]
            elif operand.encoding == _BLOB:
                blob = self._blob()
            else:
                values.append(self._scalar(operand))
        if not values:
            raise UnreadableProgram("a record has no code")
        return Record(values[0], values[1:], blob)

    def _scalar(self, operand: Operand) -> int:
        encoding, value = operand
        if encoding == _LITERAL:
            self._spend(1)
            return value
        if encoding == _FIXED:
            return self._fixed(value)
        if encoding == _VBR:
            return self._vbr(value)
        if encoding == _CHAR6:
            return _CHARACTERS[self._fixed(6)]
        raise UnreadableProgram("a row of rows")

    def _blob(self) -> bytes:
        length = self._vbr(6)
        self._align()
        start = self._at // 8
        if length > len(self._data) - start:
            raise UnreadableProgram("the program is cut off")
        self._at = (start + length) * 8
        self._align()
        return self._data[start : start + length]

    def _align(self) -> None:
        self._at = (self._at + _WORD_BITS - 1) & -_WORD_BITS

    def _spend(self, steps: int) -> None:
        self._steps += steps
        if self._steps > MAX_STEPS:
            raise UnreadableProgram("the program's head is too long")

    def _fixed(self, width: int) -> int:
        self._spend(1)
        at, end = self._at, self._at + width
        if end > self._bits:
            raise UnreadableProgram("the program is cut off")
        self._at = end
        window = int.from_bytes(self._data[at >> 3 : (end + 7) >> 3], "little")
        return (window >> (at & 7)) & ((1 << width) - 1)

    def _vbr(self, width: int) -> int:
        more = 1 << (width - 1)
        value = shift = 0
        while True:
            part = self._fixed(width)
            value |= (part & (more - 1)) << shift
            if part < more:
                return value
            shift += width - 1
            if shift > _MAX_NUMBER_BITS:
                raise UnreadableProgram("a number has more than 64 bits")
