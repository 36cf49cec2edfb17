"""A history with calls and results, against the types of the makers' own libraries: what they say a request is.

Their types are read as they are written, since none of the libraries checks what it sends.
"""

from __future__ import annotations

import json
import os
import types
from collections.abc import Iterable, Mapping
from typing import Any, Literal, Union, get_args, get_origin

import pytest
from typing_extensions import TypedDict, get_type_hints, is_typeddict

from bamlet.prompt import Prompt
from tests.unit.test_tool_formats import HISTORY, TOOLS, body

pytestmark = [
    pytest.mark.timeout(60),
    pytest.mark.usefixtures("nothing_left_behind"),
    # Of the libraries, not of ours.
    pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning", "ignore::UserWarning"),
]


def unfit(value: Any, kind: Any, at: str = "$") -> list[str]:
    """Where a value is not of a type: of a union the complaints of the member that fits best."""
    origin, args = get_origin(kind), get_args(kind)
    if kind in (Any, object):
        return []
    if origin in (Union, types.UnionType):
        return min((unfit(value, one, at) for one in args), key=_weight)
    if origin is Literal:
        return [] if value in args else [f"{at} is {value!r}, not {args}"]
    if is_typeddict(kind):
        return _unfit_fields(value, kind, at) if isinstance(value, dict) else [f"{at} is no {kind.__name__}"]
    if origin is not None and issubclass(origin, Mapping):
        return [] if isinstance(value, dict) else [f"{at} is no object"]
    if origin is not None and issubclass(origin, Iterable):
        if not isinstance(value, list):
            return [f"{at} is no list"]
        return [problem for at_, one in enumerate(value) for problem in unfit(one, args[0], f"{at}[{at_}]")]
    wanted = (int, float) if kind is float else kind
    return [] if isinstance(value, wanted) else [f"{at} is {value!r}, no {kind}"]


def _weight(problems: list[str]) -> tuple[int, int]:
    # What says of itself by a `type` or a `role` that it is something else is not meant.
    return sum(".type is" in one or ".role is" in one for one in problems), len(problems)


def _unfit_fields(value: dict[str, Any], kind: Any, at: str) -> list[str]:
    hints = get_type_hints(kind)
    found = [f"{at} has no `{name}`" for name in kind.__required_keys__ - value.keys()]
    found += [f"{at}.{name} is unknown to {kind.__name__}" for name in value.keys() - hints.keys()]
    return found + [
        problem
        for name in hints.keys() & value.keys()
        for problem in unfit(value[name], hints[name], f"{at}.{name}")
    ]


def openai(made: Any) -> list[str]:
    from openai.types.chat import ChatCompletionMessageParam, ChatCompletionToolUnionParam

    messages = unfit(made["messages"], list[ChatCompletionMessageParam])
    return messages + unfit(made["tools"], list[ChatCompletionToolUnionParam])


def responses(made: Any) -> list[str]:
    from openai.types.responses import ResponseInputItemParam, ToolParam

    return unfit(made["input"], list[ResponseInputItemParam]) + unfit(made["tools"], list[ToolParam])


def anthropic(made: Any) -> list[str]:
    from anthropic.types import MessageParam, ToolUnionParam

    return unfit(made["messages"], list[MessageParam]) + unfit(made["tools"], list[ToolUnionParam])


def google(made: Any) -> list[str]:
    from google.genai import types as genai

    signed = json.loads(json.dumps(made["contents"]).replace('"g1"', '"ZzE="'))  # theirs are bytes
    for content in signed:
        genai.Content.model_validate(content)
    for tool in made["tools"]:
        genai.Tool.model_validate(tool)
    genai.ToolConfig.model_validate(made["toolConfig"])
    return []


def bedrock(made: Any) -> list[str]:
    from botocore.session import get_session
    from botocore.validate import ParamValidator

    converse = get_session().get_service_model("bedrock-runtime").operation_model("Converse")
    report = ParamValidator().validate({"modelId": "m", **made}, converse.input_shape)
    return [report.generate_report()] if report.has_errors() else []


CHECKS = {
    "openai": openai,
    "azure-openai": openai,
    "openai-responses": responses,
    "anthropic": anthropic,
    "google-ai": google,
    "vertex-ai": google,
    "aws-bedrock": bedrock,
}


# Importing the libraries takes seconds, so `make nightly` asks all of them.
@pytest.mark.parametrize("provider", CHECKS if os.environ.get("BAMLET_AGENT_MATRIX") == "all" else ["aws-bedrock"])
def test_a_history_with_calls_is_what_the_library_takes(provider: str) -> None:
    assert CHECKS[provider](body(provider, Prompt(HISTORY, tools=TOOLS))) == []


class Known(TypedDict):
    kind: Literal["known"]
    many: list[int]


def test_what_is_not_of_the_types_is_found() -> None:
    assert unfit({"kind": "known", "many": [1]}, Known | int) == []
    assert unfit({"kind": "other", "more": 1}, Known) == [
        "$ has no `many`",
        "$.more is unknown to Known",
        "$.kind is 'other', not ('known',)",
    ]
    made = body("aws-bedrock", Prompt(HISTORY, tools=TOOLS))
    use = made["messages"][1]["content"][-1]["toolUse"]
    use["args"] = use.pop("input")
    assert "args" in bedrock(made)[0]
