"""Misconfiguration is told at start, with what to do about it (`manage.py check`, and before every command)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning, register

from assist.critics import critic_settings
from models_service.engine import EngineError, engine_kind

SHORTEST_SALT = 32


@register
def critics_can_be_opened(**kwargs: Any) -> list[CheckMessage]:
    """Each critic of the site is described rightly, as far as that shows without loading it."""
    return list(_critics())


def _critics() -> Iterator[CheckMessage]:
    if settings.DEFAULT_CRITIC not in settings.CRITICS:
        yield Error(
            f"DEFAULT_CRITIC is “{settings.DEFAULT_CRITIC}”, which CRITICS does not name.",
            hint=f"It names: {', '.join(sorted(settings.CRITICS))}.",
            id="assist.E001",
        )
    for key in settings.CRITICS:
        try:
            config = critic_settings(key)
            kind = engine_kind(config.engine)
        except (TypeError, KeyError, EngineError) as error:
            yield Error(f"The critic “{key}” is described wrongly: {error!r}", id="assist.E002")
            continue
        if kind.needs_base_url and not config.base_url:
            yield Error(
                f"The critic “{key}” is remote and has no address.",
                hint="Set CRITIC_BASE_URL to the server's /v1 address.",
                id="assist.E003",
            )
        if kind.loads_weights and _is_folder(config.model) and not _place(config.model).is_dir():
            yield Warning(
                f"The critic “{key}” is to be loaded from {config.model}, which is not there.",
                hint="Studies with another critic are not affected; runs of this one will fail and say so.",
                id="assist.W001",
            )


def _place(model: str) -> Path:
    """Where a folder is: from the checkout, unless it says otherwise."""
    return settings.BASE_DIR / model


def _is_folder(model: str) -> bool:
    """Hub names have at most one slash, and are no paths."""
    return model.startswith((".", "/", "~")) or model.count("/") > 1


@register
def a_site_is_not_a_demo(**kwargs: Any) -> list[CheckMessage]:
    """What runs a checkout on one machine is not what a site with many labelers should run on."""
    return list(_production()) if settings.PRODUCTION else []


def _production() -> Iterator[CheckMessage]:
    if settings.PSEUDONYM_SALT == settings.SECRET_KEY:
        yield Error(
            "PSEUDONYM_SALT and SECRET_KEY are the same.",
            hint="A key may be changed when it leaks; the salt never, or pseudonyms change. They must differ.",
            id="assist.E004",
        )
    if len(settings.PSEUDONYM_SALT) < SHORTEST_SALT:
        yield Error(
            f"PSEUDONYM_SALT has fewer than {SHORTEST_SALT} characters, so pseudonyms could be guessed.",
            hint="python -c 'import secrets; print(secrets.token_urlsafe(48))'",
            id="assist.E005",
        )
    for name, file in (("SECRET_KEY", "secret_key"), ("PSEUDONYM_SALT", "pseudonym_salt")):
        embedded = settings.VAR_DIR / file
        if embedded.exists() and embedded.read_text().strip() == getattr(settings, name):
            yield Error(f"{name} is the one that the demo made for itself in {embedded}.", id="assist.E006")
    if settings.DATABASES["default"]["ENGINE"].endswith("sqlite3"):
        yield Warning(
            "The site runs on SQLite, which lets one labeler write at a time.",
            hint="Set DATABASE_URL to a PostgreSQL.",
            id="assist.W002",
        )
    if settings.CELERY_BROKER_URL.startswith("filesystem:"):
        yield Warning(
            "The broker is a folder, so the worker must run on the web server's machine.",
            hint="Set BROKER_URL to a Redis.",
            id="assist.W003",
        )
