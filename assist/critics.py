"""The site's critics: named in settings.CRITICS, described by the card beside their weights, opened at first use."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from django.conf import settings

from models_service.critic import read_card
from models_service.engine import Engine, EngineError, EngineSettings, open_engine

SAYS_NOTHING = "not known here: this critic does not say which texts it cannot read, so nobody is warned of any"


@dataclass(frozen=True)
class CriticCard:
    """What researchers are told about a critic: what it is, what it can and cannot read, how well it does."""

    key: str
    """The name a study uses."""
    name: str
    reads: str
    cannot: str
    numbers: list[dict[str, Any]] = field(default_factory=list)
    """What was measured on problems no training saw: {set, measure, value, low95, high95, n} each."""


def critic_settings(key: str) -> EngineSettings:
    """How the critic of this name is opened. Raises EngineError if the site has none of that name."""
    if key not in settings.CRITICS:
        known = ", ".join(sorted(settings.CRITICS)) or "none"
        raise EngineError(f"This site has no critic named “{key}”. It has: {known}.")
    config = settings.CRITICS[key]
    folder = Path(settings.BASE_DIR) / config["model"]
    return EngineSettings(**config | {"model": str(folder) if folder.is_dir() else config["model"]})


def model_name(key: str) -> str:
    """The critic's model as configured, for the records: no path of this machine."""
    return str(settings.CRITICS[key]["model"])


@cache
def critic_card(key: str) -> CriticCard:
    """The critic's card.json where its folder has one; for any other model, only what the settings say."""
    config = critic_settings(key)
    card = read_card(Path(config.model))
    if card is None:
        return CriticCard(key, model_name(key), "whatever the model was trained on; not measured here", SAYS_NOTHING)
    return CriticCard(key, card["name"], card["reads"], card["cannot"], card.get("numbers", []))


def critic_cards() -> list[CriticCard]:
    return [critic_card(key) for key in settings.CRITICS]


@cache
def open_critic(key: str) -> Engine:
    """The critic's engine, loaded once a process. Only workers call this: it imports torch."""
    return open_engine(critic_settings(key))
