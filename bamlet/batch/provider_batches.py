"""Batch interfaces of providers: how a job is sent, found again, watched and read.

Of two kinds: one for files that are uploaded (the family of OpenAI), one for requests that are sent along
(Anthropic).
"""

from __future__ import annotations

import json
import secrets
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from typing import Any, Protocol, TypeAlias
from urllib.parse import urlencode, urlsplit, urlunsplit

from ..embed.request import HTTPBody, HTTPRequest, HTTPResponse
from ..embed.runtime import AsyncRuntime
from ..records import dataclass

MIB = 1 << 20
MAX_RESULTS = 1 << 30  # bytes of what one job answers
ADOPT_SECONDS = 600.0  # between the intent and a job that may be ours
PAGE = 100

Files: TypeAlias = Mapping[str, str]
"""What a provider calls the things of one job: its `batch`, and files of it."""


class BatchRefused(Exception):
    """The provider does not take it; the text is what it says."""


@dataclass(frozen=True, slots=True)
class Line:
    """What came of one row. `status` is that of its answer; None is one that was never made, for `problem`."""

    custom_id: str
    status: int | None
    body: str
    problem: str = ""


@dataclass(frozen=True, slots=True)
class State:
    has_ended: bool
    files: Files
    wait: float | None = None  # seconds, where the provider says them


class Batches(Protocol):
    """At one provider, with the address and the keys that a request of a live call has."""

    most_rows: int
    most_bytes: int

    def line(self, custom_id: str, request: HTTPRequest) -> bytes: ...

    async def send(self, job: str, lines: bytes) -> Files: ...

    async def find(self, job: str, intent: float, rows: int, taken: Sequence[str]) -> Files | None:
        """One that was sent, and of which nobody could write down what it is called."""
        ...

    async def state(self, files: Files) -> State: ...

    def results(self, files: Files) -> AsyncIterator[Line]: ...

    async def cancel(self, files: Files) -> None: ...


class _Wire:
    """Requests beside the one that a live call would send."""

    def __init__(self, runtime: AsyncRuntime, model: HTTPRequest) -> None:
        self._runtime = runtime
        kept = {name: value for name, value in model.headers.items() if name.lower() != "content-type"}
        self._headers = kept
        self._url = urlsplit(model.url)

    def url(self, path: str, **query: str) -> str:
        whole = "&".join(filter(None, (self._url.query, urlencode(query))))
        return urlunsplit((self._url.scheme, self._url.netloc, path, whole, ""))

    async def get(self, url: str) -> HTTPResponse:
        return await self._sent("GET", url, {}, b"")

    async def post(self, url: str, value: Any) -> HTTPResponse:
        return await self._sent("POST", url, {"content-type": "application/json"}, json.dumps(value).encode())

    async def upload(self, url: str, name: str, data: bytes) -> HTTPResponse:
        boundary = secrets.token_hex(16)
        head = f'--{boundary}\r\ncontent-disposition: form-data; name="'
        purpose = f'{head}purpose"\r\n\r\nbatch\r\n'
        file = f'{head}file"; filename="{name}"\r\ncontent-type: application/jsonl\r\n\r\n'
        body = purpose.encode() + file.encode() + data + f"\r\n--{boundary}--\r\n".encode()
        return await self._sent("POST", url, {"content-type": f"multipart/form-data; boundary={boundary}"}, body)

    async def _sent(self, method: str, url: str, headers: Mapping[str, str], body: bytes) -> HTTPResponse:
        request = HTTPRequest(method, url, {**self._headers, **headers}, HTTPBody(body))
        response = await self._runtime.send(request, max_bytes=MAX_RESULTS)
        if 400 <= response.status < 500 and response.status not in (408, 409, 429):
            raise BatchRefused(f"status {response.status}: {response.body.text()[:500]}")
        if not 200 <= response.status < 300:
            raise OSError(f"status {response.status}")
        return response


def wait_of(response: HTTPResponse) -> float | None:
    """What `Retry-After` says, in seconds."""
    text = {name.lower(): value for name, value in response.headers.items()}.get("retry-after", "")
    try:
        return max(0.0, float(text))
    except ValueError:
        return None


