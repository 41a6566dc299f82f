"""Prototypes that alloys of noble and platinum metals take, or could take.

Source: M. J. Mehl et al., Comput. Mater. Sci. 136, S1 (2017); for CH40 and the layers alpha to Z2
D. B. Laks et al., Phys. Rev. B 46, 12587 (1992). Most ternaries and all quaternaries decorate the
sites of a binary, which their name begins with.
"""

from matops.simulators.alloys.prototype import Prototype
from matops.simulators.alloys.superstructure import BCC, DHCP, FCC, HCP, fcc_layers, superstructure

_CUBE = ((1, 0, 0), (0, 1, 0), (0, 0, 1))
_PRIMITIVE_FCC = ((0, 0.5, 0.5), (0.5, 0, 0.5), (0.5, 0.5, 0))
_DOUBLE_FCC = ((0, 1, 1), (1, 0, 1), (1, 1, 0))
_DOUBLE_HEXAGON = ((2, 0, 0), (0, 2, 0), (0, 0, 1))
_BODY_CENTRED_2 = ((1, 0, 0), (0, 1, 0), (0.5, 0.5, 1))
_BODY_CENTRED_3 = ((1, 0, 0), (0, 1, 0), (0.5, 0.5, 1.5))
_BODY_CENTRED_4 = ((1, 0, 0), (0, 1, 0), (0.5, 0.5, 2))
_ORTHOHEXAGON = ((1, 0, 0), (1, 2, 0), (0, 0, 1))
_DOUBLE_ORTHOHEXAGON = ((2, 0, 0), (1, 2, 0), (0, 0, 1))

_ORIGIN = (0.0, 0.0, 0.0)
_SWAP = ("BA",)
_SWAP_BC = ("ACB",)
_ANY_OF_3 = ("BAC", "ACB")
_ANY_OF_4 = ("BACD", "BCDA")
_CYCLE_OF_4 = ("BCDA", "DCBA")

_A15_COORDS = (
    (0, 0, 0),
    (0.5, 0.5, 0.5),
    (0.25, 0, 0.5),
    (0.75, 0, 0.5),
    (0.5, 0.25, 0),
    (0.5, 0.75, 0),
    (0, 0.5, 0.25),
    (0, 0.5, 0.75),
)
_C15_COORDS = (
    (0.125, 0.125, 0.125),
    (0.875, 0.875, 0.875),
    (0.5, 0.5, 0.5),
    (0.5, 0.5, 0),
    (0.5, 0, 0.5),
    (0, 0.5, 0.5),
)

