"""What a masked language model says of places in texts: small ones with random weights."""

from __future__ import annotations

import pytest
from tokenizers import Tokenizer, models, pre_tokenizers, processors
from transformers import (
    BertConfig,
    BertForMaskedLM,
    BertTokenizer,
    PreTrainedTokenizerFast,
    RobertaConfig,
    RobertaForMaskedLM,
)

from robustft.errors import ModelError
from robustft.model.load import seeded_torch
from robustft.model.masked_lm import MaskedLanguageModel, load_masked_lm
from robustft.testing import stand_in
from robustft.transform import perturb

WORDS = "the a film movie story tale begins starts was is dull awful terrible and of x".split()
PIECES = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *WORDS, ".", ",", "##s", "##ly", "7", "é"]
SMALL = {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2}
TEXT = "the film begins and the story was dull."
FILM, STORY, DULL = (
    (TEXT.index(word), TEXT.index(word) + len(word)) for word in ("film", "story", "dull")
)


@pytest.fixture(scope="module")
def bert(tmp_path_factory):
    """The folder of a BERT that knows a few words."""
    path = tmp_path_factory.mktemp("masked")
    config = BertConfig(
        vocab_size=len(PIECES), intermediate_size=32, max_position_embeddings=64, **SMALL
    )
    with seeded_torch(1):
        BertForMaskedLM(config).save_pretrained(path)
    vocabulary = {piece: number for number, piece in enumerate(PIECES)}
    BertTokenizer(vocab=vocabulary, model_max_length=64).save_pretrained(path)
    return path


@pytest.fixture
def model(bert):
    return load_masked_lm(str(bert), device="cpu")


def test_proposes_whole_words_best_first(bert):
    (found,) = load_masked_lm(str(bert), top_k=100, device="cpu")([TEXT], [FILM])
    assert {word for word, _ in found} == set(WORDS) - {"a", "x"}
    scores = [score for _, score in found]
    assert scores == sorted(scores, reverse=True)
    assert all(0 < score < 1 for score in scores)
    (few,) = load_masked_lm(str(bert), top_k=3, device="cpu")([TEXT], [FILM])
    assert few == found[:3]


def test_a_place_depends_on_its_text_alone(bert, model):
    texts = [TEXT, "a tale.", TEXT, "the movie is awful and the story was terrible of a film"]
    spans = [STORY, (2, 6), DULL, (4, 9)]
    together = model(texts, spans)
    alone = load_masked_lm(str(bert), device="cpu")
    assert [alone([t], [s])[0] for t, s in zip(texts, spans, strict=True)] == together
    assert model(texts[::-1], spans[::-1]) == together[::-1]
    assert model([], []) == []


def test_what_stands_there_fits_and_is_like_itself(model):
    texts, spans = [TEXT] * 3, [FILM, STORY, DULL]
    assert model.fit(texts, spans, ["film", "story", "dull"]) == [1.0, 1.0, 1.0]
    assert model.similarity(texts, spans, ["film", "story", "dull"]) == [1.0, 1.0, 1.0]
    assert all(score < 1 for score in model.similarity(texts, spans, ["tale", "tale", "awful"]))
    assert all(score > 0 for score in model.fit(texts, spans, ["tale", "tale", "awful"]))
    assert model.similarity([], [], []) == []


def test_a_long_text_is_read_around_the_place(model):
    filling = "and the film was dull " * 2_000
    text = filling + TEXT + " " + filling
    start = len(filling) + STORY[0]
    (found,) = model([text], [(start, start + 5)])
    (cut,) = model([text[: start + 3_000]], [(start, start + 5)])
    assert found == cut
    assert len(found) == model.top_k


def test_odd_texts_pass_through(model):
    texts = ["x" * 5_000, "\ud800 film", "film", "é, é", " "]
    spans = [(0, 5_000), (2, 6), (0, 4), (0, 1), (0, 1)]
    assert len(model(texts, spans)) == 5
    assert len(model.fit(texts, spans, ["tale"] * 5)) == 5
    assert all(score <= 1 for score in model.similarity(texts, spans, ["tale"] * 5))


def test_pieces_behind_white_space_are_told_from_those_at_the_beginning(tmp_path):
    pieces = ["<s>", "<pad>", "</s>", "<unk>", "<mask>", "film", "tale", "\u0120film", "\u0120dull"]
    pieces += sorted(pre_tokenizers.ByteLevel.alphabet())
    tokenizer = Tokenizer(models.WordLevel({p: i for i, p in enumerate(pieces)}, "<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.post_processor = processors.RobertaProcessing(
        ("</s>", 2), ("<s>", 0), trim_offsets=True, add_prefix_space=False
    )
    fast = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, mask_token="<mask>", pad_token="<pad>", unk_token="<unk>",
        bos_token="<s>", eos_token="</s>", cls_token="<s>", sep_token="</s>",
    )  # fmt: skip
    config = RobertaConfig(
        vocab_size=len(pieces), intermediate_size=32, max_position_embeddings=70, **SMALL
    )
    with seeded_torch(1):
        roberta = RobertaForMaskedLM(config)
    model = MaskedLanguageModel(roberta, fast, name="tiny", top_k=999)
    first, behind = model(["film film", "film film"], [(0, 4), (5, 9)])
    assert {word for word, _ in first} == {"film", "tale"}
    assert {word for word, _ in behind} == {"film", "dull"}
    assert model.fit(["film film"], [(5, 9)], ["film"]) == [1.0]


def test_what_is_no_masked_language_model_is_refused(bert, checkpoint, tmp_path):
    with pytest.raises(ModelError, match="expected a masked language model, got weights without"):
        load_masked_lm(str(checkpoint()))
    with pytest.raises(ModelError, match="expected a model folder, got no such folder"):
        load_masked_lm(str(tmp_path / "nothing"))
    tokenizer = BertTokenizer.from_pretrained(bert)
    tokenizer.mask_token = None
    with pytest.raises(ModelError, match="m: expected a masked language model, got one without a"):
        MaskedLanguageModel(BertForMaskedLM.from_pretrained(bert), tokenizer, name="m")


def test_the_transform_runs_with_a_model_of_a_folder(bert):
    with stand_in("masked-lm", load_masked_lm):
        spec = f"masked_lm:model={bert},rate=1.0,top_k=100,min_similarity=0,min_fit=0,device=cpu"
        made = perturb([TEXT, "", "An awful movie."], spec)
        assert made[0].text != TEXT
        assert made[1].text == ""
        assert made[2].text == "A terrible film."
        assert perturb([TEXT, "", "An awful movie."], spec).texts == made.texts
