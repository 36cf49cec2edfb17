"""Values that look like what their field is called: an address in `email`, words anywhere else."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from ..patterns import pattern
from .dice import Dice

_WORDS = (
    "amber anchor basket bridge candle canyon copper corner daylight engine feather forest garden granite harbour"
    " island jacket kettle ladder lantern meadow mirror morning orchard paper pebble pepper quarry ribbon river"
    " saddle shelter silver spring station summer thunder timber valley velvet window winter"
).split()
_FIRST = "Ada Bruno Chiara Dmitri Emeka Freya Goran Hanna Ines Jonas Keiko Lucía Mateo Nora Oskar Priya".split()
_LAST = (
    "Abbott Bianchi Castro Dubois Eriksen Fischer Gupta Haddad Ito Jensen Kowalski Lindqvist Müller Novak".split()
)
_CITIES = "Aarhus Bergen Cádiz Dresden Eindhoven Fukuoka Graz Haifa Izmir Jaipur Kraków Leeds Malmö Nantes".split()
_COUNTRIES = "Austria Brazil Canada Denmark Estonia France Ghana India Japan Kenya Norway Peru".split()
_CURRENCIES = "EUR USD GBP JPY CHF SEK".split()
_LANGUAGES = "en de fr es it ja".split()
_COLOURS = "red green blue amber violet black white".split()
_COMPANIES = "Northwind Bluebird Lakeside Granite Harbour Meridian".split()
# So that escaping is exercised by whoever reads them.
_ODD = ('a "quoted" word', "two\nlines", "größer als üblich", "a smile 🙂", "{braces} and [brackets]", "it's so")

_EXAMPLE = pattern(r"""(?:e\.?\s?g\.?|for example|such as|like)[,:]?\s+["'`]([^"'`]+)["'`]""", re.IGNORECASE)
_ONE_OF = pattern(r"one of:?\s+([\w-]+(?:\s*(?:,|\bor\b)\s*[\w-]+)+)", re.IGNORECASE)
_ISO = pattern(r"iso[ -]?8601", re.IGNORECASE)
_STEPS = pattern(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")


def text_for(name: str, description: str, dice: Dice, *, plain: bool) -> str:
    """By what the description says, then by the name, else some words."""
    if (told := _by_description(description, dice)) is not None:
        return told
    for word in reversed(_words_of(name)):
        if (make := _TEXTS.get(word)) is not None:
            return make(dice)
    if not plain and dice.chance(6):
        return dice.choice(_ODD)
    return words(dice, dice.between(2, 6))


def number_for(name: str) -> tuple[float, float]:
    """The range in which a number of this name is believed."""
    return next((_NUMBERS[word] for word in reversed(_words_of(name)) if word in _NUMBERS), (1, 100))


def words(dice: Dice, count: int) -> str:
    return " ".join(dice.choice(_WORDS) for _ in range(count))


def _by_description(description: str, dice: Dice) -> str | None:
    if found := _EXAMPLE.search(description):
        return found[1]
    if found := _ONE_OF.search(description):
        return dice.choice(re.split(r"\s*(?:,|\bor\b)\s*", found[1]))
    return _time(dice) if _ISO.search(description) else None


def _words_of(name: str) -> list[str]:
    return [word.lower() for word in _STEPS.findall(name)]


def _person(dice: Dice) -> str:
    return f"{dice.choice(_FIRST)} {dice.choice(_LAST)}"


def _date(dice: Dice) -> str:
    return f"{dice.between(2015, 2026)}-{dice.between(1, 12):02}-{dice.between(1, 28):02}"


def _clock(dice: Dice) -> str:
    return f"{dice.between(0, 23):02}:{dice.between(0, 59):02}"


def _time(dice: Dice) -> str:
    return f"{_date(dice)}T{_clock(dice)}:00Z"


def _sentence(dice: Dice) -> str:
    return f"{words(dice, dice.between(5, 10)).capitalize()}."


def _title(dice: Dice) -> str:
    return words(dice, dice.between(2, 4)).title()


def _email(dice: Dice) -> str:
    return f"{dice.choice(_WORDS)}.{dice.choice(_WORDS)}@example.com"


def _identity(dice: Dice) -> str:
    return f"{dice.choice('ABCDEFGHKLMN')}{dice.choice('PQRSTVWX')}-{dice.between(1000, 9999)}"


def _chosen(*options: str) -> Callable[[Dice], str]:
    return lambda dice: dice.choice(options)


_TEXTS: Mapping[str, Callable[[Dice], str]] = {
    **dict.fromkeys(("email", "mail"), _email),
    **dict.fromkeys(
        ("url", "link", "website", "homepage", "uri"), lambda dice: f"https://example.com/{dice.choice(_WORDS)}"
    ),
    **dict.fromkeys(("id", "identifier", "code", "number", "sku", "reference", "ticket"), _identity),
    **dict.fromkeys(("date", "day", "birthday", "deadline", "due"), _date),
    **dict.fromkeys(("time", "hour"), _clock),
    **dict.fromkeys(("timestamp", "datetime", "created", "updated"), _time),
    "year": lambda dice: str(dice.between(1990, 2026)),
    **dict.fromkeys(
        ("phone", "mobile", "telephone", "fax"), lambda dice: f"+49 30 {dice.between(100000, 999999)}"
    ),
    "country": _chosen(*_COUNTRIES),
    "currency": _chosen(*_CURRENCIES),
    **dict.fromkeys(("language", "locale"), _chosen(*_LANGUAGES)),
    **dict.fromkeys(("color", "colour"), _chosen(*_COLOURS)),
    **dict.fromkeys(("name", "author", "person", "customer", "user", "employee", "speaker"), _person),
    **dict.fromkeys(("firstname", "first"), _chosen(*_FIRST)),
    **dict.fromkeys(("lastname", "surname", "last"), _chosen(*_LAST)),
    **dict.fromkeys(("company", "vendor", "employer", "organization", "brand"), _chosen(*_COMPANIES)),
    **dict.fromkeys(("title", "subject", "heading", "headline"), _title),
    **dict.fromkeys(("city", "town", "location", "place"), _chosen(*_CITIES)),
    **dict.fromkeys(("zip", "postcode"), lambda dice: f"{dice.between(10000, 99999)}"),
    **dict.fromkeys(
        ("street", "address"), lambda dice: f"{dice.between(1, 99)} {dice.choice(_WORDS).title()} Street"
    ),
    **dict.fromkeys(
        ("description", "summary", "text", "comment", "reason", "message", "answer", "reply", "explanation"),
        _sentence,
    ),
    **dict.fromkeys(("path", "file"), lambda dice: f"{dice.choice(_WORDS)}/{dice.choice(_WORDS)}.txt"),
    "version": lambda dice: f"{dice.between(0, 9)}.{dice.between(0, 20)}.{dice.between(0, 20)}",
}

_NUMBERS: Mapping[str, tuple[float, float]] = {
    **dict.fromkeys(("age",), (18, 90)),
    **dict.fromkeys(("year",), (1990, 2026)),
    **dict.fromkeys(("month",), (1, 12)),
    **dict.fromkeys(("day",), (1, 28)),
    **dict.fromkeys(("hour",), (0, 23)),
    **dict.fromkeys(("minute", "second"), (0, 59)),
    **dict.fromkeys(("price", "cost", "amount", "total", "subtotal", "tax", "fee", "sum"), (1, 500)),
    **dict.fromkeys(("quantity", "count", "items", "pieces"), (1, 12)),
    **dict.fromkeys(("rating", "stars"), (1, 5)),
    **dict.fromkeys(("confidence", "probability", "score", "ratio", "rate"), (0, 1)),
    **dict.fromkeys(("percent", "percentage", "discount"), (0, 100)),
    **dict.fromkeys(("latitude", "lat"), (-60, 70)),
    **dict.fromkeys(("longitude", "lng", "lon"), (-180, 180)),
    **dict.fromkeys(("port",), (1024, 65535)),
}


def round_for(value: float) -> Any:
    """Two digits behind the point: what a person would have written."""
    return round(value, 2)
