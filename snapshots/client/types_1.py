# Made by bamlet 0.2.0 from .baml files: change those, and run `bamlet generate`.
# ruff: noqa: E501, E741, E742, E743, RUF001, RUF002, RUF100

"""A part of `types`."""

# Values of enums are called as what each of them has.
# mypy: disable-error-code=assignment
# pyright: reportAssignmentType=false, reportIncompatibleMethodOverride=false

from __future__ import annotations

import builtins as _builtins
import typing as _typing

import pydantic as _pydantic
import typing_extensions as _typing_extensions
from bamlet import client as _client

JSON = _typing_extensions.TypeAliasType("JSON", "str | int | list[JSON] | dict[str, JSON] | None")


RMap = _typing_extensions.TypeAliasType("RMap", "dict[str, RMap]")


class Lane(_client.Enum):
    """How it goes."""

    AIR = "AIR"
    SEA = "SEA"
    """by plane"""
    OLD = "OLD"


class Mood(_client.Enum):
    Happy = "Happy"


class Any(_client.Enum):
    One = "One"
    title = "title"
    count = "count"


class Inner(_client.Model):
    a: str
    b: int


class DoneInner(_client.Model):
    a: str
    list: _builtins.list[int]


class NotNullInner(_client.Model):
    a: str


class StateInner(_client.Model):
    a: str


class CheckedInner(_client.Model):
    a: str


class Dyn(_client.Model):
    model_config = _pydantic.ConfigDict(extra="allow")

    k: str


class Tree(_client.Model):
    value: int
    children: list[Tree]
    next: Tree | None = None


class Plain(_client.Model):
    s: _builtins.str = _pydantic.Field(description='a "quoted" it\'s text')
    i: int
    f: float = _pydantic.Field(description="from a doc comment")
    b: bool
    n: None
    img: _client.Image | None = None
    lit: _typing.Literal["a", "b", 3]
    t: _typing.Literal[True]
    lane: Lane
    mood: Mood | _builtins.str
    inner: Inner
    list: _builtins.list[_builtins.str]
    lanes: _builtins.list[Lane]
    m: _builtins.dict[_builtins.str, Inner]
    em: _builtins.dict[Lane, int]
    u: int | _builtins.str | Inner
    nested: _builtins.list[int | _builtins.list[_builtins.str]] | None = None
    o: _builtins.str | None = None
    str: _builtins.str
    ms: _builtins.str | None = None
    num: int | float
    lol: _builtins.list[Lane]
    j: JSON
    rm: RMap
    dyn: Dyn
    tree: Tree
    copy: _builtins.str
    json: _builtins.str | None = None
    schema: int
    dict: bool
    type: _builtins.str
    id: int
    print: _builtins.str
    hash: _builtins.str


class Wrapped(_client.Model):
    d: str
    dl: list[Inner]
    dn: Inner
    nn: str
    ws: str
    wsl: list[Inner]
    wso: str | None = None
    dws: Inner
    nws: int
    all3: Inner
    c: _client.Checked[int, _typing.Literal["pos"]]
    c2: _client.Checked[int, _typing.Literal["pos", "small"]]
    cl: _client.Checked[list[int], _typing.Literal["some"]]
    co: _client.Checked[int | None, _typing.Literal["pos"]]
    cnn: _client.Checked[int, _typing.Literal["pos"]]
    cws: _client.Checked[int, _typing.Literal["pos"]]
    ci: list[_client.Checked[int, _typing.Literal["pos"]]]
    di: list[Inner]
    si: list[Inner]
    dc: DoneInner
    dcl: list[DoneInner]
    nc: NotNullInner
    sc: StateInner
    scl: list[StateInner]
    cc: _client.Checked[CheckedInner, _typing.Literal["blk"]]
    cco: _client.Checked[CheckedInner, _typing.Literal["blk"]] | None = None
    ccl: list[_client.Checked[CheckedInner, _typing.Literal["blk"]]]


class BaseModel(_client.Model):
    x: str


class Check(_client.Model):
    y: BaseModel


class Literal(_client.Model):
    z: Check | None = None
