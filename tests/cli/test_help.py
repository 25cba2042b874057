"""Help: at once, and with examples that work."""

import resource
import shlex
import subprocess
import sys

import pytest

from scanfuse import __version__
from scanfuse.cli import main, parser
from scanfuse.commands import COMMANDS


def examples() -> list[str]:
    lines = [line for module in COMMANDS.values() for line in module.EPILOG.splitlines()]
    commands = [line.strip() for line in lines if line.strip().startswith("scanfuse ")]
    return [command.split("    ")[0].split(" > ")[0] for command in commands]


@pytest.mark.parametrize("line", examples())
def test_examples_parse(line):
    args = parser().parse_args(shlex.split(line)[1:])
    assert args.command in [module.main for module in COMMANDS.values()]


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help_with_examples(name, capsys):
    assert main([name, "--help"]) == 0
    text = capsys.readouterr().out
    assert text.startswith(f"usage: scanfuse {name}")
    assert f"scanfuse {name} " in text.split("examples:")[1]
    assert max(map(len, text.splitlines())) <= 110


def test_version(capsys):
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"scanfuse {__version__}\n"


def test_help_answers_in_a_fifth_of_a_second_of_cpu():
    def cpu_s() -> float:
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run([sys.executable, "-m", "scanfuse", "--help"], check=True, capture_output=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime

    assert min(cpu_s() for _ in range(3)) < 0.2
