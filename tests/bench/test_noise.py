"""bench/noise: what it reckons from the noise that it measured."""

from __future__ import annotations

import pytest

from bench import noise
from bench.noise import Noise, smallest_effect


@pytest.fixture(autouse=True)
def _few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(noise, "SEARCHES", 3)
    monkeypatch.setattr(noise, "EFFECTS", (0.002, 0.02, 0.1))


def test_with_little_noise_a_small_effect_is_found() -> None:
    assert smallest_effect(Noise("x", 0.0002, 2.0, 1), 60) == 0.002


def test_noise_hides_it_and_takes_time() -> None:
    assert smallest_effect(Noise("x", 0.01, 2.0, 1), 60) == 0.1


def test_what_cannot_be_told_is_none() -> None:
    assert smallest_effect(Noise("x", 0.5, 20.0, 1), 60) == 0.0
