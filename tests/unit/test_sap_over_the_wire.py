"""From the bytes of an event stream to partial values: the cut of the bytes changes nothing that is shown."""

from __future__ import annotations

import json
import random

from hypothesis import given, settings
from hypothesis import strategies as st

from bamlet.providers.chat import ChatAccumulator
from bamlet.sap import PartialParser, PlainFactory, parse
from bamlet.types import ty as types
from bamlet.types.schema import ClassSchema, Field, Schemas
from bamlet.types.ty import ClassTy, ListTy
from bamlet.wire.sse import EventDecoder
from tests.growth import breaks

PLAIN = PlainFactory()
NOTE = ClassTy("Note")
SCHEMAS = Schemas(
    {"Note": ClassSchema("Note", (Field("text", types.STRING), Field("tags", ListTy(types.STRING))))}
)

# Characters of one to four bytes, and what JSON and event streams treat specially.
strings = st.text(st.sampled_from('aé日🦜\ufeff\u2028\u0301"\\\r\n\t:{}[],`'), max_size=12)
notes = st.fixed_dictionaries({"text": strings, "tags": st.lists(strings, max_size=3)})


def stream_of(text: str, chance: random.Random) -> bytes:
    """The events of a model that says the text in pieces of any size, in its own characters or in escapes."""
    lines = []
    at = 0
    while at < len(text):
        size = chance.randint(1, 7)
        chunk = {"choices": [{"index": 0, "delta": {"content": text[at : at + size]}}]}
        lines.append(f"data: {json.dumps(chunk, ensure_ascii=chance.random() < 0.3)}")
        at += size
    lines.append('data: {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}')
    ending = chance.choice(["\n\n", "\r\n\r\n"])
    return "".join(line + ending for line in [*lines, "data: [DONE]"]).encode()


@given(notes, st.booleans(), st.randoms(use_true_random=False))
@settings(max_examples=100, deadline=None)
def test_bytes_cut_anywhere_show_what_the_whole_text_shows(
    note: object, escaped: bool, chance: random.Random
) -> None:
    text = json.dumps(note, ensure_ascii=escaped)
    stream = stream_of(text, chance)
    decoder, answer, parser = EventDecoder(), ChatAccumulator(), PartialParser(NOTE, SCHEMAS, PLAIN)
    said, shown = "", [parser.partial()]
    at = 0
    while at < len(stream):
        size = chance.randint(1, 40)
        for event in decoder.feed(stream[at : at + size]):
            piece = answer.feed(event)
            said += piece
            parser.feed(piece)
            shown.append(parser.partial())
            again = PartialParser(NOTE, SCHEMAS, PLAIN)
            again.feed(said)
            assert shown[-1] == again.partial()
        at += size
    assert said == text == answer.finish().text
    assert not decoder.repaired
    assert list(breaks(shown)) == []
    assert parser.finish().value == parse(text, NOTE, SCHEMAS, PLAIN).value == note
