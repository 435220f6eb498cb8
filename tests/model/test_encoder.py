"""Sentence encoders: how folders say that they pool, long texts, and what company changes."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pytest
import torch
from transformers import AutoModel, AutoTokenizer

from robustft.errors import HubError, ModelError
from robustft.model.encoder import load_encoder
from robustft.model.scorers import similarity

SHORT, LONG = "the film was superb", "the meal was lovely " * 40


@pytest.fixture
def folder(checkpoint, tmp_path):
    """A function that gives an encoder's folder, with the modules of sentence-transformers."""

    def make(modules=None, pooling=None, **settings):
        path = tmp_path / "encoder"
        shutil.copytree(checkpoint("bert"), path)
        if modules:
            listed = [
                {"path": f"{i}_{m}", "type": f"sentence_transformers.models.{m}"}
                for i, m in enumerate(modules)
            ]
            (path / "modules.json").write_text(json.dumps(listed))
        if pooling:
            (path / "1_Pooling").mkdir()
            (path / "1_Pooling/config.json").write_text(json.dumps(pooling))
        if settings:
            (path / "sentence_bert_config.json").write_text(json.dumps(settings))
        return str(path)

    return make


def hidden(path, text):
    """Return what transformers itself gives for one short text: its tokens' states."""
    tokenizer, model = AutoTokenizer.from_pretrained(path), AutoModel.from_pretrained(path).eval()
    with torch.no_grad():
        states = model(**tokenizer(text, return_tensors="pt")).last_hidden_state[0]
    return states.double().numpy()


def unit(vector):
    return vector / np.linalg.norm(vector)


MODULES = ["Transformer", "Pooling", "Normalize"]


@pytest.mark.parametrize(
    ("pooling", "pooled"),
    [
        (None, lambda states: states.mean(0)),
        ({"pooling_mode_mean_tokens": True, "pooling_mode_cls_token": False}, lambda s: s.mean(0)),
        ({"pooling_mode_cls_token": True}, lambda states: states[0]),
        ({"pooling_mode": "max"}, lambda states: states.max(0)),
    ],
)
def test_pooling_is_what_the_folder_says(folder, pooling, pooled):
    path = folder(MODULES if pooling else None, pooling)
    made = load_encoder(path, device="cpu")([SHORT])[0]
    np.testing.assert_allclose(made, unit(pooled(hidden(path, SHORT))), atol=1e-6)


def test_no_part_of_a_long_text_is_overlooked(folder):
    encoder = load_encoder(folder(max_seq_length=12), device="cpu")
    assert encoder.longest == 12
    changed = LONG + "dreadful"
    assert not np.allclose(encoder([LONG])[0], encoder([changed])[0], atol=1e-6)


def test_company_changes_no_more_than_the_last_digits(folder):
    encoder = load_encoder(path := folder(), device="cpu")
    together = encoder([SHORT, LONG, "", "tedious"])
    alone = load_encoder(path, device="cpu")(["tedious"])
    np.testing.assert_allclose(together[3], alone[0], atol=1e-6)
    assert np.isfinite(together).all()


def test_similarity_is_a_cosine_of_pairs(folder):
    score = similarity(folder(), device="cpu")
    found = score([SHORT, SHORT], [SHORT, "the hotel was tedious"])
    assert found[0] == pytest.approx(1)
    assert -1 <= found[1] < 1
    assert score([], []).shape == (0,)


@pytest.mark.parametrize(
    ("modules", "pooling", "message"),
    [
        (["Transformer", "Pooling", "Dense"], {"pooling_mode": "mean"}, "Normalize, got Dense"),
        (MODULES, {"pooling_mode_weightedmean_tokens": True}, "got weightedmean_tokens"),
        (MODULES, None, "expected pooling by one of mean, cls, max, got none"),
    ],
)
def test_other_ways_to_pool_are_refused(folder, modules, pooling, message):
    with pytest.raises(ModelError, match=message):
        load_encoder(folder(modules, pooling))


def test_what_is_no_encoder_says_so(tmp_path):
    with pytest.raises(ModelError, match="expected a model folder"):
        load_encoder(str(tmp_path))
    with pytest.raises(HubError, match=r"--similarity-model|local folder"):
        load_encoder("no-such/encoder")
