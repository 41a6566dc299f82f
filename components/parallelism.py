"""How many shards run at once: in a pipeline's definition, since it can't be a parameter."""

from matops.entrypoints.settings import read_settings

SHARDS_AT_ONCE = read_settings().shards_at_once
