"""Images in payloads: polarity is stated or refused, what is bad is one line."""

from __future__ import annotations

import base64
from contextlib import suppress
from io import BytesIO
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from matops.core.errors import BadInput
from matops.families.diffusivity_cnn2d.images.pore_image import (
    LARGEST_EDGE,
    PoreImage,
    group_of,
    parse_image,
    write_payload,
)

RNG = np.random.default_rng(0)
PORES = RNG.random((18, 23)) < 0.6


def encoded(image: Image.Image, kind: str = "PNG", **options: Any) -> str:
    file = BytesIO()
    image.save(file, kind, **options)
    return base64.b64encode(file.getvalue()).decode()


def grey(pores: np.ndarray, dark: int = 0, light: int = 255) -> Image.Image:
    return Image.fromarray(np.where(pores, light, dark).astype(np.uint8))


def test_bits_survive() -> None:
    assert np.array_equal(parse_image(write_payload(PORES)).pores, PORES)


@pytest.mark.parametrize("kind", ["PNG", "TIFF", "GIF"])
@pytest.mark.parametrize("mode", ["1", "L", "P", "RGB"])
def test_an_image_of_two_values_by_its_stated_polarity(kind: str, mode: str) -> None:
    text = encoded(grey(PORES).convert(mode), kind)
    white = parse_image({"image": text, "pores": "white"}).pores
    black = parse_image({"image": text, "pores": "black"}).pores
    assert np.array_equal(white, PORES)
    assert np.array_equal(black, ~PORES)


def test_pixels_of_any_two_values() -> None:
    rows = np.where(PORES, 7.5, -1.0).tolist()
    assert np.array_equal(parse_image({"pixels": rows, "pores": "white"}).pores, PORES)
    truths = PORES.tolist()
    assert np.array_equal(parse_image({"pixels": truths, "pores": "black"}).pores, ~PORES)


@pytest.mark.parametrize(
    "form", [{"image": encoded(grey(PORES))}, {"pixels": PORES.astype(int).tolist()}]
)
@pytest.mark.parametrize("pores", [None, "", "WHITE", "grey", 1, True, ["white"]])
def test_polarity_is_never_guessed(form: dict[str, Any], pores: Any) -> None:
    with pytest.raises(BadInput, match="state pores as white or as black"):
        parse_image({**form, "pores": pores})


def test_grey_needs_a_threshold_from_which_on_pixels_are_white() -> None:
    values = np.arange(256, dtype=np.uint8).reshape(16, 16)
    text = encoded(Image.fromarray(values))
    with pytest.raises(BadInput, match=r"grey, with 256 values from 0 to 255: state a threshold"):
        parse_image({"image": text, "pores": "white"})
    found = parse_image({"image": text, "pores": "white", "threshold": 100}).pores
    assert np.array_equal(found, values >= 100)
    deep = Image.fromarray(values.astype(np.uint16) * 200)
    pores = parse_image({"image": encoded(deep), "pores": "black", "threshold": 20_000}).pores
    assert np.array_equal(pores, values < 100)


def test_one_value_everywhere_is_neither_white_nor_black() -> None:
    text = encoded(grey(np.ones((16, 16), dtype=bool)))
    with pytest.raises(BadInput, match="all pixels are 255"):
        parse_image({"image": text, "pores": "white"})
    assert parse_image({"image": text, "pores": "white", "threshold": 128}).pores.all()


COLOURED = Image.new("RGB", (20, 20), (255, 0, 0))
CLEAR = Image.new("RGBA", (20, 20), (255, 255, 255, 0))
PAGES = {"save_all": True, "append_images": [grey(PORES)]}


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        ({"image": encoded(COLOURED), "pores": "white"}, "colours"),
        ({"image": encoded(CLEAR), "pores": "white"}, "transparent"),
        ({"image": encoded(grey(PORES), "TIFF", **PAGES), "pores": "white"}, "2 pages"),
        ({"image": encoded(grey(PORES), "BMP"), "pores": "white"}, "no image of the kinds"),
        ({"image": encoded(grey(PORES))[:80] + "AAAA", "pores": "white"}, "image"),
        ({"image": encoded(grey(PORES[:8, :8])), "pores": "white"}, "8 × 8 pixels"),
        ({"image": encoded(Image.new("1", (2000, 2000))), "pores": "white"}, "more than"),
        ({"image": encoded(Image.new("1", (1030, 20))), "pores": "white", "threshold": 1}, "1030"),
        ({"image": "not Base64!", "pores": "white"}, "Base64"),
        ({"pixels": [[0, 1], [1]], "pores": "white"}, "different lengths"),
        ({"pixels": [[0, "1"]] * 16, "pores": "white"}, "no numbers"),
        ({"pixels": [[0.0, float("nan")] * 8] * 16, "pores": "white"}, "finite"),
        ({"pixels": [[0, 10**400] * 8] * 16, "pores": "white"}, "too long"),
        ({"pixels": [[0, 1] * 8] * 16, "pores": "white", "threshold": True}, "threshold"),
        ({"bits": {"shape": [16, 16], "bits": "AAAA"}}, "3 bytes; 256 pixels need 32"),
        ({"bits": {"shape": [16, 10**9], "bits": ""}}, "edges are"),
        ({"bits": {"shape": [16, True], "bits": ""}}, "whole numbers"),
        ({**write_payload(PORES), "image": ""}, "exactly one of"),
    ],
)
def test_what_is_bad_is_one_line(payload: dict[str, Any], reason: str) -> None:
    with pytest.raises(BadInput, match=reason) as caught:
        parse_image(payload)
    assert len(str(caught.value).splitlines()) == 1


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 400), st.integers(0, 255))
def test_a_damaged_file_is_refused_or_read_but_never_crashes(place: int, value: int) -> None:
    raw = bytearray(base64.b64decode(encoded(grey(PORES))))
    raw[place % len(raw)] = value
    payload = {"image": base64.b64encode(bytes(raw)).decode(), "pores": "white", "threshold": 9}
    with suppress(BadInput):
        assert parse_image(payload).pores.ndim == 2


def test_an_image_has_rows_columns_and_bounds() -> None:
    for shape in ((16, 16, 16), (15, 20), (16, LARGEST_EDGE + 1)):
        with pytest.raises(BadInput):
            PoreImage(np.ones(shape, dtype=bool))


def test_a_group_has_the_mirror_images_transposes_and_shifts_and_no_others() -> None:
    square = RNG.random((20, 20)) < 0.5
    alike = [
        square[::-1],
        square[:, ::-1],
        square[::-1, ::-1],
        square.T,
        square.T[::-1],
        np.roll(square, (3, 11), (0, 1)),
        np.roll(square[:, ::-1].T, 7, 0),
    ]
    assert {group_of(pores) for pores in alike} == {group_of(square)}
    changed = square.copy()
    changed[4, 5] ^= True
    others = [changed, RNG.random((20, 20)) < 0.5, square[:, :19]]
    assert group_of(square) not in {group_of(pores) for pores in others}
    assert group_of(PORES) == group_of(PORES.T) == group_of(np.roll(PORES, 5, 1)[::-1])
