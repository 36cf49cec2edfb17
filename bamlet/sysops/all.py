"""Importing this registers every operation. It brings the prompt, provider and parser rooms with it, so only a
program that runs imports it."""

from . import clients, clock, env, http, llm, stream

__all__ = ["clients", "clock", "env", "http", "llm", "stream"]
