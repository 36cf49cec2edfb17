"""The picture of the README is what `python -m website.picture` draws from a cassette, byte for byte.

It is drawn for people, from what a terminal would show.
"""

from __future__ import annotations

import itertools
import xml.etree.ElementTree as ElementTree

import pytest

from website.picture import EXAMPLE, PICTURE, SECONDS_BETWEEN_FRAMES, drawn, frames

SVG = "{http://www.w3.org/2000/svg}"


@pytest.mark.timeout(300)
def test_the_picture_is_what_the_cassette_shows() -> None:
    shown = frames(EXAMPLE)
    assert len(shown) > 10
    times = [at for at, _ in shown[:-1]]
    assert all(later - at >= SECONDS_BETWEEN_FRAMES for at, later in itertools.pairwise(times))
    assert any(line.is_unfinished for _, text in shown for line in text)
    assert not any(line.is_unfinished for line in shown[-1][1])
    assert PICTURE.read_text("utf-8") == drawn(shown)


def test_the_picture_is_an_image_without_scripts_or_addresses() -> None:
    text = PICTURE.read_text("utf-8")
    root = ElementTree.fromstring(text)
    assert root.tag == f"{SVG}svg"
    assert {element.tag.removeprefix(SVG) for element in root.iter()} == {
        "svg",
        "title",
        "style",
        "rect",
        "text",
        "g",
    }
    assert text.count("http") == 1
