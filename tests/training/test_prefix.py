import numpy as np
import pytest
import torch

from robustft.model.anatomy import anatomy
from robustft.model.freezing import freeze
from robustft.model.prefix import Prefix, frozen_digest, suffix_model, weights_digest
from robustft.training.examples import tokenize_split

KINDS = ["bert", "distilbert", "roberta", "modernbert", "electra", "mpnet"]


def texts(loaded, reviews, rows=(3, 11, 20)):
    data = tokenize_split(loaded.tokenizer, reviews(24), 48)
    return data.tokens.collate(np.asarray(rows), torch.device("cpu"))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("layers", [1, 2, 3])
def test_both_parts_of_a_model_give_what_the_whole_gives(deep, reviews, kind, layers):
    loaded = deep(kind)
    inputs = texts(loaded, reviews)
    whole = loaded.model.eval()(**inputs).logits
    lower, upper = Prefix(loaded.model, layers), suffix_model(loaded.model, layers)
    hidden = lower(inputs)
    assert hidden.shape[:2] == inputs["input_ids"].shape
    found = upper.eval()(inputs_embeds=hidden, attention_mask=inputs["attention_mask"]).logits
    assert torch.allclose(found, whole, atol=1e-5)
    if layers == 3:
        assert anatomy(loaded.model).pools_first_token
        assert torch.allclose(upper(inputs_embeds=hidden[:, :1]).logits, whole, atol=1e-5)


@pytest.mark.parametrize("kind", KINDS)
def test_the_parts_are_views_of_the_model_which_stays_as_it_was(deep, reviews, kind):
    loaded = deep(kind)
    names = [name for name, _ in loaded.model.named_modules()]
    lower, upper = Prefix(loaded.model, 2), suffix_model(loaded.model, 2)
    own = {id(p) for p in loaded.model.parameters()}
    assert {id(p) for p in upper.parameters()} < own
    assert [name for name, _ in loaded.model.named_modules()] == names
    before = lower(texts(loaded, reviews))
    upper.train()
    assert torch.equal(lower(texts(loaded, reviews)), before)
    loaded.model.train()
    assert torch.equal(lower(texts(loaded, reviews)), before)
    assert loaded.model(**texts(loaded, reviews)).logits.shape == (3, 2)


def test_hashes_of_weights_tell_names_shapes_and_bits_apart(small):
    model = small().model
    digest = frozen_digest(model)
    freeze(model, "embeddings")
    assert frozen_digest(model) != digest
    one = torch.arange(6, dtype=torch.float32)
    others = [("a", one.reshape(2, 3)), ("b", one), ("a", one.double()), ("a", one + 1e-7)]
    assert len({weights_digest([x]) for x in [("a", one), *others]}) == 5
    assert weights_digest([("a", one)]) == weights_digest([("a", one.clone())])
