"""Media as a host makes them and hands them over: Python, since the classes are the host's own."""

from __future__ import annotations

import base64
import pickle
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

import bamlet
from bamlet import Audio, BamlInvalidArgumentError, Image, Pdf, Video
from bamlet.embed.media import Local
from bamlet.embed.test_arguments import arguments_of_test
from bamlet.testing import run_test

PNG = b"\x89PNG\r\n\x1a\nrest"
SOURCE = """
class Slide { picture image? }
function url_of(media: image) -> string? { media.as_url() }
function type_of(media: image) -> string? { media.mime_type() }
function file_of(media: image) -> string? { media.as_file() }
function same(media: image) -> image { media }
function pictured(slide: Slide) -> bool { slide.picture != null }
function either(media: pdf | image) -> string { match (media) { a: pdf => "pdf", b: image => "image" } }
test from_file {
  functions [file_of]
  args { media { file "cat.png" } }
  @@assert({{ this is endingwith "cat.png" }})
}
"""


@pytest.fixture(scope="module")
def runtime() -> bamlet.Runtime:
    return bamlet.Runtime(bamlet.compile_sources({"media.baml": SOURCE}))


def test_names_and_accessors_are_those_of_baml_py() -> None:
    by_url, inline = Image.from_url("https://example.com/a.png"), Audio.from_base64("audio/wav", "QUJD")
    assert (by_url.is_url(), by_url.is_base64(), by_url.as_url()) == (True, False, "https://example.com/a.png")
    assert (inline.is_url(), inline.is_base64(), inline.as_base64()) == (False, True, ["QUJD", "audio/wav"])
    assert Pdf.from_base64("QUJD").as_base64() == ["QUJD", "application/pdf"]
    with pytest.raises(BamlInvalidArgumentError, match="the video is not base64"):
        Video.from_url("gs://bucket/a.mp4").as_base64()


def test_media_are_values() -> None:
    image = Image.from_base64("image/png", "QUJD\n")
    assert image == Image.from_base64("image/png", "QUJD")
    assert image != Image.from_base64("image/jpeg", "QUJD")
    assert pickle.loads(pickle.dumps(image)) == image
    assert "QUJD" not in repr(image)


def test_from_file_reads_and_tells_the_type(tmp_path: Path) -> None:
    (tmp_path / "a.bin").write_bytes(PNG)
    image = Image.from_file(tmp_path / "a.bin")
    assert image.as_base64() == [base64.b64encode(PNG).decode(), "image/png"]
    with pytest.raises(BamlInvalidArgumentError, match="is image/png, not an audio"):
        Audio.from_file(tmp_path / "a.bin")
    with pytest.raises(FileNotFoundError):
        Image.from_file(tmp_path / "b.png")


@pytest.mark.parametrize("media_type", ["svg", "image/svg\r\nx: y", ""])
def test_a_media_type_is_one(media_type: str) -> None:
    with pytest.raises(BamlInvalidArgumentError, match="no media type"):
        Image.from_base64(media_type, "QUJD")


@pytest.mark.parametrize(
    ("given", "called", "found"),
    [
        (Image.from_url("https://example.com/a"), "url_of", "https://example.com/a"),
        ({"url": "https://example.com/a"}, "url_of", "https://example.com/a"),
        ({"base64": "QUJD", "media_type": "image/gif"}, "type_of", "image/gif"),
        (Pdf.from_base64("QUJD"), "either", "pdf"),
    ],
)
def test_ways_to_hand_media_over(runtime: bamlet.Runtime, given: Any, called: str, found: str) -> None:
    assert runtime.call(called, media=given) == found


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ("https://example.com/a", "should be an image"),
        (Audio.from_url("https://example.com/a"), "should be an image, not an audio"),
        ({"url": "https://example.com/a", "base64": "QUJD"}, "either a url or base64"),
        ({"url": 1}, "either a url or base64, as a string"),
        ({"link": "x"}, "no entry `link`"),
        ({"base64": "not base64"}, "not base64"),
        ({"url": "cat.png"}, "is no URL"),
        ({"url": "file:///etc/passwd"}, "a file is no URL"),
        # What comes over a wire must not make us read a file.
        ({"file": "/etc/passwd"}, "a file is read by the host"),
    ],
)
def test_what_is_no_media(runtime: bamlet.Runtime, given: Any, problem: str) -> None:
    with pytest.raises(BamlInvalidArgumentError, match=f"`media`: .*{problem}"):
        runtime.call("url_of", media=given)


def test_media_come_back_to_the_host(runtime: bamlet.Runtime) -> None:
    image = Image.from_url("https://example.com/a")
    assert runtime.call("same", media=image) == image
    assert bamlet.to_plain(image) == {"url": "https://example.com/a"}
    assert runtime.call("pictured", slide={"picture": bamlet.to_plain(image)}) is True


def test_media_that_a_program_makes_are_those_of_the_host() -> None:
    source = 'function Made() -> image { image.from_url("https://example.com/a") }'
    with bamlet.Runtime(bamlet.compile_sources({"made.baml": source})) as rt:
        made = rt.call("Made")
    assert isinstance(made, Image)
    assert made == Image.from_url("https://example.com/a")


def test_a_test_block_finds_its_file_beside_itself(tmp_path: Path) -> None:
    (tmp_path / "media.baml").write_text(SOURCE)
    program = bamlet.load(tmp_path)
    missing = run_test(bamlet.Runtime(program), program.tests[0])
    assert (missing.passed, "cannot read cat.png" in missing.message) == (False, True)
    (tmp_path / "cat.png").write_bytes(PNG)
    assert run_test(bamlet.Runtime(program), program.tests[0]).passed
    arguments = arguments_of_test(program, program.tests[0])
    assert isinstance(arguments["media"], Local)


def test_media_in_pydantic_models() -> None:
    class Page(BaseModel):
        photo: Image

    page = Page.model_validate({"photo": {"url": "https://example.com/a"}})
    assert page.photo == Image.from_url("https://example.com/a")
    assert page.model_dump(mode="json") == {"photo": {"url": "https://example.com/a"}}
