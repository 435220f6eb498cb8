"""Getting a model without importing what it runs on."""

from __future__ import annotations

import pytest

from robustft.errors import SpecError
from robustft.testing import stand_in
from robustft.transform import providers
from robustft.transform.providers import provide, provider_names


def test_a_model_is_made_once_for_each_choice_of_settings():
    made = []

    def provider(model, **settings):
        made.append((model, settings))
        return object()

    with stand_in("toy", provider):
        assert "toy" in provider_names()
        first = provide("toy", "folder", device="cpu", top=3)
        assert provide("toy", "folder", top=3, device="cpu") is first
        assert provide("toy", "folder", top=4, device="cpu") is not first
        with stand_in("toy", lambda model: f"inner {model}"):
            assert provide("toy", "folder") == "inner folder"
        assert provide("toy", "folder", device="cpu", top=3) is not first
    assert made[0] == ("folder", {"device": "cpu", "top": 3})
    assert "toy" not in provider_names()


def test_what_is_missing_is_said():
    with stand_in("toy-model", lambda model: model):
        with pytest.raises(SpecError, match="toy-model: expected a model, such as model=FOLDER"):
            provide("toy-model", "")
        with pytest.raises(SpecError, match=r"got 'toy-mode'; did you mean 'toy-model'\?"):
            provide("toy-mode", "folder")


def test_providers_are_found_by_entry_point(monkeypatch):
    class Point:
        name = "texts"

        def load(self):
            return str.upper

    monkeypatch.setattr(providers, "entry_points", lambda **_: [Point()])
    assert provider_names() == ["texts"]
    assert provide("texts", "folder by entry point") == "FOLDER BY ENTRY POINT"
