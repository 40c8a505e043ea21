"""The configuration: what wins, and what is refused."""

from __future__ import annotations

import os
from dataclasses import fields, replace
from pathlib import Path

import pytest

from sharectl import config
from sharectl.config import Config
from sharectl.errors import ConfigError, ExitCode

_FILE = """
[libvirt]
uri = "test:///file"
timeout = 7
[manila]
cloud = "file"
timeout = 8.5
[mount]
timeout = 9
[nfs]
version = "3"
access_to = "192.0.2.0/24"
options = ["sec=krb5", "nconnect=4"]
[cephfs]
client = "fuse"
access_to = "host-a"
options = ["noatime"]
"""
_FROM_FILE = Config(
    libvirt_uri="test:///file",
    libvirt_timeout=7.0,
    manila_cloud="file",
    manila_timeout=8.5,
    mount_timeout=9.0,
    nfs_version="3",
    nfs_access_to="192.0.2.0/24",
    nfs_options=("sec=krb5", "nconnect=4"),
    cephfs_client="fuse",
    cephfs_access_to="host-a",
    cephfs_options=("noatime",),
)
_ENVIRONMENT = {"LIBVIRT_DEFAULT_URI": "test:///environment", "OS_CLOUD": "environment"}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A configuration file with every key."""
    path = tmp_path / "config.toml"
    path.write_text(_FILE)
    return path


@pytest.fixture(autouse=True)
def _no_default_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(config, "DEFAULT_FILE", tmp_path / "default.toml")


def test_default() -> None:
    assert config.load(environment={}) == Config()


def test_file_wins_over_default(file: Path) -> None:
    assert config.load(file, environment={}) == _FROM_FILE


def test_default_file_is_read_when_it_is_there(file: Path, tmp_path: Path) -> None:
    file.rename(tmp_path / "default.toml")
    assert config.load(environment={}) == _FROM_FILE


def test_environment_wins_over_file(file: Path) -> None:
    expected = replace(_FROM_FILE, libvirt_uri="test:///environment", manila_cloud="environment")
    assert config.load(file, environment=_ENVIRONMENT) == expected


def test_flag_wins_over_environment(file: Path) -> None:
    expected = replace(_FROM_FILE, libvirt_uri="test:///flag", manila_cloud="flag")
    loaded = config.load(file, environment=_ENVIRONMENT, connect="test:///flag", os_cloud="flag")
    assert loaded == expected


def test_a_sourced_openrc_wins_over_the_cloud_of_the_file(file: Path) -> None:
    openrc = {"OS_AUTH_URL": "http://192.0.2.1:5000/v3", "OS_USERNAME": "x"}
    assert config.load(file, environment=openrc).manila_cloud is None
    assert config.load(file, environment={"OS_REGION_NAME": "x"}).manila_cloud == "file"
    assert config.load(file, environment={**openrc, "OS_CLOUD": "y"}).manila_cloud == "y"
    assert config.load(file, environment=openrc, os_cloud="flag").manila_cloud == "flag"


def test_it_is_known_what_named_the_cloud(file: Path) -> None:
    def named_by(environment: dict[str, str], os_cloud: str | None = None) -> str:
        return config.load(file, environment=environment, os_cloud=os_cloud).cloud_named_by

    assert named_by({}) == f"manila.cloud of {file}"
    assert named_by({"OS_CLOUD": "x"}) == "OS_CLOUD"
    assert named_by({"OS_CLOUD": "x"}, "y") == "--os-cloud"
    assert config.load(environment={}).cloud_named_by == ""


def test_empty_variables_do_not_count(file: Path) -> None:
    names = [*_ENVIRONMENT, "OS_AUTH_URL", "SHARECTL_STATE_DIR", "SHARECTL_RUNTIME_DIR"]
    assert config.load(file, environment=dict.fromkeys(names, "")) == _FROM_FILE


def test_every_setting_but_the_folders_is_a_key_of_the_file(file: Path) -> None:
    changed = {f.name for f in fields(Config) if getattr(_FROM_FILE, f.name) != f.default}
    others = {"state_dir", "runtime_dir", "cloud_named_by", "patience"}
    assert changed == {f.name for f in fields(Config)} - others


def test_folders_move_with_their_variables(tmp_path: Path) -> None:
    state, runtime = tmp_path / "state", tmp_path / "run"
    moved = config.load(
        environment={"SHARECTL_STATE_DIR": str(state), "SHARECTL_RUNTIME_DIR": f"/{runtime}/x/.."}
    )
    assert (moved.store_file, moved.secrets_dir) == (state / "mappings.json", state / "secrets")
    assert moved.withdrawals_dir == state / "withdrawals"
    assert (moved.mount_base, moved.lock_dir) == (runtime / "mnt", runtime / "locks")


@pytest.mark.parametrize("name", ["LIBVIRT_DEFAULT_URI", "OS_CLOUD"])
def test_variable_that_is_no_text(name: str) -> None:
    with pytest.raises(ConfigError, match="is no UTF-8 text"):
        config.load(environment={name: "a\udcff"})


def test_folder_that_only_root_may_look_into_is_no_mistake(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """That others may change nothing is said in better words later."""

    def denied(_folder: Path) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(config, "broken_link", denied)
    folder = str(tmp_path / "state")
    found = config.load(environment={"SHARECTL_STATE_DIR": folder})
    assert str(found.state_dir) == folder


def test_link_to_the_runtime_folder_is_followed(tmp_path: Path) -> None:
    """The kernel names mount points without links in their way."""
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    loaded = config.load(environment={"SHARECTL_RUNTIME_DIR": str(tmp_path / "link" / "run")})
    assert loaded.runtime_dir == tmp_path / "real" / "run"


def test_default_runtime_folder_that_is_a_link_is_followed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The kernel names what is mounted there by where the link leads."""
    (tmp_path / "link").symlink_to("real")
    monkeypatch.setattr(config, "_RUNTIME", tmp_path / "link")
    for real in (config.load(environment={}), config.folders({})):
        assert real.mount_base == tmp_path / "real" / "mnt"


