"""What a family finds strange about a record whose labels are physical one by one."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Doubt:
    """Why a record's labels are not to be believed together."""

    # its kind, a colon, and the numbers: doubts are counted by what stands before the colon
    reason: str
    is_impossible: bool  # whether no real sample is like that: it is set aside, not only named
