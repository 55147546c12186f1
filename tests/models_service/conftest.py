"""Tiny random models on disk, made once a run."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest
import transformers

from tests.models_service.tiny_models import make, missing


@pytest.fixture(scope="session")
def model_directory(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """The directory of a saved model of the architecture asked for."""

    @cache
    def directory(kind: str) -> Path:
        if (name := missing(kind)) is not None:
            pytest.skip(f"transformers {transformers.__version__} has no {name}")
        return make(tmp_path_factory.mktemp("model"), kind)

    return directory


@pytest.fixture(scope="session")
def tiny(model_directory: Callable[[str], Path]) -> Path:
    """A tiny Llama."""
    return model_directory("llama")
