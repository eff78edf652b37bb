"""Static completion scripts, written from the verb table and the parsers: pressing Tab never starts syncer."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from syncer.cli.main import load, verb_parser
from syncer.cli.parser import DOCTOR_AREAS, OUTPUTS
from syncer.cli.verbs import VERBS

if TYPE_CHECKING:
    from argparse import Action

_FOLDERS = ("-C", "--project", "--data", "--dir")
_FILES = ("--out", "--objects")
_WORDS = {"-o": OUTPUTS, "--output": OUTPUTS, "--only": DOCTOR_AREAS}
_ARGUMENTS = {"completion": ("bash", "zsh", "fish")}
_FILE_VERBS = ("apply",)

_BASH = """\
_syncer() {{
    local cur prev verb skip i
    cur="${{COMP_WORDS[COMP_CWORD]}}"
    prev="${{COMP_WORDS[COMP_CWORD-1]}}"
    verb=""
    skip=""
    COMPREPLY=()
    for ((i = 1; i < COMP_CWORD; i++)); do
        if [[ -n "$skip" ]]; then skip=""; continue; fi
        case "${{COMP_WORDS[i]}}" in
            {taking}) skip=1 ;;
            -*) ;;
            *) verb="${{COMP_WORDS[i]}}"; break ;;
        esac
    done
    case "$prev" in
        {words_of_options}
        {folders}) COMPREPLY=($(compgen -d -- "$cur")); return ;;
        {files}) COMPREPLY=($(compgen -f -- "$cur")); return ;;
    esac
    case "$verb" in
        "") COMPREPLY=($(compgen -W "{verbs} {common}" -- "$cur")) ;;
{cases}
    esac
}}
complete -o filenames -F _syncer syncer
"""


def script(shell: str) -> str:
    """Return the script for bash, zsh or fish."""
    if shell == "fish":
        return "\n".join(_fish())
    bash = _bash()
    return bash if shell == "bash" else f"autoload -U +X bashcompinit && bashcompinit\n{bash}"


def _bash() -> str:
    taking = [name for action in _common() if action.nargs != 0 for name in action.option_strings]
    words = (
        f'{name}) COMPREPLY=($(compgen -W "{" ".join(values)}" -- "$cur")); return ;;'
        for name, values in _WORDS.items()
    )
    return _BASH.format(
        taking="|".join(taking),
        words_of_options="\n        ".join(words),
        folders="|".join(_FOLDERS),
        files="|".join(_FILES),
        verbs=" ".join(VERBS),
        common=" ".join(name for action in _common() for name in action.option_strings),
        cases="\n".join(_case(verb) for verb in VERBS),
    )


def _case(verb: str) -> str:
    names = [name for action in _actions(verb) for name in action.option_strings]
    words = " ".join((*_ARGUMENTS.get(verb, ()), *names))
    files = ' $(compgen -f -- "$cur")' if verb in _FILE_VERBS else ""
    return f'        {verb}) COMPREPLY=($(compgen -W "{words}" -- "$cur"){files}) ;;'


def _fish() -> Iterator[str]:
    yield "complete -c syncer -f"
    for verb, about in VERBS.items():
        yield f"complete -c syncer -n __fish_use_subcommand -a {verb} -d {_quoted(about)}"
    for verb in VERBS:
        inside = f"complete -c syncer -n '__fish_seen_subcommand_from {verb}'"
        if verb in _ARGUMENTS:
            yield f"{inside} -a {_quoted(' '.join(_ARGUMENTS[verb]))}"
        if verb in _FILE_VERBS:
            yield f"{inside} -F"
        yield from (f"{inside} {_fish_option(action)}" for action in _actions(verb) if action.option_strings)


def _fish_option(action: Action) -> str:
    parts = [f"-l {name[2:]}" if name.startswith("--") else f"-s {name[1:]}" for name in action.option_strings]
    name = action.option_strings[-1]
    if name in _WORDS:
        parts.append(f"-x -a {_quoted(' '.join(_WORDS[name]))}")
    elif name in (*_FOLDERS, *_FILES):
        parts.append("-r -F")
    elif action.nargs != 0:
        parts.append("-x")
    return f"{' '.join(parts)} -d {_quoted(action.help or '')}"


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


def _common() -> list[Action]:
    return _actions("version")


def _actions(verb: str) -> list[Action]:
    return verb_parser(verb, load(verb)).actions()
