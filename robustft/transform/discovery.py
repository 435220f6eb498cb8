"""Which transforms are installed, found without importing any of them.

Packages announce themselves under the entry point group ``robustft.transforms``; the value is a
package, and each of its public modules is one transform.
"""

from __future__ import annotations

import importlib.util
import pkgutil
from functools import cache
from importlib.metadata import entry_points

__all__ = ["BUILTIN", "GROUP", "modules", "names"]

GROUP = "robustft.transforms"
# The package whose transforms have bare names.
BUILTIN = "robustft_transforms"


@cache
def modules() -> dict[str, str]:
    """Map the public name of every transform to its module, without importing any."""
    found: dict[str, str] = {}
    for point in sorted(entry_points(group=GROUP), key=lambda p: (p.value != BUILTIN, p.name)):
        spec = importlib.util.find_spec(point.value)
        for folder in (spec.submodule_search_locations or ()) if spec else ():
            for module in sorted(pkgutil.iter_modules([folder]), key=lambda m: m.name):
                if not module.name.startswith("_"):
                    bare = module.name
                    name = bare if point.value == BUILTIN else f"{point.name}/{bare}"
                    found[name] = f"{point.value}.{bare}"
    return found


def names() -> list[str]:
    """Return the names of all installed transforms: built-ins first, then ``package/name``."""
    return sorted(modules(), key=lambda n: ("/" in n, n))
