"""A provider's batch interface beside the rows of `tests.servers.rows`.

Jobs end at the second look, with results out of order, and some of their rows expire, meet an error, or are
answered with what nobody can read.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from tests.support.canary import KEY

EXPIRED, FAILED, GARBAGE = 0.05, 0.07, 0.08  # upper bounds of the parts of rows
WRONG = f"the model is not well, and your key was {KEY}"
Answer = tuple[int, Any]


@dataclass(slots=True)
class Job:
    id: str
    lines: list[dict[str, Any]]
    metadata: Mapping[str, str]
    created: datetime
    looks: int = 0
    cancelled: bool = False


@dataclass(slots=True)
class BatchServer:
    """`part_of` is a number between 0 and 1 for a text, `answer` the body of a live answer for a request's."""

    kind: str
    part_of: Callable[[str], float]
    answer: Callable[[str], dict[str, Any]]
    files: dict[str, bytes] = field(default_factory=dict)
    jobs: dict[str, Job] = field(default_factory=dict)
    looks: int = 1  # at a job that still runs
    lists: bool = True
    unreadable: bool = True

    def handles(self, method: str, url: str) -> bool:
        return bool(re.search(r"/(files|batches)\b", urlsplit(url).path))

    def handle(self, method: str, url: str, body: bytes) -> Answer:
        path = urlsplit(url).path
        last = path.rpartition("/")[2]
        match method, last:
            case "POST", "files":
                return self._upload(body)
            case "POST", "batches":
                return 200, self._told(self._begin(json.loads(body)))
            case "GET", "batches":
                jobs = reversed(self.jobs.values()) if self.lists else []
                return 200, {"data": [self._told(job) for job in jobs], "has_more": False}
            case "POST", "cancel":
                job = self.jobs[path.split("/")[-2]]
                job.cancelled = True
                return 200, self._told(job)
            case "GET", "content":
                return 200, self.files[path.split("/")[-2]]
            case "GET", "results":
                return 200, self._along(self.jobs[path.split("/")[-2]])
        job = self.jobs[last]
        job.looks += 1
        return 200, self._told(job)

    def _upload(self, body: bytes) -> Answer:
        boundary = body.split(b"\r\n", 1)[0]
        purpose, file = (part.split(b"\r\n\r\n", 1)[1] for part in body.split(boundary)[1:3])
        assert purpose.strip() == b"batch"
        name = f"file-{len(self.files)}"
        self.files[name] = file
        return 200, {"id": name, "object": "file"}

    def _begin(self, order: dict[str, Any]) -> Job:
        if self.kind == "openai":
            assert order["completion_window"] == "24h"
            text = self.files[order["input_file_id"]].decode()
            lines = [json.loads(line) for line in text.splitlines() if line.strip()]
            assert all(line["url"] == order["endpoint"] and line["method"] == "POST" for line in lines)
        else:
            lines = order["requests"]
        name = f"batch_{len(self.jobs)}"
        job = self.jobs[name] = Job(name, lines, order.get("metadata", {}), datetime.now(UTC))
        return job

    def has_ended(self, job: Job) -> bool:
        return job.cancelled or job.looks > self.looks

    def _told(self, job: Job) -> dict[str, Any]:
        if self.kind == "anthropic":
            return {
                "id": job.id,
                "created_at": job.created.isoformat(),
                "processing_status": "ended" if self.has_ended(job) else "in_progress",
                "request_counts": {"processing": len(job.lines), "succeeded": 0},
                "results_url": f"https://api.anthropic.com/v1/messages/batches/{job.id}/results",
            }
        told: dict[str, Any] = {
            "id": job.id,
            "created_at": job.created.timestamp(),
            "status": "completed" if self.has_ended(job) else "in_progress",
            "metadata": job.metadata,
            "input_file_id": "file-0",
        }
        if self.has_ended(job):
            good = [line for line in job.lines if not self._expires(line)]
            self.files[f"{job.id}-out"] = _jsonl([self._uploaded(line) for line in reversed(good)])
            self.files[f"{job.id}-err"] = _jsonl([self._expired(li) for li in job.lines if self._expires(li)])
            told |= {"output_file_id": f"{job.id}-out", "error_file_id": f"{job.id}-err"}
        return told

    def _luck(self, line: Mapping[str, Any]) -> float:
        return self.part_of(line["custom_id"]) if self.unreadable else 1.0

    def _expires(self, line: Mapping[str, Any]) -> bool:
        return self._luck(line) < EXPIRED

    def _expired(self, line: Mapping[str, Any]) -> dict[str, Any]:
        return {"custom_id": line["custom_id"], "response": None, "error": {"code": "batch_expired"}}

    def _uploaded(self, line: dict[str, Any]) -> dict[str, Any]:
        luck, body = self._luck(line), self.answer(json.dumps(line["body"]))
        status = 200
        if luck < FAILED:
            status, body = 500, {"error": {"message": WRONG}}
        elif luck < GARBAGE:
            body["choices"][0]["message"]["content"] = "I would rather not say."
        return {"custom_id": line["custom_id"], "response": {"status_code": status, "body": body}, "error": None}

    def _along(self, job: Job) -> bytes:
        return _jsonl([{"custom_id": li["custom_id"], "result": self._result(li)} for li in reversed(job.lines)])

    def _result(self, line: dict[str, Any]) -> dict[str, Any]:
        luck = self._luck(line)
        if luck < EXPIRED:
            return {"type": "expired"}
        if luck < FAILED:
            return {
                "type": "errored",
                "error": {"type": "error", "error": {"type": "api_error", "message": WRONG}},
            }
        message = self.answer(json.dumps(line["params"]))
        if luck < GARBAGE:
            message["content"][0]["text"] = "I would rather not say."
        return {"type": "succeeded", "message": message}


def _jsonl(values: list[dict[str, Any]]) -> bytes:
    return b"".join(json.dumps(value).encode() + b"\n" for value in values)