@pytest.mark.parametrize("name", ["SHARECTL_STATE_DIR", "SHARECTL_RUNTIME_DIR"])
@pytest.mark.parametrize("value", ["relative/folder", "./x", "/", "//", "/..", "~/x"])
def test_impossible_folder(name: str, value: str) -> None:
    with pytest.raises(ConfigError, match=f"{name} is .* not an absolute path to a folder"):
        config.load(environment={name: value})


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("[libvirt", "Expected"),
        ("uri = 'x'", "'uri' is not a section"),
        ("[volumes]", "'volumes' is not a section"),
        ("libvirt = 1", "'libvirt' is not a section"),
        ("[libvirt]\nurl = 'x'", "unknown key libvirt.url"),
        ("[state]\ndir = '/x'", "'state' is not a section"),
        ("[libvirt]\nuri = 1", "libvirt.uri must be a string"),
        ("[manila]\ncloud = false", "manila.cloud must be a string"),
        ("[manila]\ntimeout = '5'", "manila.timeout must be a number of seconds"),
        ("[manila]\ntimeout = true", "manila.timeout must be a number of seconds"),
        ("[manila]\ntimeout = 0", "manila.timeout must be a number of seconds"),
        ("[manila]\ntimeout = -1", "manila.timeout must be a number of seconds"),
        ("[manila]\ntimeout = inf", "manila.timeout must be a number of seconds"),
        ("[manila]\ntimeout = nan", "manila.timeout must be a number of seconds"),
        ("[nfs]\nversion = '2'", "nfs.version must be one of"),
        ("[nfs]\nversion = 4.2", "nfs.version must be a string"),
        ("[cephfs]\nclient = 'userspace'", "cephfs.client must be one of auto, kernel, fuse"),
        ("[nfs]\noptions = 'ro'", "nfs.options must be a list of strings"),
        ("[nfs]\noptions = [1]", "nfs.options must be a list of strings"),
        (
            "[mount]\ntimeout = 1e10",
            "mount.timeout must be a number of seconds above 0, up to 36",
        ),
        ("[libvirt]\ntimeout = 3601", "libvirt.timeout must be a number of seconds"),
        ("[manila]\ntimeout = 1e999", "manila.timeout must be a number of seconds"),
        (f"[manila]\ntimeout = {'1' * 5000}", "a number has too many digits"),
        (f"[manila]\ntimeout = {'1' * 4000}", "manila.timeout must be a number of seconds"),
        (f"[nfs]\noptions = {'[' * 5000}", "too many brackets in brackets"),
        (
            f"[cephfs]\naccess_to = '{'x' * 129}'",
            "cephfs.access_to must be a cephx id: at most",
        ),
        ("[cephfs]\naccess_to = ''", "cephfs.access_to must be a cephx id"),
        ("[cephfs]\naccess_to = 'client.x'", "cephfs.access_to must be a cephx id"),
        ("[cephfs]\naccess_to = '-x'", "cephfs.access_to must be a cephx id"),
        ("[nfs]\naccess_to = 'node1'", "nfs.access_to must be an IP address, or a network"),
        ('[nfs]\noptions = ["a\\u0000b"]', "nfs.options must not have control characters"),
        ('[libvirt]\nuri = "a\\nb"', "libvirt.uri must not have control characters"),
        (f"{'x' * 70_000} = 1", "larger than 64 KiB"),
        (f"[{'x' * 5000}]", f"'{'x' * 199}... is not a section"),
    ],
)
def test_wrong_file(file: Path, text: str, error: str) -> None:
    file.write_text(text)
    with pytest.raises(ConfigError) as caught:
        config.load(file, environment={})
    assert error in caught.value.message
    assert str(file) in caught.value.message
    assert caught.value.exit_code is ExitCode.CONFIG


