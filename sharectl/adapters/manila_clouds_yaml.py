"""clouds.yaml and its like, looked at before openstack.config reads them.

openstack.config takes the first file that there is of a list. Depending on its version it skips
one that is damaged without a word, waits at a pipe, or raises whatever its parser raises.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from sharectl.errors import ConfigError
from sharectl.host_files import Cause, Unreadable, read_text

_LARGEST = 1 << 20  # bytes; a cloud takes 300
_MOST = 100_000  # values, what is named by an alias counted wherever it is named


def look(paths: Sequence[str]) -> tuple[str, Any] | None:
    """The first of `paths` that there is, and what it has; None if there is none.

    As with openstack.config, a file that may not be read is none.

    Raises `ConfigError` with the file, and the line where that is known, for what is no regular
    file, too large, or neither YAML nor JSON.
    """
    for path in paths:
        try:
            text = "" if path == os.devnull else read_text(Path(path), _LARGEST)
        except FileNotFoundError:
            continue
        except Unreadable as error:
            if error.cause is Cause.DENIED or isinstance(error.__cause__, NotADirectoryError):
                continue
            raise _bad(path, f"cannot be read: {error.reason}") from error
        return path, _parsed(path, text)
    return None


def _parsed(path: str, text: str) -> Any:
    parse: Callable[[str], Any] = json.loads if path.endswith("json") else _yaml
    try:
        return parse(text)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = f"line {mark.line + 1}: " if mark else ""
        raise _bad(path, f"is no YAML: {line}{error.problem or error.context}") from error
    except yaml.reader.ReaderError as error:
        number = text.count("\n", 0, error.position) + 1
        raise _bad(path, f"is no YAML: line {number}: {error.reason}") from error
    except json.JSONDecodeError as error:
        raise _bad(path, f"is no JSON: line {error.lineno}: {error.msg}") from error
    except RecursionError as error:
        raise _bad(path, "is nested too deep") from error
    except Exception as error:
        raise _bad(path, f"cannot be read: {_in_one_line(error)}") from error


def _yaml(text: str) -> Any:
    loader = yaml.SafeLoader(text)
    try:
        node = loader.get_single_node()
        if node is None:
            return None
        if _size(node, {}) > _MOST:
            raise ValueError(f"it has more than {_MOST} values")
        return loader.construct_document(node)
    finally:
        loader.dispose()


def _size(node: Any, known: dict[int, int]) -> int:
    """How many values there are; an alias of what is around it raises `ValueError`."""
    if isinstance(node, yaml.ScalarNode):
        return 1
    if id(node) not in known:
        known[id(node)] = _MOST + 1  # until all below it is counted
        pairs = node.value if isinstance(node, yaml.MappingNode) else [(it,) for it in node.value]
        known[id(node)] = 1 + sum(_size(item, known) for pair in pairs for item in pair)
    return known[id(node)]


def _in_one_line(error: Exception) -> str:
    return " ".join(str(error).split()) or type(error).__name__


def _bad(path: str, what: str) -> ConfigError:
    return ConfigError(
        f"no usable credentials: {path} {what}",
        hint=f"mend {path}, or name another file with OS_CLIENT_CONFIG_FILE",
    )


def wrong_key(document: object, cloud: object) -> str | None:
    """The first key that cannot be what it is, with what it should be; None if there is none.

    Args:
        document: what a clouds.yaml has.
        cloud: the key of the cloud in question.
    """
    if not isinstance(document, Mapping):
        return f"it is {_kind(document)}, not a mapping"
    parts: list[tuple[str, object]] = [
        (name, document[name]) for name in ("clouds", "client", "cache", "metrics")
        if name in document
    ]  # fmt: skip
    metrics = document.get("metrics")
    if isinstance(metrics, Mapping):
        parts += [(f"metrics.{name}", metrics[name]) for name in ("statsd", "influxdb")
                  if name in metrics]  # fmt: skip
    clouds = document.get("clouds")
    if isinstance(clouds, Mapping) and cloud in clouds:
        parts.append((f"clouds.{cloud}", clouds[cloud]))
        if isinstance(clouds[cloud], Mapping) and "auth" in clouds[cloud]:
            parts.append((f"clouds.{cloud}.auth", clouds[cloud]["auth"]))
    for name, value in parts:
        if not isinstance(value, Mapping):
            return f"{name} is {_kind(value)}, not a mapping"
        strange = [key for key in value if not isinstance(key, str)]
        if strange and name != "clouds":  # another cloud may have any name
            return f"{name} has the key {strange[0]!r}, which is {_kind(strange[0])}, not text"
    return None


def no_text(value: object) -> str | None:
    """What `value` is, if it is no text."""
    return None if isinstance(value, str) else _kind(value)


def _kind(value: object) -> str:
    kinds: dict[type, str] = {bool: "true or false", int: "a number", float: "a number",
                              str: "a text", list: "a list", dict: "a mapping"}  # fmt: skip
    return "empty" if value is None else kinds.get(type(value), f"a {type(value).__name__}")
