# Made by bamlet 0.2.0 from .baml files: change those, and run `bamlet generate`.
# ruff: noqa: E501, E741, E742, E743, RUF001, RUF002, RUF100

"""A part of `stream_types`."""

from __future__ import annotations

import builtins as _builtins
import typing as _typing

import pydantic as _pydantic
import typing_extensions as _typing_extensions
from bamlet import client as _client

from . import types as _types

JSON = _typing_extensions.TypeAliasType("JSON", "str | int | list[JSON] | dict[str, JSON] | None")


RMap = _typing_extensions.TypeAliasType("RMap", "dict[str, RMap]")


class Inner(_client.Model):
    a: str | None = None
    b: int | None = None


class DoneInner(_client.Model):
    a: str
    list: _builtins.list[int]


class NotNullInner(_client.Model):
    a: str | None = None


class StateInner(_client.Model):
    a: str | None = None


class CheckedInner(_client.Model):
    a: str | None = None


class Dyn(_client.Model):
    model_config = _pydantic.ConfigDict(extra="allow")

    k: str | None = None


class Tree(_client.Model):
    value: int | None = None
    children: list[Tree] = _pydantic.Field(default_factory=list)
    next: Tree | None = None


class Plain(_client.Model):
    s: _builtins.str | None = _pydantic.Field(default=None, description='a "quoted" it\'s text')
    i: int | None = None
    f: float | None = _pydantic.Field(default=None, description="from a doc comment")
    b: bool | None = None
    n: None
    img: _client.Image | None = None
    lit: _typing.Literal["a", "b", 3] | None = None
    t: _typing.Literal[True] | None = None
    lane: _types.Lane | None = None
    mood: _types.Mood | _builtins.str | None = None
    inner: Inner | None = None
    list: _builtins.list[_builtins.str] = _pydantic.Field(default_factory=_builtins.list)
    lanes: _builtins.list[_types.Lane] = _pydantic.Field(default_factory=_builtins.list)
    m: _builtins.dict[_builtins.str, Inner] = _pydantic.Field(default_factory=_builtins.dict)
    em: _builtins.dict[_types.Lane, int] = _pydantic.Field(default_factory=_builtins.dict)
    u: int | _builtins.str | Inner | None = None
    nested: _builtins.list[int | _builtins.list[_builtins.str]] | None = None
    o: _builtins.str | None = None
    str: _builtins.str | None = None
    ms: _builtins.str | None = None
    num: int | float | None = None
    lol: _builtins.list[_types.Lane] = _pydantic.Field(default_factory=_builtins.list)
    j: JSON
    rm: RMap | None = None
    dyn: Dyn | None = None
    tree: Tree | None = None
    copy: _builtins.str | None = None
    json: _builtins.str | None = None
    schema: int | None = None
    dict: bool | None = None
    type: _builtins.str | None = None
    id: int | None = None
    print: _builtins.str | None = None
    hash: _builtins.str | None = None


class Wrapped(_client.Model):
    d: str | None = None
    dl: list[_types.Inner] = _pydantic.Field(default_factory=list)
    dn: _types.Inner
    nn: str
    ws: _client.StreamState[str | None]
    wsl: _client.StreamState[list[Inner]]
    wso: _client.StreamState[str | None]
    dws: _client.StreamState[_types.Inner | None]
    nws: _client.StreamState[int]
    all3: _client.StreamState[_types.Inner]
    c: _client.Checked[int, _typing.Literal["pos"]] | None = None
    c2: _client.Checked[int, _typing.Literal["pos", "small"]] | None = None
    cl: _client.Checked[list[int], _typing.Literal["some"]]
    co: _client.Checked[int | None, _typing.Literal["pos"]]
    cnn: _client.Checked[int, _typing.Literal["pos"]]
    cws: _client.StreamState[_client.Checked[int, _typing.Literal["pos"]] | None]
    ci: list[_client.Checked[int, _typing.Literal["pos"]]] = _pydantic.Field(default_factory=list)
    di: list[_types.Inner] = _pydantic.Field(default_factory=list)
    si: list[_client.StreamState[Inner]] = _pydantic.Field(default_factory=list)
    dc: _types.DoneInner | None = None
    dcl: list[_types.DoneInner] = _pydantic.Field(default_factory=list)
    nc: NotNullInner
    sc: _client.StreamState[StateInner | None]
    scl: list[_client.StreamState[StateInner]] = _pydantic.Field(default_factory=list)
    cc: _client.Checked[CheckedInner, _typing.Literal["blk"]] | None = None
    cco: _client.Checked[CheckedInner, _typing.Literal["blk"]] | None = None
    ccl: list[_client.Checked[CheckedInner, _typing.Literal["blk"]]] = _pydantic.Field(default_factory=list)


class BaseModel(_client.Model):
    x: str | None = None


class Check(_client.Model):
    y: BaseModel | None = None


class Literal(_client.Model):
    z: Check | None = None
