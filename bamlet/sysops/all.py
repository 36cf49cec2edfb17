"""Importing this registers every operation. It brings the prompt, provider and parser rooms with it, so only a
program that runs imports it."""

from . import (
    answer_values,
    answers,
    authorization,
    clients,
    clock,
    env,
    fs,
    future,
    http,
    json,
    llm,
    media,
    media_values,
    printing,
    spawn,
    stream,
    task,
    timer,
)

__all__ = [
    "answer_values",
    "answers",
    "authorization",
    "clients",
    "clock",
    "env",
    "fs",
    "future",
    "http",
    "json",
    "llm",
    "media",
    "media_values",
    "printing",
    "spawn",
    "stream",
    "task",
    "timer",
]