def test_named_file_must_be_there(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="does not exist"):
        config.load(tmp_path / "none.toml", environment={})


def test_longest_values(file: Path) -> None:
    file.write_text(f"[cephfs]\naccess_to = '{'x' * 128}'\n[mount]\ntimeout = 3600\n")
    loaded = config.load(file, environment={})
    assert (len(loaded.cephfs_access_to or ""), loaded.mount_timeout) == (128, 3600.0)


def test_byte_order_mark(file: Path) -> None:
    file.write_bytes(b"\xef\xbb\xbf" + file.read_bytes())
    assert config.load(file, environment={}) == _FROM_FILE


@pytest.mark.parametrize("device", ["/dev/zero", "/dev/full"])
def test_device(device: str) -> None:
    with pytest.raises(ConfigError, match=f"{device} cannot be read: it is a device"):
        config.load(Path(device), environment={})


def test_fifo(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    with pytest.raises(ConfigError, match="it is a FIFO"):
        config.load(tmp_path / "fifo", environment={})


def test_default_file_that_is_a_link_to_nowhere_is_not_absent(tmp_path: Path) -> None:
    (tmp_path / "default.toml").symlink_to("nowhere")
    with pytest.raises(ConfigError, match="is a link that leads nowhere"):
        config.load(environment={})


@pytest.mark.parametrize("name", ["SHARECTL_STATE_DIR", "SHARECTL_RUNTIME_DIR"])
def test_folder_that_cannot_be(name: str, tmp_path: Path) -> None:
    for value in ("/" + "x" * 256, "/x" * 2000, "/a\0b"):
        with pytest.raises(ConfigError, match=name):
            config.load(environment={name: value})
    (tmp_path / "link").symlink_to("nowhere")
    with pytest.raises(ConfigError, match="leads nowhere"):
        config.load(environment={name: str(tmp_path / "link" / "x")})


def test_unreadable_file(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        config.load(tmp_path, environment={})
    (tmp_path / "binary").write_bytes(b"\xff")
    with pytest.raises(ConfigError, match="cannot be read"):
        config.load(tmp_path / "binary", environment={})
