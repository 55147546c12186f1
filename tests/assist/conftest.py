"""A critic that speaks by rule, for tests of everything around it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from pytest_django import Settings

from assist.critics import critic_card, open_critic


@pytest.fixture(autouse=True)
def scripted_critic(settings: Settings) -> Iterator[None]:
    settings.CRITICS = {"reports": {"model": "tests/scripted", "engine": "scripted"}}
    open_critic.cache_clear()
    critic_card.cache_clear()
    yield
    open_critic.cache_clear()
    critic_card.cache_clear()
