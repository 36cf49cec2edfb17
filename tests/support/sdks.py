"""The makers' own libraries, pointed at a server of the test: one conversation, asked plainly or as a stream.

Each function speaks as the library's documentation does, and returns the text of the answer.
"""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Callable
from contextlib import closing
from functools import cache
from typing import Any

MODEL = "m-1"
PNG = "iVBORw0KGgo="
SYSTEM, QUESTION, ANSWER, AGAIN = "You are S.", "look", "Seen.", "again"
TOOL = {"type": "object", "properties": {"x": {"type": "integer"}}, "required": ["x"]}
REGION = "us-east-1"


def openai_client(url: str) -> Any:
    import openai

    return openai.OpenAI(api_key="sk-1", base_url=f"{url}/v1", max_retries=0)


def openai_chat(url: str, *, stream: bool) -> str:
    with openai_client(url) as client:
        return _chat(client, stream=stream)


def azure_chat(url: str, *, stream: bool) -> str:
    import openai

    with openai.AzureOpenAI(
        api_key="sk-1", azure_endpoint=url, azure_deployment=MODEL, api_version="2024-10-21", max_retries=0
    ) as client:
        return _chat(client, stream=stream)


def _chat(client: Any, *, stream: bool) -> str:
    image = {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PNG}"}}
    asked = {
        "model": MODEL,
        "temperature": 0.3,
        "tools": [{"type": "function", "function": {"name": "f", "description": "d", "parameters": TOOL}}],
        "messages": [
            {"role": "system", "content": SYSTEM},
            {"role": "user", "content": [{"type": "text", "text": QUESTION}, image]},
            {"role": "assistant", "content": ANSWER},
            {"role": "user", "content": AGAIN},
        ],
    }
    if not stream:
        return client.chat.completions.create(**asked).choices[0].message.content or ""
    events = client.chat.completions.create(**asked, stream=True, stream_options={"include_usage": True})
    return read_chat(events)


def read_chat(events: Any) -> str:
    return "".join(
        choice.delta.content or ""
        for event in events
        for choice in event.choices
        if choice.index == 0 and choice.delta is not None
    )


def openai_responses(url: str, *, stream: bool) -> str:
    image = {"type": "input_image", "detail": "auto", "image_url": f"data:image/png;base64,{PNG}"}
    asked: dict[str, Any] = {
        "model": MODEL,
        "temperature": 0.3,
        "tools": [{"type": "function", "name": "f", "description": "d", "parameters": TOOL, "strict": False}],
        "instructions": SYSTEM,
        "input": [
            {"role": "user", "content": [{"type": "input_text", "text": QUESTION}, image]},
            {"role": "assistant", "content": ANSWER},
            {"role": "user", "content": AGAIN},
        ],
    }
    with openai_client(url) as client:
        if not stream:
            return str(client.responses.create(**asked).output_text)
        return read_responses(client.responses.create(**asked, stream=True))


def read_responses(events: Any) -> str:
    text = ""
    for event in events:
        if event.type == "response.output_text.delta":
            text += event.delta
        elif event.type == "response.completed":
            text = text or event.response.output_text
    return text


def anthropic_client(url: str) -> Any:
    import anthropic

    return anthropic.Anthropic(api_key="sk-1", base_url=url, max_retries=0)


def anthropic_messages(url: str, *, stream: bool) -> str:
    image = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": PNG}}
    asked = {
        "model": MODEL,
        "max_tokens": 50,
        "extra_body": {"temperature": 0.3},
        "tools": [{"name": "f", "description": "d", "input_schema": TOOL}],
        "system": SYSTEM,
        "messages": [
            {"role": "user", "content": [{"type": "text", "text": QUESTION}, image]},
            {"role": "assistant", "content": ANSWER},
            {"role": "user", "content": AGAIN},
        ],
    }
    with anthropic_client(url) as client:
        if not stream:
            return "".join(block.text for block in client.messages.create(**asked).content)
        return read_anthropic(client.messages.create(**asked, stream=True))


def read_anthropic(events: Any) -> str:
    text = ""
    for event in events:
        if event.type == "content_block_delta" and event.delta.type == "text_delta":
            text += event.delta.text
        elif event.type == "content_block_start" and event.content_block.type == "text":
            text += event.content_block.text
    return text


def google_client(url: str) -> Any:
    from google import genai

    return genai.Client(api_key="sk-1", http_options={"base_url": url, "api_version": "v1beta"})


def google_generate(url: str, *, stream: bool) -> str:
    with google_client(url) as client:
        return _generate(client, stream=stream)


def vertex_generate(url: str, *, stream: bool) -> str:
    from google import genai
    from google.oauth2.credentials import Credentials

    with genai.Client(
        vertexai=True,
        project="p",
        location="global",
        credentials=Credentials(token="t"),
        http_options={"base_url": url, "api_version": "v1"},
    ) as client:
        return _generate(client, stream=stream)


def _generate(client: Any, *, stream: bool) -> str:
    from google.genai import types

    image = types.Part.from_bytes(data=b64decode(PNG), mime_type="image/png")
    contents = [
        types.Content(role="user", parts=[types.Part(text=QUESTION), image]),
        types.Content(role="model", parts=[types.Part(text=ANSWER)]),
        types.Content(role="user", parts=[types.Part(text=AGAIN)]),
    ]
    function = types.FunctionDeclaration(name="f", description="d", parameters_json_schema=TOOL)
    config = types.GenerateContentConfig(
        system_instruction=SYSTEM, temperature=0.3, tools=[types.Tool(function_declarations=[function])]
    )
    asked = {"model": MODEL, "contents": contents, "config": config}
    if not stream:
        return client.models.generate_content(**asked).text or ""
    return read_google(client.models.generate_content_stream(**asked))


def read_google(events: Any) -> str:
    return "".join(event.text or "" for event in events)


@cache
def aws_session() -> Any:
    """One for all: it reads half a megabyte about the service."""
    import boto3

    return boto3.session.Session()


def bedrock_client(url: str) -> Any:
    from botocore.config import Config

    return aws_session().client(
        "bedrock-runtime",
        region_name=REGION,
        endpoint_url=url,
        aws_access_key_id="A",
        aws_secret_access_key="S",
        config=Config(retries={"total_max_attempts": 1}),
    )


def bedrock_converse(url: str, *, stream: bool) -> str:
    image = {"image": {"format": "png", "source": {"bytes": b64decode(PNG)}}}
    asked = {
        "modelId": f"{MODEL}:0",
        "system": [{"text": SYSTEM}],
        "messages": [
            {"role": "user", "content": [{"text": QUESTION}, image]},
            {"role": "assistant", "content": [{"text": ANSWER}]},
            {"role": "user", "content": [{"text": AGAIN}]},
        ],
        "inferenceConfig": {"maxTokens": 50, "temperature": 0.3},
        "additionalModelRequestFields": {"top_k": 5},
    }
    with closing(bedrock_client(url)) as client:
        if not stream:
            blocks = client.converse(**asked)["output"]["message"]["content"]
            return "".join(block.get("text", "") for block in blocks)
        return read_bedrock(client.converse_stream(**asked)["stream"])


def read_bedrock(events: Any) -> str:
    with closing(events):
        return "".join(event.get("contentBlockDelta", {}).get("delta", {}).get("text", "") for event in events)


ASK: dict[str, Callable[..., str]] = {
    "openai": openai_chat,
    "azure-openai": azure_chat,
    "openai-responses": openai_responses,
    "anthropic": anthropic_messages,
    "google-ai": google_generate,
    "vertex-ai": vertex_generate,
    "aws-bedrock": bedrock_converse,
}
