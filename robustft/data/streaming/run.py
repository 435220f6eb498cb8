"""The run of a corpus: a run folder here, or the like of it on an object store.

An object store cannot rename a folder: there a run is written where it stays, and the manifest,
written last, says that it is whole.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import tomli_w

from robustft.data.run_folder import (
    CONFIG,
    LOG,
    MANIFEST,
    RunFolder,
    differences,
    versions,
    without_none,
)
from robustft.data.streaming.storage import Place, is_url, place_of
from robustft.errors import RunError

__all__ = ["PlacedRun"]

_HERE = "file://"


class PlacedRun:
    """A run whose files lie in a `Place`; make one with `start`.

    Attributes
    ----------
    place : where it is now; `finish` changes it to its final name.
    finished : whether the run is complete.
    """

    def __init__(self, place: Place, config: dict[str, Any], folder: RunFolder | None) -> None:
        self.place, self._config, self._folder = place, config, folder
        self._events: list[dict[str, Any]] = []

    @classmethod
    def start(
        cls, kind: str, readable: str, config: Mapping[str, Any], out: str | None
    ) -> PlacedRun:
        """Make the place of a configuration, or find what an earlier call left of it.

        Parameters
        ----------
        kind, readable, config
            As in `RunFolder.start`.
        out
            A folder or a URL; by default a folder under ``runs``.

        Raises
        ------
        RunError
            If there is a run of other settings, or something else.
        """
        if out is None or not is_url(out) or out.startswith(_HERE):
            path = None if out is None else Path(out.removeprefix(_HERE))
            folder = RunFolder.start(kind, readable, config, out=path)
            return cls(place_of(folder.path.resolve()), folder.config, folder)
        place, resolved = place_of(out.rstrip("/")), without_none({"kind": kind, **config})
        if place.has(CONFIG):
            found = tomllib.loads(place.read(CONFIG).decode())
            if found != resolved:
                raise RunError(
                    f"{place}: expected a new folder or a run of the same settings, got one with "
                    f"other {differences(found, resolved)}; name another --out or remove it"
                )
        elif place.names():
            raise RunError(f"{place}: expected a new or empty folder, got one with other files")
        else:
            place.write(CONFIG, tomli_w.dumps(resolved).encode())
        return cls(place, resolved, None)

    @property
    def finished(self) -> bool:
        """Whether the run is complete."""
        return self.place.has(MANIFEST)

    @property
    def manifest(self) -> dict[str, Any]:
        """What a finished run says of itself."""
        try:
            found: dict[str, Any] = json.loads(self.place.read(MANIFEST))
        except ValueError as error:
            raise RunError(f"{self.place}/{MANIFEST}: expected JSON, got: {error}") from error
        return found

    @property
    def home(self) -> Path:
        """The folder of the run's folder; of one elsewhere, this one here."""
        return Path() if self._folder is None else self._folder.path.parent

    def log(self, event: Mapping[str, Any]) -> None:
        """Keep an event with the time; elsewhere than here all are written at the end."""
        if self._folder is not None:
            self._folder.log(event)
            return
        now = datetime.now(UTC).isoformat(timespec="milliseconds")
        self._events.append({"time": now, **event})

    def finish(self, manifest: Mapping[str, Any]) -> None:
        """Write the manifest, last, and give the run its final name.

        Raises
        ------
        RunError
            If another process has finished the same run meanwhile.
        """
        if self._folder is not None:
            self._folder.finish(manifest)
            self.place = place_of(self._folder.path)
            return
        lines = [json.dumps(event, ensure_ascii=False) + "\n" for event in self._events]
        self.place.write(LOG, "".join(lines).encode())
        facts = {"format": 1, "kind": self._config["kind"], "versions": versions(), **manifest}
        text = json.dumps(facts, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
        self.place.write(MANIFEST, text.encode("utf-8", "surrogatepass"))
