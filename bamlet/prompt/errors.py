"""What can be wrong with a prompt beside its template's syntax."""

from __future__ import annotations

from ..jinja import TemplateError


class PromptError(TemplateError):
    """A prompt that asks for something that cannot be: a bad option, role or value."""
