"""The engine: token probabilities from a causal language model, behind one small interface.

    engine = open_engine(EngineSettings(model="models_service/critic/reports"))
    bundles = engine.critique(subjects, seed=7)

Importing this module loads no torch: an engine is imported when it is opened.
"""

from __future__ import annotations

from models_service.engine.interface import Engine, EngineError, EngineSettings
from models_service.engine.registry import ENGINES, engine_kind, open_engine

__all__ = ["ENGINES", "Engine", "EngineError", "EngineSettings", "engine_kind", "open_engine"]
