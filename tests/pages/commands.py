"""Writes the commands and flags into docs/client.md, from the code: `python tests/pages/commands.py`.

What stands between the two marks is replaced. Must not live here: anything that the code does not say.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import click

from quantumjobs.cli.commands import cli

PAGE: Final = Path(__file__).resolve().parents[2] / "docs" / "client.md"
_BEGIN: Final = "<!-- Written by `make docs` from the code: begin -->\n"
_END: Final = "<!-- end -->\n"
_SHARED: Final = 6
"""Flags of more commands than these come last: they are kubectl's own."""


def page() -> str:
    """The whole page, with its commands and flags as the code has them now."""
    head, _, rest = PAGE.read_text().partition(_BEGIN)
    _, _, tail = rest.partition(_END)
    return f"{head}{_BEGIN}\n" + "\n".join(_lines()) + f"\n\n{_END}{tail}"


def _lines() -> Iterator[str]:
    yield "| command | what it does |"
    yield "|---|---|"
    for name, command in cli.commands.items():
        words = " ".join([name, *(part.make_metavar(_context(command)) for part in _arguments(command))])
        yield f"| `{words}` | {_one_line(command.help)} |"
    yield ""
    yield "| flag | of | what it says |"
    yield "|---|---|---|"
    used: dict[tuple[str, str], list[str]] = {}
    for name, command in cli.commands.items():
        for option in command.params:
            if isinstance(option, click.Option):
                used.setdefault((_flag(option, command), _one_line(option.help)), []).append(name)
    for (flag, said), names in sorted(used.items(), key=lambda row: len(row[1]) > _SHARED):
        yield f"| {flag} | {_of(names)} | {said} |"


def _arguments(command: click.Command) -> list[click.Argument]:
    return [one for one in command.params if isinstance(one, click.Argument)]


def _flag(option: click.Option, command: click.Command) -> str:
    names = ", ".join(f"`{name}`" for name in (*option.opts, *option.secondary_opts))
    if option.is_flag:
        return names
    if isinstance(option.type, click.Choice):
        return f"{names} {', '.join(map(str, option.type.choices))}"
    return f"{names} {option.make_metavar(_context(command)).replace('|', ', ')}"


def _of(names: list[str]) -> str:
    missing = [name for name in cli.commands if name not in names]
    if not missing:
        return "all"
    return f"all but {', '.join(missing)}" if len(missing) < len(names) else ", ".join(names)


def _context(command: click.Command) -> click.Context:
    return click.Context(command, info_name=command.name)


def _one_line(text: str | None) -> str:
    return " ".join((text or "").split()).replace("|", "\\|").rstrip(".")


if __name__ == "__main__":
    PAGE.write_text(page())