class Uploaded:
    """A file of requests, and later one of answers and one of errors."""

    most_rows = 50_000
    most_bytes = 190 * MIB
    _WAITING = frozenset({"validating", "in_progress", "finalizing", "cancelling"})

    def __init__(self, runtime: AsyncRuntime, model: HTTPRequest) -> None:
        self._wire = _Wire(runtime, model)
        path = urlsplit(model.url).path
        self._model: str | None = None
        place, found, rest = path.partition("/openai/deployments/")
        deployment, _, endpoint = rest.partition("/")
        if found:  # Azure, which has the name of the model in its path
            self._root, self._endpoint, self._model = f"{place}/openai", f"/{endpoint}", deployment
        else:
            self._root = path.removesuffix("/chat/completions").removesuffix("/responses")
            self._endpoint = path

    def line(self, custom_id: str, request: HTTPRequest) -> bytes:
        body = request.body.json()
        if self._model is not None:
            body = {"model": self._model, **body}
        whole = {"custom_id": custom_id, "method": "POST", "url": self._endpoint, "body": body}
        return json.dumps(whole, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"

    async def send(self, job: str, lines: bytes) -> Files:
        sent = await self._wire.upload(self._wire.url(f"{self._root}/files"), f"{job}.jsonl", lines)
        file = str(sent.body.json()["id"])
        order = {
            "input_file_id": file,
            "endpoint": self._endpoint,
            "completion_window": "24h",
            "metadata": {"bamlet_job": job},
        }
        made = await self._wire.post(self._wire.url(f"{self._root}/batches"), order)
        return {"input": file, "batch": str(made.body.json()["id"])}

    async def find(self, job: str, intent: float, rows: int, taken: Sequence[str]) -> Files | None:
        after: dict[str, str] = {}
        while True:
            url = self._wire.url(f"{self._root}/batches", limit=str(PAGE), **after)
            page = (await self._wire.get(url)).body.json()
            found = page["data"]
            for batch in found:
                if (batch.get("metadata") or {}).get("bamlet_job") == job:
                    return {"input": str(batch["input_file_id"]), "batch": str(batch["id"])}
            if not page.get("has_more") or not found or found[-1]["created_at"] < intent - ADOPT_SECONDS:
                return None
            after = {"after": str(found[-1]["id"])}

    async def state(self, files: Files) -> State:
        response = await self._wire.get(self._wire.url(f"{self._root}/batches/{files['batch']}"))
        batch = response.body.json()
        if batch["status"] in self._WAITING:
            return State(False, files, wait_of(response))
        names = {"output": batch.get("output_file_id"), "errors": batch.get("error_file_id")}
        there = {name: str(found) for name, found in names.items() if found}
        if batch["status"] == "failed" and not there:
            raise BatchRefused(json.dumps(batch.get("errors"), ensure_ascii=False)[:2000])
        return State(True, {**files, **there})

    async def results(self, files: Files) -> AsyncIterator[Line]:
        for name in ("output", "errors"):
            if name in files:
                url = self._wire.url(f"{self._root}/files/{files[name]}/content")
                for value in _lines(await self._wire.get(url)):
                    yield _uploaded_line(value)

    async def cancel(self, files: Files) -> None:
        await self._wire.post(self._wire.url(f"{self._root}/batches/{files['batch']}/cancel"), {})


def _uploaded_line(value: Mapping[str, Any]) -> Line:
    response, error = value.get("response"), value.get("error")
    if not response:
        return Line(value["custom_id"], None, "", str((error or {}).get("code") or error))
    return Line(value["custom_id"], int(response["status_code"]), json.dumps(response["body"]))


class SentAlong:
    """Requests in one body, and later one file of results."""

    most_rows = 100_000
    most_bytes = 240 * MIB

    def __init__(self, runtime: AsyncRuntime, model: HTTPRequest) -> None:
        self._wire = _Wire(runtime, model)
        self._batches = f"{urlsplit(model.url).path}/batches"

    def line(self, custom_id: str, request: HTTPRequest) -> bytes:
        whole = {"custom_id": custom_id, "params": request.body.json()}
        return json.dumps(whole, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"

    async def send(self, job: str, lines: bytes) -> Files:
        requests = [json.loads(line) for line in lines.splitlines()]
        made = await self._wire.post(self._wire.url(self._batches), {"requests": requests})
        return {"batch": str(made.body.json()["id"])}

    async def find(self, job: str, intent: float, rows: int, taken: Sequence[str]) -> Files | None:
        """There is no place for a name: what was made at that time with so many requests is taken for ours, and
        given up if its results are not."""
        page = (await self._wire.get(self._wire.url(self._batches, limit=str(PAGE)))).body.json()
        for batch in page["data"]:
            is_near = abs(_unix(batch["created_at"]) - intent) <= ADOPT_SECONDS
            if is_near and sum(batch["request_counts"].values()) == rows and batch["id"] not in taken:
                return {"batch": str(batch["id"])}
        return None

    async def state(self, files: Files) -> State:
        response = await self._wire.get(self._wire.url(f"{self._batches}/{files['batch']}"))
        batch = response.body.json()
        if batch["processing_status"] != "ended":
            return State(False, files, wait_of(response))
        return State(True, {**files, "results": str(batch["results_url"])})

    async def results(self, files: Files) -> AsyncIterator[Line]:
        # The path only: our keys go to the address that the client names, whatever an answer says.
        url = self._wire.url(urlsplit(files["results"]).path)
        for value in _lines(await self._wire.get(url)):
            yield _along_line(value["custom_id"], value["result"])

    async def cancel(self, files: Files) -> None:
        await self._wire.post(self._wire.url(f"{self._batches}/{files['batch']}/cancel"), {})


_STATUSES = {"invalid_request_error": 400, "rate_limit_error": 429, "overloaded_error": 529, "api_error": 500}


def _along_line(custom_id: str, result: Mapping[str, Any]) -> Line:
    match result["type"]:
        case "succeeded":
            return Line(custom_id, 200, json.dumps(result["message"]))
        case "errored":
            error = result["error"].get("error", result["error"])
            return Line(custom_id, _STATUSES.get(error["type"], 400), json.dumps(result["error"]))
        case other:
            return Line(custom_id, None, "", other)


def _unix(text: str) -> float:
    from datetime import datetime

    return datetime.fromisoformat(text).timestamp()


def _lines(response: HTTPResponse) -> Iterator[Any]:
    return (json.loads(line) for line in response.body.raw().split(b"\n") if line.strip())


BATCHES: Mapping[str, type[Uploaded] | type[SentAlong]] = {
    "openai": Uploaded,
    "openai-responses": Uploaded,
    "azure-openai": Uploaded,
    "anthropic": SentAlong,
}
