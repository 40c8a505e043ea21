"""Write the completions of bash, zsh and fish: `python -m tests.tools.completions`.

They are static files, since a completion that starts Python at each TAB is felt, and one that
asks Manila could hang. What differs from version to version is filled into templates.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from sharectl.cli import columns, hook, shares
from tests.tools.command_tree import Command, Option, Takes, read

FOLDER = Path(__file__).parents[2] / "completions"
_TEMPLATES = Path(__file__).parent / "templates"
# The share is not in the store yet, and Manila is not to be asked.
_SHARE_UNKNOWN = frozenset({"sharectl add"})
# What the store looks like is in sharectl.adapters: one key on a line, keys sorted. Names that
# JSON had to escape are left out.
_SHARES = r"""
        $2 == "domain_name" { name = $4 }
        $2 == "domain_uuid" { uuid = $4 }
        $2 == "share_id" { id = $4 }
        $2 == "share_name" && (domain == name || domain == uuid) {
            print id
            if ($4 != "" && $4 !~ /\\/) print $4
        }
    """

# Of clouds.yaml, in block style as everybody writes it; what is below a cloud is not looked at.
_CLOUDS = r"""
        /^clouds:/ { inside = 1; next }
        /^[^ #]/ { inside = 0 }
        inside && /^ +[A-Za-z0-9_.-]+:/ {
            match($0, /[^ ]/)
            if (!depth) depth = RSTART
            if (RSTART == depth) { sub(/:.*/, ""); sub(/^ +/, ""); print }
        }
    """
_COLUMNS = {
    "sharectl add": columns.RECORD,
    "sharectl list": ("Domain", *columns.LIST, *columns.LONG),
    "sharectl show": columns.RECORD,
    "sharectl shares": shares.HEADINGS,
    "sharectl hook status": hook.STATUS,
}


def generate(root: Command) -> dict[str, str]:
    """The text of each file, by its name below `completions/`."""
    return {
        "sharectl.bash": _fill("sharectl.bash", _bash(root)),
        "_sharectl": _fill("_sharectl", _zsh(root)),
        "sharectl.fish": _fill("sharectl.fish", _fish(root)),
    }


def _fill(template: str, blocks: Mapping[str, str]) -> str:
    text = (_TEMPLATES / template).read_text()
    for name, block in blocks.items():
        text = text.replace(f"@{name}@", block)
    return text


def _taking_values(root: Command) -> list[str]:
    """Spellings of options whose value is the next word; the same in every command."""
    takes: dict[str, bool] = {}
    for command in root.walk():
        for option in command.options:
            for name in option.names:
                value = option.takes is Takes.VALUE
                if takes.setdefault(name, value) is not value:
                    raise ValueError(f"{name} takes a value in one command and not in another")
    return [name for name, value in takes.items() if value]


def _options(root: Command) -> dict[tuple[str, ...], Option]:
    """All options, once each."""
    return {option.names: option for command in root.walk() for option in command.options}


def _global(root: Command, command: Command) -> tuple[Option, ...]:
    """Those of the options of `root` that `command` takes too; the words of `hook run` are raw."""
    if command is root or command.path == "sharectl hook run":
        return ()
    own = {option.names for option in command.options} | {("--version",)}
    return tuple(option for option in root.options if option.names not in own)


def _words(command: Command, option: Option) -> tuple[str, ...]:
    """The values that `option` may have; columns in the spelling that needs no quotes."""
    if option.metavar == "COLUMN":
        return tuple(name.lower().replace(" ", "_") for name in _COLUMNS[command.path])
    return option.choices


def _is_cloud(option: Option) -> bool:
    return option.names == ("--os-cloud",)


def _kind(command: Command, metavar: str) -> str:
    """`domains`, `shares` or nothing: how an argument of that command is completed."""
    if metavar == "DOMAIN":
        return "domains"
    return "shares" if metavar == "SHARE" and command.path not in _SHARE_UNKNOWN else ""


def _cases(rows: Mapping[str, str]) -> str:
    return "\n".join(f"        {pattern}) {body} ;;" for pattern, body in rows.items())


def _bash(root: Command) -> dict[str, str]:
    groups = {f'"{c.path}"': _echo(i.name for i in c.commands) for c in root.walk() if c.commands}
    options = {
        f'"{c.path}"': _echo(
            name for option in (*c.options, *_global(root, c)) for name in option.names
        )
        for c in root.walk()
    }
    values = {
        " | ".join(names): _echo(option.choices)
        for names, option in _options(root).items()
        if option.choices
    }
    by_column = [o for o in _options(root).values() if o.metavar == "COLUMN"]
    values[" | ".join(name for o in by_column for name in o.names)] = '_sharectl_columns "$2"'
    values["--os-cloud"] = "_sharectl_clouds"
    arguments = {}
    call = {"domains": '_sharectl_domains "$3"', "shares": '_sharectl_shares "$4"'}
    for command in root.walk():
        for number, argument in enumerate(command.arguments):
            if kind := _kind(command, argument.metavar):
                place = "*" if argument.several else str(number)
                arguments[f'"{command.path}":{place}'] = call[kind]
    files = [o.names[-1] for o in _options(root).values() if o.is_file]
    (file_option,) = files
    return {
        "SHARES": _SHARES,
        "CLOUDS": _CLOUDS,
        "COLUMNS": _cases(
            {
                f'"{c.path}"': _echo(_words(c, by_column[0]))
                for c in root.walk()
                if c.path in _COLUMNS
            }
        ),
        "COMMANDS": _cases(groups),
        "OPTIONS": _cases(options),
        "VALUES": _cases(values),
        "ARGUMENTS": _cases(arguments),
        "TAKING_VALUES": " | ".join(_taking_values(root)),
        "FILE_OPTION": file_option,
    }


def _echo(words: Iterable[str]) -> str:
    return f'echo "{" ".join(words)}"'


def _zsh(root: Command) -> dict[str, str]:
    functions = [_zsh_function(root, command) for command in root.walk()]
    return {"SHARES": _SHARES, "CLOUDS": _CLOUDS, "FUNCTIONS": "\n\n".join(functions)}


def _zsh_function(root: Command, command: Command) -> str:
    given = (*command.options, *_global(root, command))
    options = [_zsh_option(command, option) for option in given]
    body = ["    local curcontext=$curcontext state line", "    local -A opt_args"]
    if command.commands:
        body += _zsh_group(command, options)
    else:
        body.append(_zsh_arguments("-s", [*options, *_zsh_specs(command)]))
    return "\n".join([f"{_zsh_name(command)}() {{", *body, "}"])


def _zsh_group(command: Command, options: list[str]) -> list[str]:
    below = command.commands
    specs = [*options, "'1:command:->command'", "'*::argument:->argument'"]
    return [
        "    local -a commands=(",
        *(f"        '{item.name}:{_zsh_text(item.help)}'" for item in below),
        "    )",
        _zsh_arguments("-C -s -A '-*'", specs) + " && return",
        "    sharectl_uri=${(Q)opt_args[--connect]:-$sharectl_uri}",
        "    case $state:$line[1] in",
        "        command:*) _describe command commands ;;",
        *(f"        argument:{item.name}) {_zsh_name(item)} ;;" for item in below),
        "    esac",
    ]


def _zsh_specs(command: Command) -> list[str]:
    specs = []
    for number, argument in enumerate(command.arguments, 1):
        kind = _kind(command, argument.metavar)
        place = "*" if argument.several else str(number)
        action = f"_sharectl_{kind}" if kind else ""
        specs.append(f"'{place}:{argument.metavar}:{action}'")
    return specs


def _zsh_arguments(flags: str, specs: list[str]) -> str:
    return " \\\n".join([f"    _arguments {flags}", *(f"        {spec}" for spec in specs)])


def _zsh_name(command: Command) -> str:
    return command.path.replace("sharectl", "_sharectl_command").replace(" ", "_")


def _zsh_text(text: str) -> str:
    return text.replace("'", "'\\''").replace("[", "\\[").replace("]", "\\]").replace(":", "\\:")


def _zsh_option(command: Command, option: Option) -> str:
    what = f"[{_zsh_text(option.help)}]"
    words = _words(command, option)
    action = f"({' '.join(words)})" if words else "_sharectl_clouds" * _is_cloud(option)
    value = f":{option.metavar}:{'_files' if option.is_file else action}"
    if option.takes is Takes.NOTHING:
        value = ""
    if option.takes is Takes.PERHAPS_VALUE:
        return f"'{option.names[0]}=-{what}::kind:{action}'"
    ends = {
        name: "=" if name.startswith("--") and option.takes is Takes.VALUE else ""
        for name in option.names
    }
    if len(option.names) == 1:
        lead = "*" if option.repeatable else ""
        return f"'{lead}{option.names[0]}{ends[option.names[0]]}{what}{value}'"
    lead = "'*'" if option.repeatable else f"'({' '.join(option.names)})'"
    names = ",".join(name + end for name, end in ends.items())
    return f"{lead}{{{names}}}'{what}{value}'"


def _fish(root: Command) -> dict[str, str]:
    blocks = [_fish_block(root, command) for command in root.walk()]
    return {
        "SHARES": _SHARES.replace("\\", "\\\\"),
        "CLOUDS": _CLOUDS,
        "TAKING_VALUES": " ".join(_taking_values(root)),
        "COMPLETIONS": "\n\n".join(blocks),
    }


def _fish_block(root: Command, command: Command) -> str:
    path = command.path.removeprefix("sharectl")
    rows = [(f"__sharectl_at 0{path}", f"-a {c.name} -d {_text(c.help)}") for c in command.commands]
    for number, argument in enumerate(command.arguments):
        if kind := _kind(command, argument.metavar):
            place = "__sharectl_in" if argument.several else f"__sharectl_at {number}"
            rows.append((place + path, f"-a '(__sharectl_{kind})'"))
    place = "__sharectl_at 0" if command is root else f"__sharectl_in{path}"
    options = (*command.options, *_global(root, command))
    rows += [(place, _fish_option(command, option)) for option in options]
    lines = [f"complete -c sharectl -n '{condition}' {what}" for condition, what in rows]
    return "\n".join([f"# {command.path}", *lines])


def _fish_option(command: Command, option: Option) -> str:
    words = [
        f"-l {name[2:]}" if name.startswith("--") else f"-s {name[1:]}" for name in option.names
    ]
    if option.takes is Takes.VALUE:
        words.append("-r -F" if option.is_file else "-x")
    if offered := _words(command, option):
        words.append(f"-a '{' '.join(offered)}'")
    elif _is_cloud(option):
        words.append("-a '(__sharectl_clouds)'")
    return " ".join([*words, f"-d {_text(option.help)}"])


def _text(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


if __name__ == "__main__":
    for file_name, content in generate(read()).items():
        (FOLDER / file_name).write_text(content)
