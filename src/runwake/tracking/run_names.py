"""Display names for runs that nobody named: two words and a number, easy to say."""

from __future__ import annotations

import secrets
from typing import Final

_FIRST: Final = """
amber brisk calm clear copper coral crisp dawn deep eager early fair fleet gentle glad
golden grand happy hazel hidden jolly keen kind lively lucid lunar merry mild noble olive
pale polar proud quick quiet rapid rosy royal sandy silent silver sleek smooth solar steady
still stormy sunny swift tidal vivid warm wild windy
"""
_SECOND: Final = """
anchor bay beacon breeze brook buoy canoe cape cliff coast cove creek current delta drift
dune eddy fjord foam gale gull harbor heron inlet island isle jetty kelp lagoon lake lantern
marlin mast oar ocean otter pebble pier pearl reef ripple river sail sand seal shell shore
sound spray stream surf swell tide voyage wake wave wharf
"""


def made_up_name(number: int) -> str:
    """Return a name for the run that is the project's `number`-th."""
    return f"{secrets.choice(_FIRST.split())}-{secrets.choice(_SECOND.split())}-{number}"
