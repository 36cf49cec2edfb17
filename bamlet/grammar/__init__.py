"""Text to tree: the only room that knows Lark."""

from .parse import Gap, Parsed, Parser

__all__ = ["Gap", "Parsed", "Parser"]
