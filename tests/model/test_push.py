import importlib.util
import json
import logging
import shutil
from pathlib import Path

import huggingface_hub
import numpy as np
import pytest
from huggingface_hub import constants
from pytest_socket import disable_socket, enable_socket, socket_allow_hosts

from robustft.data.run_folder import RunFolder
from robustft.errors import HubError, ModelError, RunError, UsageError
from robustft.model.load import load_finetuned
from robustft.model.push import push, push_run


def _stand_in():
    path = Path(__file__).with_name("hub_stand_in.py")
    spec = importlib.util.spec_from_file_location("hub_stand_in", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


# huggingface_hub passes a file to its HTTP library in a way that this has deprecated.
pytestmark = pytest.mark.filterwarnings("ignore:Use 'content=:DeprecationWarning")
stand_in = _stand_in()
TOKEN = stand_in.TOKEN


@pytest.fixture
def hub(monkeypatch):
    """A hub on this machine; no other host can be reached, and the client does not wait."""
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr("huggingface_hub.utils._http.time.sleep", lambda _: None)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    logging.getLogger("huggingface_hub").setLevel(logging.ERROR)
    enable_socket()
    socket_allow_hosts(["127.0.0.1"])
    with stand_in.running_hub() as running:
        yield running
        huggingface_hub.close_session()
    disable_socket(allow_unix_socket=True)


@pytest.fixture
def model(finetuned):
    return finetuned(["negative", "positive"])


@pytest.fixture
def run(model, tmp_path):
    """A finished run with what a training run leaves besides its model."""
    made = RunFolder.start(
        "train",
        "reviews",
        {
            "role": "clean",
            "data": "../../reviews",
            "dataset": "reviews",
            "model": "bert-base-uncased",
            "seed": 0,
        },
        root=tmp_path / "runs",
    )
    shutil.copytree(model, made.path / "checkpoints" / "best")
    (made.path / "checkpoints" / "resume-0001").mkdir()
    (made.path / "checkpoints" / "resume-0001" / "optimizer.safetensors").write_bytes(b"moments")
    (made.path / "data").mkdir()
    (made.path / "data" / "train.parquet").write_bytes(b"private texts")
    made.finish(
        {
            "counts": {"train": 16, "validation": 8},
            "validation": {"accuracy": 0.75},
            "best_epoch": 2,
            "minutes": 1.0,
            "training": {"arguments": {"epochs": 3, "learning_rate": 2e-5}},
            "notices": [],
        }
    )
    return made.path


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_a_run_is_pushed_with_its_card_and_nothing_else(hub, run):
    best = run / "checkpoints" / "best"
    pushed = push_run(run, "me/reviews", token=TOKEN, endpoint=hub.url, license="mit")
    assert (pushed.repo, pushed.url) == ("me/reviews", f"{hub.url}/me/reviews")
    assert pushed.commit == f"{1:040x}"
    files = hub.files("me/reviews")
    assert sorted(files) == sorted(pushed.files) == sorted([*names(best), "README.md"])
    for name in names(best):
        assert files[name] == (best / name).read_bytes()
    card = files["README.md"].decode()
    assert "license: mit" in card
    assert "base_model: bert-base-uncased" in card
    assert not hub.repos["me/reviews"]["private"]
    # The weights went by Git LFS, although hf_xet may be there.
    assert len(hub.seen("PUT /storage")) == 1
    assert not hub.seen("xet")


def test_what_was_pushed_can_be_loaded(hub, run, tmp_path):
    from robustft.data.task import Task

    push_run(run, "reviews", token=TOKEN, endpoint=hub.url)
    there = tmp_path / "downloaded"
    there.mkdir()
    for name, content in hub.files("me/reviews").items():
        (there / name).write_bytes(content)
    task = Task(label_names=("negative", "positive"))
    loaded = load_finetuned(there, task=task)
    original = load_finetuned(run / "checkpoints" / "best", task=task)
    for (name, mine), (_, theirs) in zip(
        loaded.model.named_parameters(), original.model.named_parameters(), strict=True
    ):
        assert np.array_equal(mine.detach().numpy(), theirs.detach().numpy()), name


def test_a_name_without_owner_is_the_users_own_and_can_be_private(hub, model):
    pushed = push(model, "reviews", token=TOKEN, endpoint=hub.url, private=True)
    assert pushed.repo == "me/reviews"
    assert hub.repos["me/reviews"]["private"]
    assert "me/reviews" in hub.files("me/reviews")["README.md"].decode()


def test_a_repository_that_is_there_gets_another_commit(hub, model):
    hub.make("team/reviews")
    hub.repos["team/reviews"]["commits"].append({"config.json": b"{}", "LICENSE": b"mine"})
    pushed = push(model, "team/reviews", token=TOKEN, endpoint=hub.url, card="---\n---\nmine\n")
    assert pushed.commit == f"{2:040x}"
    files = hub.files("team/reviews")
    assert files["LICENSE"] == b"mine"
    assert files["README.md"] == b"---\n---\nmine\n"
    assert json.loads(files["config.json"]) == json.loads((model / "config.json").read_bytes())
    push(model, "team/reviews", token=TOKEN, endpoint=hub.url)
    # The weights are there by their hash and are not sent again.
    assert len(hub.seen("PUT /storage")) == 1


def test_private_means_private_also_where_a_public_repository_is_there(hub, model):
    hub.make("me/reviews")
    with pytest.raises(HubError, match=r"expected a private repository on .* public already"):
        push(model, "me/reviews", token=TOKEN, endpoint=hub.url, private=True)
    assert not hub.files("me/reviews")
    assert not hub.seen("storage|preupload|commit")
    hub.make("me/reviews", private=True)
    push(model, "me/reviews", token=TOKEN, endpoint=hub.url, private=True)
    assert hub.files("me/reviews")


def test_without_a_token_nothing_is_asked(hub, model, monkeypatch):
    monkeypatch.setattr(huggingface_hub, "get_token", lambda: None)
    with pytest.raises(
        HubError, match=r"expected a token with write access, got none; .*auth login"
    ):
        push(model, "me/reviews", endpoint=hub.url)
    assert hub.requests == []
    monkeypatch.setattr(huggingface_hub, "get_token", lambda: TOKEN)
    assert push(model, "me/reviews", endpoint=hub.url).repo == "me/reviews"


def test_a_hub_that_does_not_answer_is_told_at_once(hub, model, monkeypatch):
    with pytest.raises(HubError, match=r"127\.0\.0\.1:9: expected an answer from the hub, got: "):
        push(model, "me/reviews", token=TOKEN, endpoint="http://127.0.0.1:9")
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    with pytest.raises(HubError, match="offline mode"):
        push(model, "me/reviews", token=TOKEN, endpoint=hub.url)
    assert hub.requests == []


@pytest.mark.parametrize(
    ("token", "fails", "told"),
    [
        ("hf_wrong", {}, r"expected to make or find it on .*, got 401: the token is not valid"),
        (TOKEN, {"POST /api/repos/create|GET /api/models": 403}, "403: the token may not write"),
        (TOKEN, {"commit/main": 403}, r"got 403: .*\(as the test wants it\)"),
        (TOKEN, {"preupload": 413}, r"nothing was published, got 413: a file is too large"),
        (TOKEN, {"objects/batch": 503}, r"nothing was published, got 503: try again"),
        (TOKEN, {"PUT /storage": 403}, r"nothing was published, got 403.*model\.safetensors"),
    ],
)
def test_a_refusal_is_told_by_what_it_means(hub, model, token, fails, told):
    hub.fails = fails
    with pytest.raises(HubError, match=told) as caught:
        push(model, "team/reviews", token=token, endpoint=hub.url)
    assert token not in str(caught.value)
    assert not any(hub.files(repo) for repo in hub.repos)


def test_an_interrupted_upload_publishes_nothing_and_can_be_repeated(hub, model):
    hub.fails = {"PUT /storage": "cut"}
    with pytest.raises(HubError, match=r"nothing was published, got: .*try again"):
        push(model, "me/reviews", token=TOKEN, endpoint=hub.url)
    assert hub.files("me/reviews") == {}
    hub.fails = {}
    push(model, "me/reviews", token=TOKEN, endpoint=hub.url)
    weights = hub.files("me/reviews")["model.safetensors"]
    assert weights == (model / "model.safetensors").read_bytes()


def test_a_short_interruption_is_survived(hub, model):
    hub.fails, hub.once = {"PUT /storage": "cut"}, True
    push(model, "me/reviews", token=TOKEN, endpoint=hub.url)
    assert len(hub.seen("PUT /storage")) == 2
    assert "model.safetensors" in hub.files("me/reviews")


def test_the_setting_of_the_client_is_put_back(hub, model):
    before = constants.HF_HUB_DISABLE_XET
    push(model, "me/reviews", token=TOKEN, endpoint=hub.url)
    assert before == constants.HF_HUB_DISABLE_XET


def test_only_checkpoints_without_code_are_pushed(model, tmp_path):
    (model / ".cache").mkdir()
    (model / ".cache" / "secret").write_text("no")
    (model / "README.md").write_text("another card")
    from robustft.model.push import _checked

    assert not {".cache/secret", "README.md"} & set(_checked(model))
    with pytest.raises(ModelError, match=r"expected a model folder with config\.json"):
        push(tmp_path, "me/reviews", token=TOKEN)
    (tmp_path / "outside").write_text("no")
    (model / "link.txt").symlink_to(tmp_path / "outside")
    with pytest.raises(ModelError, match=r"link\.txt: .* a link out of it"):
        push(model, "me/reviews", token=TOKEN)
    (model / "link.txt").unlink()
    (model / "training_args.bin").write_bytes(b"\x80\x04.")
    with pytest.raises(ModelError, match="whose loading can run code"):
        push(model, "me/reviews", token=TOKEN)
    (model / "training_args.bin").unlink()
    (model / "model.safetensors").unlink()
    with pytest.raises(ModelError, match="expected weights in safetensors, got none"):
        push(model, "me/reviews", token=TOKEN)


@pytest.mark.parametrize("name", ["", "a/b/c", "-me/x", "me/x..y", "me/with space"])
def test_a_name_that_no_hub_takes_is_refused_before_anything_is_asked(model, name):
    with pytest.raises(UsageError, match="push: expected NAME or OWNER/NAME, got"):
        push(model, name, token=TOKEN)


def test_a_run_of_another_kind_has_no_model_to_push(tmp_path):
    made = RunFolder.start("eval", "x", {}, root=tmp_path)
    made.finish({})
    with pytest.raises(RunError, match=r"expected a training run with a model .* of kind eval"):
        push_run(made.path, "me/reviews", token=TOKEN)
