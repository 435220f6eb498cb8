"""What the transforms that need a model are tested with: small models of the same manners.

`SETTINGS` names, for a transform that cannot run with its defaults, those that it is tested with;
`PROVIDERS`, for a kind of model, what gives one in the tests. A transform that `needs` something
has an entry in `SETTINGS`; its golden file adds what else a case sets.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

SETTINGS: dict[str, str] = {}

PROVIDERS: dict[str, Callable[..., Any]] = {}
