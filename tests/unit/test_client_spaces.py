"""Clients of programs of the second edition: namespaces are parts of them, defaults are the program's."""

from __future__ import annotations

import inspect
import pickle
import subprocess
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import bamlet
from bamlet.cli.main import run
from tests.servers.loopback import LoopbackServer
from tests.support.generated import generated
from tests.support.user_project import streamed, whole
from tests.unit.test_client_checkers import CACHE

FILES = {
    "main.baml": """
client<llm> Local { provider openai-generic, options { model m, base_url env.BASE_URL } }
class Item { name: string }
enum Lane { AIR }
function Make(text: string, n: int = 3, hint: string? = null, values: int[] = [n]) -> string {
  text + string.from(n) + (hint ?? "") + string.from(values.length())
}
function Say(text: string, times: int = text.length()) -> string { client: Local, prompt: `${text} ${times}` }
function Uses(cart: root.shop.Cart) -> root.shop.Cart { cart }
function Same(a: int, b: int) -> bool { a == b }
""",
    "ns_shop/cart.baml": """
class Item {
  title: string,
  price: float,
}
/// What was bought.
class Cart { items: Item[], lane: root.Lane, status: Status }
enum Status { OPEN, CLOSED }
type Tree = Item | Tree[]
function Total(cart: Cart, tax: float = 0.5) -> float { cart.items.length() * tax }
function Read(text: string) -> Cart { client: root.Local, prompt: #"{{ text }} {{ ctx.output_format }}"# }
function Branch(tree: Tree) -> Tree { tree }
""",
    "ns_shop/ns_deep/item.baml": """
class Item { deep: int, @@dynamic }
enum Kind { ROOT, @@dynamic }
function Dig(item: Item) -> Item[] { [item] }
""",
}
CART: dict[str, Any] = {"items": [{"title": "nut", "price": 2.0}], "lane": "AIR", "status": "CLOSED"}
USER = """
from baml_client import partial_types, types
from baml_client.async_client import b as async_b
from baml_client.sync_client import b
from baml_client.type_builder import TypeBuilder

item = types.shop.Item(title="t", price=1)
cart: types.shop.Cart = b.Uses(types.shop.Cart(items=[item], lane=types.Lane.AIR, status=types.shop.Status.OPEN))
total: float = b.shop.Total(cart, tax=0.5)
deep: list[types.shop.deep.Item] = b.shop.deep.Dig(types.shop.deep.Item(deep=1))
for partial in b.stream.shop.Read("x"):
    shown: partial_types.shop.Cart = partial
text: str = b.Make("x", n=1, hint=None)
tb = TypeBuilder()
tb.shop.deep.Item.add_property("seen", tb.bool()).description("d")
tb.shop.deep.Kind.add_value("LEAF")


async def call() -> types.shop.Cart:
    return await async_b.shop.Read("x")


b.Make("x", 1)  # wrong
b.shop.Total(cart, tax="much")  # wrong
b.shop.deep.Dig(types.shop.Item(title="t", price=1))  # wrong
tb.shop.deep.Itm  # wrong
tb.shop.Cart.add_property("x", tb.int())  # wrong
"""


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ModuleType]:
    with generated(tmp_path_factory.mktemp("client"), FILES, "version = '1'") as package:
        yield package


@pytest.fixture
def b(client: ModuleType) -> Any:
    return import_module(f"{client.__name__}.sync_client").b


def test_what_has_a_default_is_given_by_name_or_left_to_the_program(b: Any) -> None:
    assert b.Make("x") == "x31"
    assert b.Make("x", None, n=4, hint="h", values=[1, 2]) == "x4h2"
    kinds = {name: param.kind.name for name, param in inspect.signature(b.Make).parameters.items()}
    assert [name for name, kind in kinds.items() if kind == "KEYWORD_ONLY"] == ["n", "hint", "values"]
    with pytest.raises(bamlet.BamlInvalidArgumentError, match="n"):
        b.Make("x", n="many")


def test_a_function_of_a_model_works_its_defaults_out_for_each_face(b: Any, loopback: LoopbackServer) -> None:
    env = {"env": {"BASE_URL": loopback.url}}
    loopback.answer(whole("once"), streamed("streamed"))
    assert b.Say("abc", env) == '"once"'
    assert b.stream.Say("abc", env, times=2).get_final_response() == '"streamed"'
    prompts = [str(request.json()["messages"][0]["content"]) for request in loopback.requests]
    assert ["abc 3" in prompts[0], "abc 2" in prompts[1]] == [True, True]
    assert "ab 2" in str(b.request.Say("ab", env).body.json())


def test_namespaces_are_parts_of_a_client(client: ModuleType, b: Any, loopback: LoopbackServer) -> None:
    types, env = client.types, {"env": {"BASE_URL": loopback.url}}
    cart = types.shop.Cart.model_validate(CART)
    assert (b.Uses(cart), type(b.Uses(cart))) == (cart, types.shop.Cart)
    assert (b.shop.Total(cart), b.shop.Total(cart, tax=3)) == (0.5, 3.0)
    assert b.shop.deep.Dig({"deep": 1}) == [types.shop.deep.Item(deep=1)]
    loopback.answer(whole(CART), streamed(CART))
    assert b.shop.Read("x", env) == cart
    stream = b.stream.shop.Read("x", env)
    assert {type(partial) for partial in stream} == {client.partial_types.shop.Cart}
    assert stream.get_final_response() == cart
    assert type(b.with_options(client="Local").stream.shop) is type(b.stream.shop)


