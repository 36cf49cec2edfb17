"""The tokens of the automaton: strings and blocks in their quotes, bare values and bare keys.

A step consumes text of the open token or waits; the last one hands over to the step that follows the token.
"""

from __future__ import annotations

import re

from ..patterns import pattern
from .bare import LONG, bare_ends
from .escapes import REPLACEMENT, is_half, read_escape
from .nodes import ArrayNode, TextNode
from .open_value import OpenValue, QuoteRule
from .quotes import CONTENT, ENDS, WAIT, quote_ends_item, quote_ends_key, quote_ends_value

# Strings that the rules of `quotes` would end at their first quote, read in one match.
_WHOLE_VALUE = pattern(r'"([^"\\]+)"(?=\s*(?:\}|,\s*"[^"\\]{0,99}"\s*:))')
_WHOLE_ITEM = pattern(r'"([^"\\]+)"(?=\s*[,\]])')
# Numbers and keywords that the rules of `bare` would end right there.
_WHOLE_BARE_VALUE = pattern(r'(?:-?[0-9]+(?:\.[0-9]+)?|true|false|null)(?=[}\n]|,[\s"])')
_WHOLE_BARE_ITEM = pattern(r"(?:-?[0-9]+(?:\.[0-9]+)?|true|false|null)(?=[,\]\n])")
_STRING_RUN = {'"': pattern(r'[^"\\]+'), "'": pattern(r"[^']+"), "`": pattern(r"[^`]+")}
_BARE_VALUE_RUN = pattern(r'[^,}\n/#"]+')
_BARE_ITEM_RUN = pattern(r"[^,\]\n/#]+")
_BARE_KEY_RUN = pattern(r"[^:,}\n]+")


def open_key_string(a: OpenValue) -> bool:
    return _open_string_with(a, quote_ends_key)


def open_value_string(a: OpenValue) -> bool:
    return _whole_string(a, _WHOLE_VALUE) or _open_string_with(a, quote_ends_value)


def open_item_string(a: OpenValue) -> bool:
    return _whole_string(a, _WHOLE_ITEM) or _open_string_with(a, quote_ends_item)


def _whole_string(a: OpenValue, pattern: re.Pattern[str]) -> bool:
    whole = pattern.match(a.text, a.at)
    if not whole:
        return False
    offset = a.offset
    a.attach(TextNode('"', whole[1], done=True, start=offset + a.at, end=offset + whole.end()))
    a.at = whole.end()
    a.next_step()
    return True


def _open_string_with(a: OpenValue, ends: QuoteRule) -> bool:
    a.token = TextNode(a.text[a.at], start=a.position)
    a.ends = ends
    a.inner = 0
    if ends is not quote_ends_key:
        a.attach(a.token)
    a.at += 1
    a.step = in_string
    return True


def in_string(a: OpenValue) -> bool:
    text, token, at = a.text, a.token, a.at
    quote = token.quote
    if text[at] != quote:
        run = _STRING_RUN[quote].match(text, at)
        if run:
            token.parts.append(run[0])
            if a.ends is not quote_ends_key:
                a.changed = True
            a.at = at = run.end()
            if at == len(text):
                return False
        if text[at] == "\\":
            return _escape(a)
    if a.policy.exact and quote == '"':
        a.at = at + 1
        _end_token(a)
        return True
    if not token.parts and quote != "'" and a.ends is not quote_ends_key:
        # Two quotes: an empty string, or the start of a block.
        if at + 1 == len(text) and not a.ended:
            return False
        if text.startswith(quote, at + 1):
            token.quote *= 3
            a.at = at + 2
            a.step = in_block
            return True
    odd = quote == '"' and a.inner % 2 == 1
    verdict = a.ends(text, at, quote, odd and a.policy.odd_commas, a.ended)
    if verdict == WAIT:
        return False
    if odd and verdict == ENDS:
        a.suspect = True
        if a.policy.odd_brackets and text[at + 1 : at + 2] in ("}", "]"):
            verdict = CONTENT
    a.at = at + 1
    if verdict == CONTENT:
        token.parts.append(quote)
        a.inner += 1
        a.changed = True
    else:
        _end_token(a)
    return True


def _escape(a: OpenValue) -> bool:
    meaning, end = read_escape(a.text, a.at, a.ended)
    if end == a.at:
        return False
    a.at = end
    if is_half(meaning):
        meaning, a.token.torn = REPLACEMENT, True
    a.token.parts.append(meaning)
    a.changed = True
    return True


def _end_token(a: OpenValue) -> None:
    a.token.done = True
    a.token.end = a.position
    if a.ends is quote_ends_key:
        a.key_ends()
    else:
        a.changed = True
        a.next_step()


def in_block(a: OpenValue) -> bool:
    token = a.token
    end = a.text.find(token.quote, a.at)
    if end < 0:
        # The closing mark may be cut in two.
        keep = len(a.text) if a.ended else max(a.at, len(a.text) - 2)
        token.parts.append(a.text[a.at : keep])
        a.at = keep
        a.changed = True
        return False
    token.parts.append(a.text[a.at : end])
    a.at = end + 3
    _end_token(a)
    return True


def open_bare(a: OpenValue) -> bool:
    whole = (_WHOLE_BARE_ITEM if type(a.stack[-1]) is ArrayNode else _WHOLE_BARE_VALUE).match(a.text, a.at)
    if whole:
        start = a.offset + a.at
        a.at = whole.end()
        a.attach(TextNode("", whole[0], done=True, start=start, end=a.position))
        a.next_step()
        return True
    a.token = TextNode("", start=a.position)
    a.size = a.inner = 0
    a.attach(a.token)
    a.step = _in_bare
    return True


def _in_bare(a: OpenValue) -> bool:
    text, token, at = a.text, a.token, a.at
    in_list = type(a.stack[-1]) is ArrayNode
    run = (_BARE_ITEM_RUN if in_list else _BARE_VALUE_RUN).match(text, at)
    if run:
        token.parts.append(run[0])
        a.size += run.end() - at
        a.changed = True
        a.at = at = run.end()
        if at == len(text):
            return False
    # Joining a long run at each comma would not be linear.
    word = token.text() if a.size <= LONG else ""
    # What opened the value is part of it: nothing else would take it.
    verdict = CONTENT
    if a.size:
        last = token.parts[-1][-1]
        verdict = bare_ends(word, last, text, at, in_list=in_list, ended=a.ended)
    if verdict == WAIT:
        return False
    if verdict == CONTENT:
        token.parts.append(text[at])
        a.size += 1
        a.at = at + 1
        a.changed = True
    else:
        token.done = a.changed = True
        token.end = a.position
        a.next_step()
    return True


def open_bare_key(a: OpenValue) -> bool:
    a.token = TextNode("", start=a.position)
    a.step = _in_bare_key
    return True


def _in_bare_key(a: OpenValue) -> bool:
    run = _BARE_KEY_RUN.match(a.text, a.at)
    if run:
        a.token.parts.append(run[0])
        a.at = run.end()
        return True
    if a.text[a.at] == ":":
        a.key_ends()
    else:
        a.key_is_lost()
    return True
