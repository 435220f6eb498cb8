"""Put a model on a hub: its checkpoint and its card, and nothing else."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from robustft.data.run_folder import RunFolder
from robustft.errors import HubError, ModelError, RunError, UsageError
from robustft.model.card import make_card
from robustft.model.card_facts import find_evaluation

__all__ = ["Pushed", "push", "push_run"]

BEST = Path("checkpoints") / "best"
_CARD = "README.md"
_PUBLIC_HUB = "https://huggingface.co"
_PROBE_SECONDS = 10.0
# Weights in formats that execute code when they are loaded.
_PICKLES = frozenset({".bin", ".ckpt", ".pickle", ".pkl", ".pt", ".pth"})

T = TypeVar("T")


@dataclass(frozen=True)
class Pushed:
    """A model that is on a hub.

    Attributes
    ----------
    repo
        Its name there, with the owner.
    url
        Where it can be seen.
    commit
        The hash of the commit that holds it.
    files
        What it consists of, by name.
    """

    repo: str
    url: str
    commit: str
    files: tuple[str, ...]


def push_run(
    run: str | os.PathLike[str],
    repo: str,
    *,
    token: str | None = None,
    private: bool = False,
    endpoint: str | None = None,
    license: str | None = None,  # noqa: A002
    evaluation: str | os.PathLike[str] | None = None,
) -> Pushed:
    """Upload the best checkpoint of a finished training or pretraining run, with a model card.

    Parameters
    ----------
    run
        The run's folder.
    repo
        ``NAME`` or ``OWNER/NAME``; it is made if it is not there.
    token
        What lets one write there; by default the one that ``hf auth login`` stored, or
        ``HF_TOKEN``.
    private
        Whether a repository that is made is for its owner alone. One that is public already is
        refused then.
    endpoint
        The hub; by default ``HF_ENDPOINT``, or huggingface.co.
    license
        Named on the card; left out otherwise.
    evaluation
        The folder of an evaluation whose numbers go on the card; by default the newest one in the
        run's own folder.

    Raises
    ------
    RunError
        The folder holds no finished run with a checkpoint, or the evaluation is about others.
    ModelError, UsageError, HubError
        As in `push`.
    """
    found = RunFolder.open(run)
    folder = found.path / BEST
    if found.kind not in ("train", "pretrain") or not folder.is_dir():
        raise RunError(
            f"{found.path}: expected a training run with a model in {BEST.as_posix()}, "
            f"got a run of kind {found.kind}" + ("" if folder.is_dir() else " without one")
        )
    tested = RunFolder.open(evaluation) if evaluation is not None else find_evaluation(found)

    def card(name: str) -> str:
        return make_card(folder, name, run=found, evaluation=tested, license=license)

    return _push(folder, repo, card, token=token, private=private, endpoint=endpoint)


def push(
    folder: str | os.PathLike[str],
    repo: str,
    *,
    token: str | None = None,
    private: bool = False,
    endpoint: str | None = None,
    card: str | None = None,
) -> Pushed:
    """Upload a checkpoint folder and a model card; all in one commit, or nothing at all.

    Files already on the hub under other names stay there. The same content again makes no commit.

    Parameters
    ----------
    folder
        What `save_pretrained` wrote: configuration, weights in safetensors, tokenizer. A README in
        it is not uploaded, nor is what begins with a dot.
    card
        The README to write; by default one of what the checkpoint's configuration says.
    repo, token, private, endpoint
        As in `push_run`.

    Raises
    ------
    ModelError
        The folder is no checkpoint, or holds what must not be uploaded.
    UsageError
        The name is none that a hub takes.
    HubError
        There is no token, the hub cannot be reached, or it refuses.
    """
    path = Path(folder)

    def text(name: str) -> str:
        return make_card(path, name) if card is None else card

    return _push(path, repo, text, token=token, private=private, endpoint=endpoint)


def _push(
    folder: Path,
    repo: str,
    card: Callable[[str], str],
    *,
    token: str | None,
    private: bool,
    endpoint: str | None,
) -> Pushed:
    from huggingface_hub import CommitOperationAdd, HfApi, constants

    files = _checked(folder)
    _check_name(repo)
    card(repo)  # whatever is wrong with it is better said before anything is made
    hub = (endpoint or constants.ENDPOINT).rstrip("/")
    api = HfApi(endpoint=hub, token=_token(token, hub), library_name="robustft")
    _check_answers(hub)
    with _plain_uploads(hub):
        made = _tried(
            lambda: api.create_repo(repo, private=private or None, exist_ok=True),
            f"{repo}: expected to make or find it on {hub}",
        )
        name = made.repo_id
        if private:
            _check_private(api, name, hub)
        operations = [CommitOperationAdd(n, str(path)) for n, path in files.items()]
        operations.append(CommitOperationAdd(_CARD, card(name).encode()))
        commit = _tried(
            lambda: api.create_commit(name, operations, commit_message="Upload with robustft"),
            f"{name}: expected to upload {len(operations)} files to {hub}; nothing was published",
        )
    return Pushed(name, f"{hub}/{name}", str(commit.oid), (*files, _CARD))


def _checked(folder: Path) -> dict[str, Path]:
    """Return the files to upload by their names there, sorted."""
    if not (folder / "config.json").is_file():
        raise ModelError(f"{folder}: expected a model folder with config.json, got none")
    files: dict[str, Path] = {}
    root = folder.resolve()
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.is_dir() or name == _CARD or any(part[0] == "." for part in name.split("/")):
            continue
        if not path.resolve().is_relative_to(root):
            raise ModelError(f"{path}: expected a file of the checkpoint, got a link out of it")
        if path.suffix in _PICKLES:
            raise ModelError(
                f"{path}: expected weights in safetensors, got a format whose loading can run code"
            )
        files[name] = path
    if not any(name.endswith(".safetensors") for name in files):
        raise ModelError(f"{folder}: expected weights in safetensors, got none")
    return files


def _check_name(repo: str) -> None:
    from huggingface_hub.errors import HFValidationError
    from huggingface_hub.utils import validate_repo_id  # type: ignore[attr-defined]

    try:
        validate_repo_id(repo)
    except HFValidationError as problem:
        reason = str(problem).split("\n", maxsplit=1)[0]
        raise UsageError(f"push: expected NAME or OWNER/NAME, got {repo!r}: {reason}") from None


def _token(token: str | None, hub: str) -> str:
    from huggingface_hub import get_token

    found = token or get_token()
    if not found:
        raise HubError(
            f"{hub}: expected a token with write access, got none; log in with: hf auth login, "
            "or set HF_TOKEN"
        )
    return found


def _check_answers(hub: str) -> None:
    """Ask the hub once: its client would retry an upload for long before giving up."""
    import huggingface_hub
    from huggingface_hub import constants

    if constants.HF_HUB_OFFLINE:
        raise HubError(f"{hub}: expected a connection, got offline mode (HF_HUB_OFFLINE)")
    try:
        huggingface_hub.get_session().head(hub, timeout=_PROBE_SECONDS)
    # Any failure means the same here; the kinds differ with the HTTP library underneath.
    except Exception as problem:
        raise HubError(f"{hub}: expected an answer from the hub, got: {_reason(problem)}") from None


def _check_private(api: Any, repo: str, hub: str) -> None:
    info = _tried(lambda: api.model_info(repo), f"{repo}: expected to see whether it is private")
    if not info.private:
        raise HubError(
            f"{repo}: expected a private repository on {hub}, got one that is public already; "
            "name another, or make it private there"
        )


@contextmanager
def _plain_uploads(hub: str) -> Iterator[None]:
    """Have other hubs than the public one get large files by Git LFS over HTTP, which all speak.

    Where hf_xet is installed the client speaks a protocol of its own instead.
    """
    from huggingface_hub import constants

    before = constants.HF_HUB_DISABLE_XET
    constants.HF_HUB_DISABLE_XET = before or hub != _PUBLIC_HUB
    try:
        yield
    finally:
        constants.HF_HUB_DISABLE_XET = before


def _tried(call: Callable[[], T], what: str) -> T:
    """Return what `call` returns, or say what went wrong with `what`."""
    from huggingface_hub.errors import HfHubHTTPError

    try:
        return call()
    except HfHubHTTPError as problem:
        raise HubError(f"{what}, got {_refusal(problem)}") from problem
    # The client raises what its many parts raise; each is told with its cause, never swallowed.
    except Exception as problem:
        cause = problem.__cause__
        if isinstance(cause, HfHubHTTPError):
            raise HubError(f"{what}, got {_refusal(cause)} ({_reason(problem)})") from problem
        told = _reason(problem) if cause is None else f"{_reason(problem)} {_reason(cause)}"
        raise HubError(f"{what}, got: {told}; try again") from problem


def _refusal(problem: Any) -> str:
    """Say what an HTTP status means to who pushes."""
    status = problem.response.status_code
    said = str(problem.server_message or "").strip().split("\n")[0]
    meanings = {
        401: "401: the token is not valid",
        403: "403: the token may not write there; it needs write access to that owner's models",
        404: "404: there is no such owner or repository that the token may see",
        413: "413: a file is too large for the hub",
        429: "429: too many requests; wait and try again",
    }
    meaning = meanings.get(status, f"{status}" + (": try again" if status >= 500 else ""))
    return f"{meaning} ({said})" if said else meaning


def _reason(problem: BaseException) -> str:
    return str(problem).strip().split("\n")[0] or type(problem).__name__
