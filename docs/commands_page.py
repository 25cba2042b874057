"""The reference of the commands, made from their parsers, for docs/commands.md.

python docs/commands_page.py    # print it
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterator

from scanfuse.cli import parser

WIDTH = 88


def commands() -> str:
    """A section for each command: what it does, its usage, arguments, options and examples. Markdown."""
    return "\n".join(line for name, each in subparsers(parser()).items() for line in section(name, each))


def subparsers(of: argparse.ArgumentParser) -> dict[str, argparse.ArgumentParser]:
    for action in of._actions:
        if isinstance(action, argparse._SubParsersAction):
            return dict(action.choices)
    return {}


def section(name: str, command: argparse.ArgumentParser, level: int = 2) -> Iterator[str]:
    yield f"{'#' * level} {name}\n"
    yield from paragraphs(command.description or "")
    yield f"```text\n{usage(command)}\n```\n"
    options = [action for action in command._actions if not isinstance(action, argparse._SubParsersAction)]
    for action in options:
        if action.dest != "help":
            yield f"`{name_of(action)}`\n: {help_of(action)}\n"
    for inner, each in subparsers(command).items():
        yield from section(f"{name} {inner}", each, level + 1)
    examples = (command.epilog or "").partition("examples:\n")[2]
    if examples:
        lines = [line.removeprefix("  ") for line in examples.rstrip().splitlines()]
        yield "Examples:\n\n```text\n" + "\n".join(lines) + "\n```\n"


def usage(command: argparse.ArgumentParser) -> str:
    """The usage in lines of a fixed width, whatever the terminal's."""
    form = argparse.RawDescriptionHelpFormatter(command.prog, width=WIDTH)
    form.add_usage(None, command._actions, command._mutually_exclusive_groups, prefix="")
    return form.format_help().rstrip()


def name_of(action: argparse.Action) -> str:
    """As the help writes it, `--set SECTION.KEY=VALUE`."""
    value = ""
    if action.nargs != 0:
        choices = "{" + ",".join(map(str, action.choices)) + "}" if action.choices else ""
        value = str(action.metavar or choices or action.dest.upper())
    return f"{', '.join(action.option_strings)} {value}".strip()


def help_of(action: argparse.Action) -> str:
    return escaped((action.help or "") % {"default": action.default, "dest": action.dest})


def paragraphs(text: str) -> Iterator[str]:
    """Prose as prose; lines set apart by their indentation as they stand."""
    for block in re.split(r"\n\s*\n", text.strip("\n")):
        lines = block.splitlines()
        prose = [line for line in lines if not line.startswith("  ")]
        if len(prose) == len(lines):
            yield escaped(" ".join(lines)) + "\n"
            continue
        head = lines[: next(i for i, line in enumerate(lines) if line.startswith("  "))]
        if head:
            yield escaped(" ".join(head)) + "\n"
        yield "```text\n" + "\n".join(lines[len(head) :]) + "\n```\n"


def escaped(text: str) -> str:
    """Text that Markdown would take for markup, as text; options as code."""
    text = re.sub(r"([\\*_<>\[\]`#|])", r"\\\1", text)
    return re.sub(r"(?<![\w-])(--[a-z][a-z-]*)", r"`\1`", text)


if __name__ == "__main__":
    print(commands())
