"""What a checkout needs to run by itself: secrets and files in var/, made at first use."""

from __future__ import annotations

import os
import secrets
from pathlib import Path


def embedded_secret(path: Path) -> str:
    """The secret kept in a file only its owner can read, made if it is not there yet.

    Safe when several processes start at once: the file appears whole or not at all, and the first one wins.
    """
    if path.exists():
        return path.read_text().strip()
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    with os.fdopen(os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w") as file:
        file.write(secrets.token_urlsafe(48))
    try:
        os.link(draft, path)
    except FileExistsError:
        pass
    finally:
        draft.unlink()
    return path.read_text().strip()


def env_bool(name: str, default: bool) -> bool:
    """A yes or no from the environment; anything else is refused rather than guessed."""
    value = os.environ.get(name)
    if value is None or value == "":
        return default
    if value.lower() in {"1", "true", "yes", "on"}:
        return True
    if value.lower() in {"0", "false", "no", "off"}:
        return False
    raise ValueError(f"{name}={value!r} is neither yes nor no. Use 1 or 0.")


def env_list(name: str, default: list[str]) -> list[str]:
    """A comma-separated list from the environment."""
    value = os.environ.get(name)
    return default if value is None else [part.strip() for part in value.split(",") if part.strip()]
