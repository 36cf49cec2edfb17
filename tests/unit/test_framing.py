"""Decoders other than that of server-sent events: lines of JSON, JSON values and AWS frames.

Bytes on the wire are nothing that the language can see.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Sequence
from typing import Any
from zlib import crc32

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bamlet.wire.eventstream import MAX_PAYLOAD_BYTES, FrameDecoder
from bamlet.wire.framing import AnswerDecoder, Decoder, LineDecoder, ValueDecoder, decoder_for
from bamlet.wire.message import ProtocolError
from bamlet.wire.sse import Event

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
OBJECTS = st.lists(st.dictionaries(st.text(max_size=5), JSON, max_size=3), max_size=4)


def read(decoder: Decoder, data: bytes, cuts: Sequence[int] = ()) -> list[Event]:
    events: list[Event] = []
    start = 0
    for cut in (*sorted(cuts), len(data)):
        events += decoder.feed(data[start:cut])
        start = max(start, cut)
    last = decoder.finish()
    return events if last is None else [*events, last]


@pytest.mark.parametrize(
    ("content_type", "accepted", "kind"),
    [
        ("text/event-stream", "", AnswerDecoder),
        ("application/json", "text/event-stream", ValueDecoder),
        ("application/x-ndjson", "", LineDecoder),
        ("application/vnd.amazon.eventstream", "", FrameDecoder),
        ("", "application/vnd.amazon.eventstream", FrameDecoder),
        ("text/plain", "application/x-ndjson", LineDecoder),
        ("text/plain", "", AnswerDecoder),
        ("", "", AnswerDecoder),
    ],
)
def test_what_the_answer_says_decides_then_what_was_asked_for(
    content_type: str, accepted: str, kind: type[Decoder]
) -> None:
    assert type(decoder_for(content_type, accepted)) is kind


# --- JSON values


@given(OBJECTS, st.data(), st.sampled_from([None, 1]), st.booleans())
def test_the_objects_of_an_array_however_it_is_cut(
    objects: list[Any], data: st.DataObject, indent: int | None, is_ascii: bool
) -> None:
    raw = json.dumps(objects, indent=indent, ensure_ascii=is_ascii).encode("utf-8", "replace")
    cuts = data.draw(st.lists(st.integers(0, len(raw)), max_size=5))
    events = read(ValueDecoder(), raw, cuts)
    said = [json.loads(event.data) for event in events if event.data != "[]"]
    assert said == json.loads(raw)


@given(st.dictionaries(st.text(max_size=5), JSON, max_size=3), st.data())
def test_one_object_is_one_event(value: Any, data: st.DataObject) -> None:
    raw = json.dumps(value).encode()
    events = read(ValueDecoder(), raw, data.draw(st.lists(st.integers(0, len(raw)), max_size=5)))
    assert [json.loads(event.data) for event in events] == [value]


def test_an_object_comes_out_before_the_array_ends() -> None:
    decoder = ValueDecoder()
    assert [event.data for event in decoder.feed(b'[{"a": "}]"}\n')] == ['{"a": "}]"}']
    assert [event.data for event in decoder.feed(b',\r\n{"b": "\\')] == []
    assert [event.data for event in decoder.feed(b'"{"}]')] == ['{"b": "\\"{"}']
    assert decoder.finish() is None


@pytest.mark.parametrize("body", ["<html>", '"text"', "12", "{oops", "]}{"])
def test_a_body_that_is_no_object_is_one_event(body: str) -> None:
    assert [event.data for event in read(ValueDecoder(), body.encode())] == [body]


# --- lines


@given(OBJECTS, st.data(), st.sampled_from(["\n", "\r\n", "\n\n"]), st.booleans())
def test_lines_however_they_are_cut(objects: list[Any], data: st.DataObject, end: str, is_closed: bool) -> None:
    raw = end.join(map(json.dumps, objects)) + (end if is_closed else "")
    cuts = data.draw(st.lists(st.integers(0, len(raw)), max_size=5))
    assert [json.loads(event.data) for event in read(LineDecoder(), raw.encode(), cuts)] == objects


def test_half_a_line_at_the_end_is_none() -> None:
    assert [event.data for event in read(LineDecoder(), b'{"a":1}\n{"b"')] == ['{"a":1}']


# --- events as models' servers write them


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        ('data: {"a":1}\n\n{\n  "error": "} {"\n}\n', ['{"a":1}', '{\n  "error": "} {"\n}']),
        ('{"error":1}', ['{"error":1}']),
        ('{"error":1}\ndata: {"a":1}\n\n', ['{"error":1}', '{"a":1}']),
        ("{oops\n\ndata: 1\n\n", ["1"]),
        ("data: [DONE]", ["[DONE]"]),
        ('data: {"a":1}\n', ['{"a":1}']),
        ('data: {"a":', []),
        (": {\n\nfoo: {\n\ndata: 1\n\n", ["1"]),
    ],
)
def test_bare_json_and_the_last_event(raw: str, said: list[str]) -> None:
    for cuts in (range(0), range(len(raw))):
        assert [event.data for event in read(AnswerDecoder(), raw.encode(), cuts)] == said


# --- frames


def frame(headers: bytes, payload: bytes) -> bytes:
    prelude = struct.pack(">II", len(headers) + len(payload) + 16, len(headers))
    head = prelude + struct.pack(">I", crc32(prelude)) + headers + payload
    return head + struct.pack(">I", crc32(head))


def header(name: str, kind: int, value: bytes) -> bytes:
    return bytes([len(name)]) + name.encode() + bytes([kind]) + value


def text(name: str, value: str) -> bytes:
    return header(name, 7, struct.pack(">H", len(value)) + value.encode())


def test_headers_of_every_type() -> None:
    plain = [
        (0, b""),
        (1, b""),
        (2, b"\xff"),
        (3, bytes(2)),
        (4, bytes(4)),
        (5, bytes(8)),
        (6, b"\x00\x01a"),
        (8, bytes(8)),
        (9, bytes(16)),
    ]
    headers = b"".join(header(f"h{kind}", kind, value) for kind, value in plain)
    raw = frame(headers + text(":event-type", "kind"), b"{}")
    assert read(FrameDecoder(), raw) == [Event("kind", "{}")]


@pytest.mark.parametrize("header_bytes", [b"\x05ab", b"\x01a\x0b", b"\x01a\x07\x00\x09x", b"\x01a\x04\x00"])
def test_headers_that_cannot_be_read(header_bytes: bytes) -> None:
    with pytest.raises(ProtocolError):
        FrameDecoder().feed(frame(header_bytes, b""))


def test_what_came_before_the_damage_is_handed_out_first() -> None:
    good, bad = frame(text(":event-type", "a"), b"1"), bytearray(frame(text(":event-type", "b"), b"2"))
    bad[-5] ^= 1
    decoder = FrameDecoder()
    assert decoder.feed(good + bytes(bad) + good) == [Event("a", "1")]
    for end in (lambda: decoder.feed(good), decoder.finish):
        with pytest.raises(ProtocolError, match="message CRC mismatch"):
            end()


def test_a_length_is_believed_only_with_its_checksum() -> None:
    with pytest.raises(ProtocolError, match="prelude CRC mismatch"):
        FrameDecoder().feed(struct.pack(">III", 1 << 30, 0, 0))
    prelude = struct.pack(">II", MAX_PAYLOAD_BYTES + 17, 0)
    with pytest.raises(ProtocolError, match="payload of a frame"):
        FrameDecoder().feed(prelude + struct.pack(">I", crc32(prelude)))


@given(st.binary(max_size=200), st.lists(st.integers(0, 200), max_size=4))
def test_no_bytes_break_a_decoder(data: bytes, cuts: list[int]) -> None:
    for decoder in (AnswerDecoder(), LineDecoder(), ValueDecoder(), FrameDecoder()):
        try:
            read(decoder, data, [min(cut, len(data)) for cut in cuts])
        except ProtocolError:
            assert isinstance(decoder, FrameDecoder)
