"""Every engine by name: what it needs, and how it is opened. Options, checks and evaluations read this list."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from models_service.engine.interface import Engine, EngineError, EngineSettings


@dataclass(frozen=True, slots=True)
class EngineKind:
    """One engine. `open` imports its model libraries, so that importing this module stays light."""

    open: Callable[[EngineSettings], Engine]
    loads_weights: bool = False
    """Whether `model` may be a directory of weights on this machine."""
    needs_base_url: bool = False


def _open_local(settings: EngineSettings) -> Engine:
    from models_service.engine.local import open_local

    return open_local(settings)


def _open_remote(settings: EngineSettings) -> Engine:
    from models_service.engine.remote import open_remote

    return open_remote(settings)


def _open_scripted(settings: EngineSettings) -> Engine:
    from models_service.engine.scripted import ScriptedEngine

    return ScriptedEngine(settings.model)


ENGINES: Final[dict[str, EngineKind]] = {
    "local": EngineKind(_open_local, loads_weights=True),
    # The local model by transformers' own `generate`: slow, and the reference for `local`.
    "plain": EngineKind(_open_local, loads_weights=True),
    # An OpenAI-compatible server.
    "remote": EngineKind(_open_remote, needs_base_url=True),
    # Rules instead of a model, for tests and rehearsals.
    "scripted": EngineKind(_open_scripted),
}


def engine_kind(name: str) -> EngineKind:
    """The engine with this name. Raises EngineError where there is none."""
    if name not in ENGINES:
        raise EngineError(f"there is no engine {name!r}; there are {', '.join(ENGINES)}")
    return ENGINES[name]


def open_engine(settings: EngineSettings) -> Engine:
    """Open the engine that the settings name. Raises EngineError with the reason if it cannot be opened."""
    return engine_kind(settings.engine).open(settings)
