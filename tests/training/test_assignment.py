"""Settings from texts: every setting can be written, and what cannot be read is told."""

from __future__ import annotations

from dataclasses import fields, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mechgap.errors import TrainingError
from mechgap.training.assignment import assigned
from mechgap.training.settings import FAMILIES, HINTS, SCHEDULES, TrainingSettings, preset

SETTINGS = st.builds(
    TrainingSettings,
    family=st.sampled_from(FAMILIES),
    hidden=st.integers(1, 64),
    rounds=st.integers(1, 3),
    hints=st.sampled_from(HINTS),
    sizes=st.lists(st.integers(1, 20), min_size=1, max_size=3).map(tuple),
    connectivity=st.lists(st.floats(0, 1), min_size=1, max_size=3).map(tuple),
    random_pos=st.booleans(),
    schedule=st.sampled_from(SCHEDULES),
    warmup=st.floats(0, 1),
    weight_decay=st.floats(0, 10),
    patience=st.integers(0, 5),
    truncate=st.integers(0, 5),
    clip_by=st.sampled_from(("norm", "value")),
    attention_heads=st.lists(st.integers(0, 5), max_size=3).map(tuple),
    internal=st.floats(0, 10),
    soft=st.booleans(),
    seed=st.integers(0, 2**31),
)


def text_of(value):
    return ",".join(map(str, value)) if isinstance(value, tuple) else str(value)


@given(SETTINGS)
def test_settings_survive_texts_and_plain_data(settings):
    texts = [f"{field.name}={text_of(getattr(settings, field.name))}" for field in fields(settings)]
    assert assigned(preset("quick"), texts) == settings
    assert TrainingSettings.from_json(settings.to_json()) == settings


def test_later_texts_win_and_none_change_nothing():
    assert assigned(preset("quick"), ["hidden=8", " hidden = 16 "]) == replace(preset("quick"), hidden=16)
    assert assigned(preset("clrs"), []) == preset("clrs")
    assert assigned(preset("clrs"), ["soft=no"]).soft is False


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("momentum=1", "momentum[\\s\\S]*one of family, hidden"), ("hidden", "hidden[\\s\\S]*NAME=VALUE"),
        ("hidden=wide", "hidden[\\s\\S]*a whole number"), ("soft=2", "soft[\\s\\S]*true or false"),
        ("sizes=4;5", "sizes[\\s\\S]*whole numbers separated by commas"), ("", "a change"),
        ("learning_rate=fast", "learning_rate[\\s\\S]*a number"),
        ("hidden=0", "a width that the heads divide"),
    ],
)  # fmt: skip
def test_texts_that_say_nothing_are_told(text, message):
    with pytest.raises(TrainingError, match=message):
        assigned(preset("quick"), [text])
