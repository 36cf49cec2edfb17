"""Text to tree: the only room that knows Lark."""

from .parse import Parsed, Parser

__all__ = ["Parsed", "Parser"]
