"""The configuration: read once into a frozen value.

Precedence: flag, environment, file, default.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from sharectl.config_values import checked, short
from sharectl.errors import ConfigError
from sharectl.host_files import KIB, Unreadable, broken_link, parsed, read_text

_LOOK_SECONDS = 3.0
_MOST = 64 * KIB  # of the file
DEFAULT_FILE = Path("/etc/sharectl/config.toml")
_RUNTIME = Path("/run/sharectl")


@dataclass(frozen=True)
class Config:
    """Settings; times are seconds. Each is a key of the file, in the section before the dot.

    `libvirt.uri`, `libvirt.timeout`, `manila.cloud`, `manila.timeout` (one request),
    `mount.timeout`, `nfs.version`, `nfs.access_to`, `nfs.options`, `cephfs.client`
    (auto, kernel or fuse), `cephfs.access_to`, `cephfs.options`.
    Not in the file: the folders, what `manila_cloud` comes from, for errors, and `patience`: how
    long to wait in all where OpenStack takes no more requests for now (`manila.timeout` if None).
    """

    libvirt_uri: str = "qemu:///system"
    libvirt_timeout: float = 30.0
    manila_cloud: str | None = None
    manila_timeout: float = 15.0
    mount_timeout: float = 30.0
    nfs_version: str = "4"
    nfs_access_to: str | None = None
    nfs_options: tuple[str, ...] = ()
    cephfs_client: str = "auto"
    cephfs_access_to: str | None = None
    cephfs_options: tuple[str, ...] = ()
    state_dir: Path = Path("/var/lib/sharectl")
    runtime_dir: Path = _RUNTIME
    cloud_named_by: str = field(default="", compare=False)
    patience: float | None = None

    def waiting(self, seconds: float) -> Config:
        """For a verb with --timeout: for so long it waits also where OpenStack asks it to."""
        return replace(self, patience=seconds)

    def hasty(self) -> Config:
        """For verbs that only look: they answer within seconds, whatever is dead."""
        return replace(
            self,
            libvirt_timeout=min(self.libvirt_timeout, _LOOK_SECONDS),
            manila_timeout=min(self.manila_timeout, _LOOK_SECONDS),
        )

    @property
    def store_file(self) -> Path:
        """The JSON store."""
        return self.state_dir / "mappings.json"

    @property
    def secrets_dir(self) -> Path:
        """Where cephx keys are kept while their share is attached."""
        return self.state_dir / "secrets"

    @property
    def withdrawals_dir(self) -> Path:
        """Where it is noted which access rules go although no record speaks of them."""
        return self.state_dir / "withdrawals"

    @property
    def mount_base(self) -> Path:
        """Below it each share has its mount point.

        Under /run, so that after a reboot the folders are gone and libvirt refuses to start a
        domain whose share is not mounted.
        """
        return self.runtime_dir / "mnt"

    @property
    def hook_stamp(self) -> Path:
        """The libvirt hook touches it when it is called.

        It is in the state folder because that outlives a reboot, and the hook makes no folders.
        """
        return self.state_dir / "hook.stamp"

    @property
    def lock_dir(self) -> Path:
        """Lock files of shares and domains."""
        return self.runtime_dir / "locks"


SECTIONS = ("libvirt", "manila", "mount", "nfs", "cephfs")
_FILE_KEYS = {item.name for item in fields(Config) if item.name.partition("_")[0] in SECTIONS}
_LONGEST_PATH = 3500  # bytes; Linux takes 4,095, and mount options have to fit in as well
_LONGEST_NAME = 255  # bytes, of any file system of Linux

_CHOICES = {
    "nfs_version": ("4.2", "4.1", "4.0", "4", "3"),
    "cephfs_client": ("auto", "kernel", "fuse"),
}


def load(
    file: Path | None = None,
    *,
    environment: Mapping[str, str],
    connect: str | None = None,
    os_cloud: str | None = None,
) -> Config:
    """The settings in force.

    Args:
        file: the configuration file; None for the default one, which may be absent.
        environment: LIBVIRT_DEFAULT_URI, OS_CLOUD, OS_AUTH_URL, SHARECTL_STATE_DIR,
            SHARECTL_RUNTIME_DIR.
        connect: the flag --connect.
        os_cloud: the flag --os-cloud.

    Raises `ConfigError` for an unreadable file, an unknown key or a value of the wrong kind.
    """
    settings = _read(file) | _folders(environment)
    if uri := connect or environment.get("LIBVIRT_DEFAULT_URI"):
        settings["libvirt_uri"] = uri
    cloud, named_by = _cloud(settings.get("manila_cloud"), file, environment, os_cloud)
    settings |= {"manila_cloud": cloud, "cloud_named_by": named_by}
    for name in ("libvirt_uri", "manila_cloud"):
        _check_encoding(settings.get(name) or "")
    return replace(Config(), **settings)


def _check_encoding(text: str) -> None:
    """What an argument or a variable has beside text, no library takes."""
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise ConfigError(f"{text!r} is no UTF-8 text") from error


def folders(environment: Mapping[str, str]) -> Config:
    """The settings without any file: the folders in force, and defaults.

    Args:
        environment: SHARECTL_STATE_DIR, SHARECTL_RUNTIME_DIR.

    Raises `ConfigError` for a folder that is not an absolute path.
    """
    return replace(Config(), **_folders(environment))


def _folders(environment: Mapping[str, str]) -> dict[str, Any]:
    given = {
        "state_dir": _folder(environment, "SHARECTL_STATE_DIR"),
        "runtime_dir": _folder(environment, "SHARECTL_RUNTIME_DIR") or _resolved(_RUNTIME),
    }
    return {key: value for key, value in given.items() if value}


def _cloud(
    in_file: str | None, file: Path | None, environment: Mapping[str, str], os_cloud: str | None
) -> tuple[str | None, str]:
    """The cloud in force, None for the OS_* variables; and what named it."""
    if os_cloud:
        return os_cloud, "--os-cloud"
    if name := environment.get("OS_CLOUD"):
        return name, "OS_CLOUD"
    if environment.get("OS_AUTH_URL"):  # of a sourced openrc: the environment beats the file
        return None, ""
    return in_file, f"manila.cloud of {file or DEFAULT_FILE}" if in_file else ""


def _broken_link(folder: Path) -> Path | None:
    """As far as this user may look: what needs more rights is refused where it is needed."""
    try:
        return broken_link(folder)
    except PermissionError:
        return None


def _resolved(folder: Path) -> Path:
    """As `_folder` has it, for one that nobody has named; it stays if it leads nowhere."""
    try:
        return Path(os.path.realpath(folder))
    except OSError:
        return folder


def _folder(environment: Mapping[str, str], name: str) -> Path | None:
    """As the kernel names it, which knows mount points without links in their way."""
    value = environment.get(name)
    if not value:
        return None
    if not value.startswith("/"):
        raise ConfigError(f"{name} is {value!r}, which is not an absolute path to a folder")
    try:
        folder, link = Path(os.path.realpath(value)), _broken_link(Path(value))
    except (OSError, ValueError) as error:
        raise ConfigError(f"{name} is {value!r}, which is no path: {error}") from error
    if link:
        raise ConfigError(f"{name} is {value!r}, and {link} is a link that leads nowhere")
    if folder == Path("/"):
        raise ConfigError(f"{name} is {value!r}, which is not an absolute path to a folder")
    _check_length(name, os.fsencode(folder))
    return folder


def _check_length(name: str, path: bytes) -> None:
    """There must be room for the names of what is put into it."""
    if len(path) > _LONGEST_PATH or any(len(part) > _LONGEST_NAME for part in path.split(b"/")):
        raise ConfigError(
            f"{name} is a path of more than {_LONGEST_PATH} bytes, or with a name of more than"
            f" {_LONGEST_NAME} bytes in it",
            hint="give it a shorter path",
        )


def _read(file: Path | None) -> dict[str, Any]:
    path = file or DEFAULT_FILE
    try:
        text = read_text(path, _MOST)
    except FileNotFoundError as error:
        if file is None:
            return {}
        raise ConfigError(f"configuration file {path} does not exist") from error
    except Unreadable as error:
        raise error.told(f"configuration file {path}", ConfigError) from error
    import tomllib

    try:
        document = parsed(tomllib.loads, text)
    except RecursionError as error:
        raise ConfigError(f"configuration file {path}: too many brackets in brackets") from error
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(
            f"configuration file {path}: {short(' '.join(str(error).split()))}"
        ) from error
    except ValueError as error:
        raise ConfigError(f"configuration file {path}: a number has too many digits") from error
    return dict(_settings(path, document))


def _settings(path: Path, document: dict[str, Any]) -> list[tuple[str, Any]]:
    found = []
    for section, table in document.items():
        if section not in SECTIONS or not isinstance(table, dict):
            raise ConfigError(
                f"configuration file {path}: {short(repr(section))} is not a section",
                hint=f"sections are: {', '.join(SECTIONS)}; see sharectl-config(5)",
            )
        for key, value in table.items():
            name = f"{section}_{key}"
            if name not in _FILE_KEYS:
                raise ConfigError(
                    f"configuration file {path}: unknown key {section}.{short(key)}",
                    hint=f"keys of {section} are: {', '.join(keys(section))}",
                )
            found.append((name, _checked(path, name, value)))
    return found


def keys(section: str) -> list[str]:
    """The keys that a section of the file may have."""
    names = (item.name.partition("_") for item in fields(Config))
    return [key for name, _, key in names if name == section]


def _checked(path: Path, name: str, value: Any) -> Any:
    where = f"configuration file {path}: {name.replace('_', '.', 1)}"
    return checked(where, name, value, getattr(Config(), name), _CHOICES.get(name, ()))
