"""What there is to complete, to a script in the language of bash, zsh or fish. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from ..records import dataclass


@dataclass(frozen=True, slots=True)
class Option:
    flags: tuple[str, ...]
    help: str
    takes_value: bool
    choices: tuple[str, ...]
    is_path: bool


@dataclass(frozen=True, slots=True)
class Command:
    name: str
    help: str
    options: tuple[Option, ...]
    words: tuple[str, ...]
    takes_path: bool

    @property
    def flags(self) -> list[str]:
        return [flag for option in self.options for flag in option.flags]


# --- bash


def bash(commands: Sequence[Command]) -> str:
    names = " ".join(command.name for command in commands)
    cases = "\n".join(map(_bash_command, commands))
    return f"""# Completions of bamlet for bash: eval "$(bamlet completions bash)"
_bamlet() {{
  local current=${{COMP_WORDS[COMP_CWORD]}} before=${{COMP_WORDS[COMP_CWORD-1]}} words="" files=""
  COMPREPLY=()
  if [ "$COMP_CWORD" -eq 1 ]; then
    words="{names} --help --version"
  else
    case "${{COMP_WORDS[1]}}" in
{cases}
    esac
  fi
  mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current"; [ -z "$files" ] || compgen -f -- "$current")
  if [ -n "$files" ]; then compopt -o filenames 2>/dev/null; fi
}}
complete -F _bamlet bamlet
"""


def _bash_command(command: Command) -> str:
    lines = [f"      {command.name})", '        case "$before" in']
    for option in filter(_takes, command.options):
        does = "files=1" if option.is_path else f'words="{" ".join(option.choices)}"'
        lines.append(f"          {'|'.join(option.flags)}) {does} ;;")
    does = f'words="{" ".join([*command.words, *command.flags])}"'
    lines.append(f"          *) {does}{'; files=1' if command.takes_path else ''} ;;")
    return "\n".join([*lines, "        esac ;;"])


# --- zsh


def zsh(commands: Sequence[Command]) -> str:
    names = "\n".join(f"    {_quoted(f'{command.name}:{_line(command.help)}')}" for command in commands)
    cases = "\n".join(_zsh_command(command) for command in commands)
    return f"""#compdef bamlet
# Completions of bamlet for zsh: eval "$(bamlet completions zsh)", behind compinit
_bamlet() {{
  local -a commands=(
{names}
  )
  if (( CURRENT == 2 )); then
    _describe -t commands 'command' commands
    return
  fi
  local chosen=$words[2]
  shift words
  (( CURRENT-- ))
  case $chosen in
{cases}
  esac
}}
compdef _bamlet bamlet
"""


def _zsh_command(command: Command) -> str:
    specs = [spec for option in command.options for spec in _zsh_option(option)]
    if command.words:
        specs.append(_quoted(f"*:word:({' '.join(command.words)})"))
    elif command.takes_path:
        specs.append(_quoted("*:file:_files"))
    return f"    {command.name}) _arguments " + " ".join(f"\\\n      {spec}" for spec in specs) + " ;;"


def _zsh_option(option: Option) -> Iterable[str]:
    # Brackets and colons are signs of a spec.
    told = _line(option.help).replace("[", "(").replace("]", ")").replace(":", r"\:")
    value = ""
    if option.takes_value:
        value = f":value:({' '.join(option.choices)})" if option.choices else ":value:"
        value = ":file:_files" if option.is_path else value
    return [_quoted(f"*{flag}[{told}]{value}") for flag in option.flags]


# --- fish


def fish(commands: Sequence[Command]) -> str:
    lines = [
        "# Completions of bamlet for fish: bamlet completions fish | source",
        "complete -c bamlet -f",
        "complete -c bamlet -n __fish_use_subcommand -l version",
    ]
    for command in commands:
        when = f"-n '__fish_seen_subcommand_from {command.name}'"
        lines.append(
            f"complete -c bamlet -n __fish_use_subcommand -a {command.name} -d {_fish(_line(command.help))}"
        )
        if command.takes_path:
            lines.append(f"complete -c bamlet {when} -F")
        if command.words:
            lines.append(f"complete -c bamlet {when} -a {_fish(' '.join(command.words))}")
        lines += [f"complete -c bamlet {when} {_fish_option(option)}" for option in command.options]
    return "\n".join(lines) + "\n"


def _fish_option(option: Option) -> str:
    flags = [f"-l {flag[2:]}" if flag.startswith("--") else f"-s {flag[1:]}" for flag in option.flags]
    value: list[str] = []
    if option.takes_value:
        value = ["-r", "-F"] if option.is_path else ["-x"]
        if option.choices:
            value.append(f"-a {_fish(' '.join(option.choices))}")
    return " ".join([*flags, *value, f"-d {_fish(_line(option.help))}"])


# --- words


def _takes(option: Option) -> bool:
    return option.takes_value


def _line(text: str) -> str:
    """A help text as shells show it: its first part, in one line."""
    return " ".join(text.split()).split("; ")[0][:100]


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"


def _fish(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


WRITERS: dict[str, Callable[[Sequence[Command]], str]] = {"bash": bash, "zsh": zsh, "fish": fish}