def test_requests_and_parsers_have_namespaces_too(client: ModuleType, b: Any) -> None:
    env = {"env": {"BASE_URL": "http://127.0.0.1:1"}}
    assert b.stream_request.shop.Read("x", env).body.json()["stream"] is True
    assert "stream" not in b.request.shop.Read("x", env).body.json()
    assert (
        b.parse.shop.Read('{"items": [], "lane": "AIR", "status": "OPEN"}').status is client.types.shop.Status.OPEN
    )
    assert b.parse_stream.shop.Read('{"items": [{"title": "n').items[0].title == "n"


def test_values_of_a_namespace_are_as_any_others(client: ModuleType, b: Any) -> None:
    types = client.types
    cart = types.shop.Cart.model_validate(CART)
    assert pickle.loads(pickle.dumps(cart)) == cart
    assert pickle.loads(pickle.dumps(b.shop)).Total(cart) == 0.5
    assert (types.shop.Cart.__name__, types.shop.Cart.__doc__) == ("Cart", "What was bought.")
    assert b.shop.Branch([[{"title": "t", "price": 1}]]) == [[types.shop.Item(title="t", price=1)]]
    assert {"shop", "Item", "Lane"} <= set(dir(types))
    assert "shop" in dir(b)
    with pytest.raises(AttributeError, match="shoop"):
        getattr(types, "shoop")  # noqa: B009


def test_a_type_builder_has_namespaces_as_attributes(client: ModuleType, b: Any) -> None:
    tb = import_module(f"{client.__name__}.type_builder").TypeBuilder()
    tb.shop.deep.Item.add_property("seen", tb.bool())
    item = b.shop.deep.Dig({"deep": 1, "seen": True}, {"tb": tb})[0]
    assert (type(item), item.seen) == (client.types.shop.deep.Item, True)
    assert tb.shop.deep.Item is tb.class_builder("shop.deep.Item")
    assert (dir(tb.shop), dir(tb.shop.deep)) == (["Cart", "Item", "Status", "deep"], ["Item", "Kind"])
    assert {"Item", "Lane", "shop"} <= set(dir(tb))
    assert str(tb) == "TypeBuilder(\n  dynamic class shop.deep.Item {\n    seen bool\n  }\n)"
    with pytest.raises(AttributeError, match=r"no class or enum `shop\.Crt`; did you mean `shop\.Cart`"):
        getattr(tb.shop, "Crt")  # noqa: B009


def test_a_package_remembers_its_edition(b: Any) -> None:
    """The settings that said so are not shipped with it."""
    assert b.runtime.program.edition == 2


def test_a_compiled_program_that_was_kept_knows_its_edition(tmp_path: Path) -> None:
    (tmp_path / "baml.toml").write_text("")
    (tmp_path / "main.baml").write_text("function F(n: int) -> int { n }")
    assert [bamlet.load(tmp_path / "main.baml").edition for _ in range(2)] == [2, 2]


def test_checkers_know_namespaces_and_defaults(tmp_path: Path) -> None:
    for name, text in {**FILES, "../baml.toml": "", "../user.py": USER}.items():
        path = tmp_path / "baml_src" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    assert run(["generate", str(tmp_path / "baml_src")]) == 0
    assert run(["generate", str(tmp_path / "baml_src"), "--stubs", str(tmp_path / "typed")]) == 0
    command = [sys.executable, "-m", "mypy", "--strict", "--no-pretty", "--cache-dir", str(CACHE)]
    done = subprocess.run(
        [*command, "baml_client", "typed", "user.py"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    wrong = [number for number, line in enumerate(USER.splitlines(), 1) if line.endswith("# wrong")]
    told = [line for line in done.stdout.splitlines() if ": error: " in line]
    assert [(line.split(":")[0], int(line.split(":")[1])) for line in told] == [("user.py", at) for at in wrong]
    for arguments in (["check", "--select", "E,F,W,I,UP,B,C4,RUF"], ["format", "--check"]):
        command = [sys.executable, "-m", "ruff", *arguments, "--isolated", "--line-length", "120", "baml_client"]
        ruff = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
        assert ruff.returncode == 0, ruff.stdout


@pytest.mark.parametrize(
    ("files", "told"),
    [
        ({"ns_class/a.baml": "class A { n: int }"}, "no namespace `class`: that is a word of the language"),
        ({"ns_stream/a.baml": "class A { n: int }"}, "no namespace `stream`: the client itself has that name"),
        (
            {"ns_shop/a.baml": "class A { n: int }", "b.baml": "function shop() -> int { 1 }"},
            "no namespace `shop`: another name of the program is the same",
        ),
    ],
)
def test_namespaces_that_python_cannot_have_are_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], files: dict[str, str], told: str
) -> None:
    for name, text in {**files, "../baml.toml": ""}.items():
        path = tmp_path / "baml_src" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    assert run(["generate", str(tmp_path / "baml_src")]) == 65
    assert told in capsys.readouterr().err
    assert not (tmp_path / "baml_client").exists()