PROTOTYPES: tuple[Prototype, ...] = (
    # Elements.
    superstructure("A1", 225, FCC, _PRIMITIVE_FCC, {}),
    superstructure("A3", 194, HCP, _CUBE, {}),
    superstructure("A3'", 194, DHCP, _CUBE, {}),
    # Binaries of fcc.
    fcc_layers("L1_0", 123, (0, 0, 2), "AB", _SWAP),
    fcc_layers("L1_1", 166, (1, 1, 1), "AB", _SWAP),
    superstructure("L1_2", 221, FCC, _CUBE, {_ORIGIN: "B"}),
    superstructure("D0_22", 139, FCC, _BODY_CENTRED_2, {_ORIGIN: "B"}),
    superstructure("D0_23", 139, FCC, _BODY_CENTRED_4, {_ORIGIN: "B", (0, 0, 1): "B"}),
    superstructure("D1_a", 87, FCC, ((1.5, 0.5, 0), (-0.5, 1.5, 0), (0.5, 1, 0.5)), {_ORIGIN: "B"}),
    fcc_layers("MoPt2", 71, (0, 2, 2), "AAB"),
    fcc_layers("CH40", 141, (4, 0, 2), "AABB", _SWAP),
    superstructure("Ca7Ge", 225, FCC, _DOUBLE_FCC, {_ORIGIN: "B"}),
    superstructure(
        "Pt8Ti", 139, FCC, ((1.5, 1.5, 0), (-1.5, 1.5, 0), (0, 1.5, 0.5)), {_ORIGIN: "B"}
    ),
    fcc_layers("alpha", 164, (1, 1, 1), "AAB"),
    fcc_layers("beta", 139, (0, 0, 2), "AAB"),
    fcc_layers("V1", 166, (1, 1, 1), "AAAB"),
    fcc_layers("V2", 166, (1, 1, 1), "AABB", _SWAP),
    fcc_layers("W1", 12, (3, 1, 1), "AAAB"),
    fcc_layers("W2", 12, (3, 1, 1), "AABB", _SWAP),
    fcc_layers("Y1", 47, (0, 2, 2), "AAAB"),
    fcc_layers("Y2", 59, (0, 2, 2), "AABB", _SWAP),
    fcc_layers("Z1", 123, (0, 0, 2), "AAAB"),
    fcc_layers("Z2", 129, (0, 0, 2), "AABB", _SWAP),
    # Hexagonal binaries.
    superstructure(
        "B19", 51, HCP, _ORTHOHEXAGON, {(1, 1, 0): "B", (2 / 3, 1 / 3, 1 / 2): "B"}, _SWAP
    ),
    superstructure("D0_19", 194, HCP, _DOUBLE_HEXAGON, {_ORIGIN: "B", (2 / 3, 4 / 3, 1 / 2): "B"}),
    superstructure(
        "D0_a", 59, HCP, _DOUBLE_ORTHOHEXAGON, {_ORIGIN: "B", (5 / 3, 4 / 3, 1 / 2): "B"}
    ),
    superstructure(
        "D0_24",
        194,
        DHCP,
        _DOUBLE_HEXAGON,
        {_ORIGIN: "B", (2 / 3, 4 / 3, 1 / 4): "B", (0, 0, 1 / 2): "B", (4 / 3, 2 / 3, 3 / 4): "B"},
    ),
    # Binaries of bcc.
    superstructure("B2", 221, BCC, _CUBE, {_ORIGIN: "B"}, _SWAP),
    superstructure("B32", 227, BCC, _DOUBLE_FCC, {_ORIGIN: "B", (0.5, 0.5, 0.5): "B"}, _SWAP),
    superstructure("C11_b", 139, BCC, _BODY_CENTRED_3, {_ORIGIN: "B"}),
    superstructure("D0_3", 225, BCC, _DOUBLE_FCC, {_ORIGIN: "B"}),
    # Topologically close-packed binaries.
    Prototype("A15", 223, _CUBE, _A15_COORDS, "BBAAAAAA"),
    Prototype("C15", 227, _PRIMITIVE_FCC, _C15_COORDS, "BBAAAA"),
    # Ternaries.
    superstructure("L1_2-A2BC", 123, FCC, _CUBE, {_ORIGIN: "B", (0.5, 0.5, 0): "C"}, _SWAP_BC),
    superstructure("Ca7Ge-A6BC", 225, FCC, _DOUBLE_FCC, {_ORIGIN: "B", (1, 0, 0): "C"}, _SWAP_BC),
    superstructure("L2_1", 225, BCC, _DOUBLE_FCC, {_ORIGIN: "B", (1, 0, 0): "C"}, _SWAP_BC),
    fcc_layers("D0_22-A2BC", 139, (4, 0, 2), "ABAC", _SWAP_BC),
    fcc_layers("alpha-ABC", 156, (1, 1, 1), "ABC", _ANY_OF_3),
    fcc_layers("beta-ABC", 107, (0, 0, 2), "ABC", _ANY_OF_3),
    fcc_layers("MoPt2-ABC", 44, (0, 2, 2), "ABC", _ANY_OF_3),
    superstructure(
        "D0_19-A6BC",
        187,
        HCP,
        _DOUBLE_HEXAGON,
        {_ORIGIN: "B", (2 / 3, 4 / 3, 1 / 2): "C"},
        _SWAP_BC,
    ),
    fcc_layers("V-ABAC", 166, (1, 1, 1), "ABAC", _SWAP_BC),
    fcc_layers("Y-ABAC", 47, (0, 2, 2), "ABAC", _SWAP_BC),
    fcc_layers("Z-ABAC", 123, (0, 0, 2), "ABAC", _SWAP_BC),
    # Quaternaries.
    superstructure(
        "L1_2-ABCD",
        47,
        FCC,
        _CUBE,
        {_ORIGIN: "B", (0.5, 0.5, 0): "C", (0.5, 0, 0.5): "D"},
        _ANY_OF_4,
    ),
    fcc_layers("V-ABCD", 160, (1, 1, 1), "ABCD", _CYCLE_OF_4),
    fcc_layers("Z-ABCD", 99, (0, 0, 2), "ABCD", _CYCLE_OF_4),
)
"""All prototypes; the first is the pure fcc metal."""
