"""Translation there and back, by tiny Marian models with random weights."""

from __future__ import annotations

import io
import json

import pytest
import sentencepiece
import torch
from transformers import MarianConfig, MarianMTModel

from robustft.errors import HubError, MissingExtraError, ModelError
from robustft.model import translation
from robustft.model.load import seeded_torch
from robustft.model.translation import BackTranslator, load_back_translator, load_translator

SENTENCES = [
    "The film was long and dull.",
    "I would have liked it more.",
    "Nobody seems to care.",
    "A man, his dog and the sea.",
]
KEYS = [3, 2**63 + 5, 7, 11]


def save_marian(path, seed, languages=()):
    trained = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(SENTENCES * 5), model_writer=trained, vocab_size=70,
        minloglevel=2, hard_vocab_limit=False,
    )  # fmt: skip
    path.mkdir()
    for side in ("source", "target"):
        (path / f"{side}.spm").write_bytes(trained.getvalue())
    processor = sentencepiece.SentencePieceProcessor(model_proto=trained.getvalue())
    pieces = [processor.id_to_piece(i) for i in range(processor.get_piece_size())]
    pieces = ["</s>", "<unk>", *(p for p in pieces if p not in ("<s>", "</s>", "<unk>"))]
    pieces += [f">>{language}<<" for language in languages] + ["<pad>"]
    (path / "vocab.json").write_text(json.dumps({piece: i for i, piece in enumerate(pieces)}))
    (path / "tokenizer_config.json").write_text(
        json.dumps({"tokenizer_class": "MarianTokenizer", "model_max_length": 40})
    )
    pad = len(pieces) - 1
    config = MarianConfig(
        vocab_size=len(pieces), d_model=16, encoder_layers=1, decoder_layers=1,
        encoder_attention_heads=2, decoder_attention_heads=2, encoder_ffn_dim=32,
        decoder_ffn_dim=32, max_position_embeddings=40, pad_token_id=pad, eos_token_id=0,
        decoder_start_token_id=pad, forced_eos_token_id=None, scale_embedding=True, init_std=0.2,
    )  # fmt: skip
    with seeded_torch(seed):
        model = MarianMTModel(config)
        # The longer a sentence has become, the more it wants to end.
        model.generation_config.exponential_decay_length_penalty = (3, 3.0)
        model.final_logits_bias[0, pad] = -100
    model.save_pretrained(path)
    return str(path)


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    base = tmp_path_factory.mktemp("marian")
    return save_marian(base / "there", 1), save_marian(base / "back", 2)


@pytest.fixture(scope="module")
def back_translator(folders):
    there, back = folders
    return load_back_translator(there, back=back, device="cpu")


@pytest.mark.parametrize(
    "settings", [{}, {"beams": 3}, {"temperature": 1.0}, {"beams": 2, "temperature": 0.7}]
)
def test_a_sentence_comes_back_the_same_in_any_company(back_translator, settings):
    together = back_translator(SENTENCES, KEYS, **settings)
    assert len(together) == 4
    assert any(together)
    alone = [back_translator([s], [k], **settings)[0] for s, k in zip(SENTENCES, KEYS, strict=True)]
    assert alone == together
    assert back_translator(SENTENCES[::-1], KEYS[::-1], **settings) == together[::-1]
    assert back_translator([], [], **settings) == []


def test_chance_comes_from_the_keys_alone(folders):
    there = load_translator(folders[0], device="cpu")
    drawn = {there([SENTENCES[0]], [key], temperature=1.5)[0] for key in range(6)}
    assert len(drawn) > 2
    state = torch.random.get_rng_state()
    again = {there([SENTENCES[0]], [key], temperature=1.5)[0] for key in range(6)}
    assert again == drawn
    assert torch.equal(torch.random.get_rng_state(), state)
    assert len({there([SENTENCES[0]], [key])[0] for key in range(6)}) == 1


def test_a_sentence_without_an_end_is_none(folders):
    endless = load_translator(folders[0], device="cpu")
    endless._model.generation_config.exponential_decay_length_penalty = None
    endless._model.final_logits_bias[0, 0] = -100
    assert BackTranslator(endless, endless)(SENTENCES[:2], KEYS[:2]) == [None, None]


def test_what_is_too_long_is_cut_at_clauses_and_between_words(folders):
    there = load_translator(folders[0], device="cpu")
    long = "the film was long, and " * 20
    parts = there._fitting(long)
    assert "".join(parts) == long
    assert len(parts) > 3
    assert all(part.endswith((", ", "and ")) for part in parts)
    assert isinstance(there([long], [1])[0], str)
    assert there(["dull" * 300, ""], [1, 2])[0] is None


def test_a_model_of_several_languages_is_told_which(tmp_path):
    folder = save_marian(tmp_path / "many", 3, ("fra", "spa"))
    assert load_translator(folder, language="fra", device="cpu")(SENTENCES, KEYS)
    assert load_translator(folder, language=">>spa<<", device="cpu").code == ">>spa<<"
    with pytest.raises(ModelError, match=r"expected one of its languages \(fra, spa\), got none"):
        load_translator(folder)
    with pytest.raises(ModelError, match=r"got 'frau'; did you mean 'fra'\?"):
        load_translator(folder, language="frau")


def test_what_cannot_be_used_is_said(folders, checkpoint, monkeypatch, tmp_path):
    with pytest.raises(ModelError, match="it knows one target alone"):
        load_translator(folders[0], language="fra")
    with pytest.raises(ModelError, match="expected a folder with a translation model"):
        load_translator(str(checkpoint()))
    with pytest.raises(HubError, match="got no connection; name a local folder"):
        load_translator("Helsinki-NLP/opus-mt-en-de")
    monkeypatch.setattr(translation.importlib.util, "find_spec", lambda _: None)
    with pytest.raises(MissingExtraError, match=r"pip install 'robustft\[translation\]'"):
        load_translator(folders[0])
