"""README is true: what it tells people to type exists, and what exists is told."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from pkgutil import resolve_name

import click
import pytest

from portal import cli, config

ROOT = Path(__file__).parents[3]
README = (ROOT / "README.md").read_text("utf-8")
COMMANDS = {name: resolve_name(place) for name, place in cli.COMMANDS.items()}
TARGETS = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))


def section(title: str) -> str:
    """Return the text under a heading, up to the next one."""
    return README.split(f"\n## {title}\n")[1].split("\n## ")[0]


def typed() -> Iterator[list[str]]:
    """Yield each command of the shell blocks and of the running text, without the settings before it."""
    blocks = "\n".join(re.findall(r"```sh\n(.*?)```", README, re.DOTALL)).splitlines()
    spans = [" ".join(span.split()) for span in re.findall(r"(?<!`)`([^`]+)`(?!`)", README)]
    for line in (*blocks, *spans):
        told = re.sub(r"^([A-Z_]+=('[^']*'|\S*) )+", "", line)
        if told.split(" ")[0] in {"portal", "make"}:
            yield shlex.split(told)


def commands(*which: str) -> list[list[str]]:
    return [words for words in typed() if words[0] in which and len(words) > 1]


def settings_of_the_program() -> set[str]:
    """Return what the program reads from its environment: in portal/config.py, and as options of commands."""
    source = Path(config.__file__).read_text("utf-8")
    read = set(re.findall(r'(?:read|env\.get)\("([A-Z_]+)"', source))
    return read | {str(option.envvar) for command in COMMANDS.values() for option in command.params if option.envvar}


def test_the_readme_has_commands_to_try():
    assert {"make", "portal"} == {words[0] for words in typed()}
    assert ["portal", "migrate"] in commands("portal")


@pytest.mark.parametrize("words", commands("portal"), ids=" ".join)
def test_a_command_of_the_readme_is_one_of_the_portal_with_these_options(words):
    command = COMMANDS[words[1]]
    known = {name for option in command.params for name in option.opts}
    assert {word for word in words if word.startswith("-")} <= known
    needed = {option.opts[0] for option in command.params if option.required and isinstance(option, click.Option)}
    assert len(words) == 2 or needed - {"--password"} <= set(words)


@pytest.mark.parametrize("words", commands("make"), ids=" ".join)
def test_a_target_of_the_readme_is_one_of_the_makefile(words):
    assert {word for word in words[1:] if "=" not in word} <= TARGETS


def test_the_table_names_every_command_and_no_other():
    rows = [line.split("|")[1] for line in section("Commands").splitlines() if line.startswith("| `")]
    assert set(re.findall(r"`portal ([a-z-]+)", " ".join(rows))) == set(COMMANDS)


def test_the_table_names_every_setting_and_no_other():
    rows = [line.split("|")[1] for line in section("Settings").splitlines() if line.startswith("| `")]
    assert set(re.findall(r"`([A-Z_]+)`", " ".join(rows))) == settings_of_the_program()


def test_every_setting_that_the_readme_mentions_is_in_its_table():
    mentioned = set(re.findall(r"\b([A-Z]+(?:_[A-Z]+)+)\b", README))
    assert mentioned <= settings_of_the_program()


def test_every_room_of_the_tree_is_there():
    (tree,) = re.findall(r"```\n(questionnaires/.*?)```", README, re.DOTALL)
    assert [name for name in re.findall(r"^(\w+)/", tree, re.MULTILINE) if not (ROOT / name).is_dir()] == []
