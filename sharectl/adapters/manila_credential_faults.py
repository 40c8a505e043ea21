"""Which value of a cloud's configuration is wrong, when something has failed because of it."""

from __future__ import annotations

import os
import ssl
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from keystoneauth1 import exceptions as auth_errors

from sharectl.adapters.manila_clouds_yaml import no_text

Setting = Callable[[str], str]

_TEXTS = ("auth_type", "region_name", "interface", "cacert", "cert", "key")
_BUNDLES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")  # what requests takes when no CA is named


def fault_of(config: Mapping[str, Any], setting: Setting) -> str | None:
    """The first value that is seen to be wrong, and how; None if all look right.

    Args:
        config: of a cloud, as openstack.config has it.
        setting: says of a key what it is taken from.
    """
    for key in _TEXTS:
        value = config.get(key)
        if value is not None and (kind := no_text(value)):
            return f"{setting(key)} is {kind}, not text"
    url = _given(config, "auth_url")
    if url is not None and (kind := no_text(url)):
        return f"{setting('auth_url')} is {kind}, not text"
    if url is not None and not is_address(url):
        return f"{setting('auth_url')} is no address such as https://HOST:5000/v3"
    return lacking_token(config, setting) or _unusable_file(config, setting)


def _given(config: Mapping[str, Any], key: str) -> Any:
    """What is given to log in with; variables are beside `auth` until all is put together."""
    auth = config.get("auth")
    in_auth = auth.get(key) if isinstance(auth, Mapping) else None
    return config.get(key) if in_auth is None else in_auth


def culprit(entry: dict[Any, Any], works: Callable[[], bool]) -> str | None:
    """The key without which the configuration can be used; None if it is more than one.

    Args:
        entry: of the cloud; as before when this returns.
        works: tells whether it can be used as it is now.
    """
    auth = entry.get("auth")
    parts = [entry, auth] if isinstance(auth, dict) else [entry]
    for part in parts:
        for key in [key for key in part if key != "auth"]:
            before = dict(part)
            del part[key]
            usable = works()
            part.clear()
            part.update(before)
            if usable:
                return str(key)
    return None


def is_address(url: object) -> bool:
    """Whether it is an address that can be asked by HTTP."""
    if not isinstance(url, str) or not url.isprintable() or " " in url:
        return False
    try:
        parts = urlsplit(url)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def missing(why: object, setting: Setting) -> str | None:
    """What is not given, if `why` is that something is."""
    if not isinstance(why, auth_errors.MissingRequiredOptions):
        return None
    names = ", ".join(setting(str(option.dest)) for option in why.options)
    return f"there is no {names}" if names else None


def lacking_token(config: Mapping[str, Any], setting: Setting) -> str | None:
    """That there is no token to log in with, which some versions of keystoneauth1 do not mind."""
    if config.get("auth_type") not in ("token", "v3token") or _given(config, "token"):
        return None
    return f"there is no {setting('token')}"


def _unusable_file(config: Mapping[str, Any], setting: Setting) -> str | None:
    authority, certificate, key = (
        Path(value).expanduser() if (value := config.get(name)) else None
        for name in ("cacert", "cert", "key")
    )
    if authority is not None:
        if why := _no_authority(authority):
            return f"{setting('cacert')} is {authority}, {why}"
    else:
        for name in _BUNDLES:
            if (bundle := os.environ.get(name)) and (why := _no_authority(Path(bundle))):
                return f"{name} is {bundle}, {why}"
    if certificate is not None and (why := _no_certificate(certificate, key)):
        of_key = f", and {setting('key')} is {key}" if key is not None else ""
        return f"{setting('cert')} is {certificate}{of_key}: {why}"
    return None


def _no_authority(path: Path) -> str | None:
    """Why `path` has no certificates of authorities."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    try:
        folder = path.is_dir()
        context.load_verify_locations(None if folder else path, path if folder else None)
    except ssl.SSLError:
        return "which has no certificate"
    except (OSError, ValueError) as error:
        return f"which cannot be read: {getattr(error, 'strerror', error)}"
    return None


def _no_certificate(certificate: Path, key: Path | None) -> str | None:
    """Why they are no certificate of a client with its key."""
    for path in (certificate, key):
        try:
            if path is not None:
                path.open("rb").close()
        except (OSError, ValueError) as error:
            return f"{path} cannot be read: {getattr(error, 'strerror', error)}"
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    try:
        context.load_cert_chain(certificate, key, password="")
    except (OSError, ValueError):  # ssl.SSLError among them
        return "they are no certificate with its key that can be used without a password"
    return None
