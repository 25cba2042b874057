"""Do shells complete what `scanfuse completion` tells them to?"""

import shutil
import subprocess

import pytest

from scanfuse.cli import main


def script(shell, capsys):
    assert main(["completion", shell]) == 0
    return capsys.readouterr().out


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("scanfuse comp", {"compare", "completion"}),
        ("scanfuse run mobilenet_v", {"mobilenet_v1", "mobilenet_v2", "mobilenet_v3_large"}),
        ("scanfuse run vgg16 --schedule de", {"deep"}),
        ("scanfuse run vgg16 --obj", {"--objective"}),
        ("scanfuse run vgg16 --objective e", {"energy", "edp"}),
        ("scanfuse check mi", {"mine.toml"}),
    ],
)
def test_bash(line, expected, capsys, tmp_path):
    (tmp_path / "mine.toml").touch()
    words = line.split()
    asked = " ".join(f"'{word}'" for word in words)
    program = (
        f"{script('bash', capsys)}\nCOMP_WORDS=({asked}); COMP_CWORD={len(words) - 1}\n"
        "_shtab_scanfuse\nprintf '%s\\n' \"${COMPREPLY[@]}\"\n"
    )
    done = subprocess.run(
        ["bash", "--noprofile", "--norc", "-c", program],
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert set(done.stdout.split()) == expected, done.stderr


@pytest.mark.skipif(shutil.which("zsh") is None, reason="needs zsh")
def test_zsh_reads_it(capsys):
    done = subprocess.run(
        ["zsh", "-n"], input=script("zsh", capsys), text=True, capture_output=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_an_unknown_shell_is_refused(capsys):
    assert main(["completion", "fish"]) == 2
    assert "choose from" in capsys.readouterr().err
