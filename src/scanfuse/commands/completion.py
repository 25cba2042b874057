"""`scanfuse completion`: what makes a shell complete commands, options, and the names they take."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path

HELP = "print what makes a shell complete scanfuse's commands and options"
SHELLS = ("bash", "zsh")
DESCRIPTION = """Print a script that completes commands, options, file names and the names of networks,
schedules, presets and parts, for a shell to read when it starts."""
FUNCTION = {  # completes one of some names, or a file
    "bash": '{0}() {{ compgen -W "{1}" -- "$1"; compgen -f -- "$1"; }}',
    "zsh": "{0}() {{ _alternative 'names:name:({1})' 'files:file:_files'; }}",
}
EPILOG = """examples:
  scanfuse completion bash > ~/.local/share/bash-completion/completions/scanfuse
  scanfuse completion zsh > ~/.zfunc/_scanfuse       with fpath+=~/.zfunc before compinit in ~/.zshrc
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("shell", choices=SHELLS, help="the shell")


def main(args: argparse.Namespace) -> int:
    import shtab

    from scanfuse.cli import parser

    words = names()
    top = parser()
    for action in every_action(top):
        if action.dest in words and action.choices is None:
            action.complete = {args.shell: function_of(action.dest)}  # type: ignore[attr-defined]
        elif action.type is Path:
            action.complete = shtab.FILE  # type: ignore[attr-defined]
    functions = [FUNCTION[args.shell].format(function_of(dest), " ".join(words[dest])) for dest in words]
    sys.stdout.write(shtab.complete(top, shell=args.shell, preamble="\n".join(functions)))
    return 0


def names() -> dict[str, list[str]]:
    """What may stand for an argument beside a file, by the argument's name."""
    from scanfuse.dram import parts
    from scanfuse.hardware import preset_names
    from scanfuse.mapping import SCHEDULES
    from scanfuse.network import zoo_names

    return {
        "network": list(zoo_names()),
        "schedule": list(SCHEDULES),
        "schedules": list(SCHEDULES),
        "hardware": preset_names(),
        "dram": list(parts()),
    }


def function_of(dest: str) -> str:
    return f"_scanfuse_names_of_{dest}"


def every_action(parser: argparse.ArgumentParser) -> Iterator[argparse.Action]:
    """The arguments of a parser and of its commands."""
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for command in action.choices.values():
                yield from every_action(command)
        else:
            yield action
