"""A program over HTTP: a program in, an application of ASGI out.

    fastapi_app.mount("/baml", bamlet.server.app(program))

It needs the extra `serve`. Importing it brings Starlette, and no other command does.
"""

from importlib.util import find_spec

if find_spec("starlette") is None:
    raise ImportError("starlette is not installed: pip install 'bamlet[serve]'")

from .app import app as app
from .hosted import sse as sse
from .limits import Limits as Limits
from .runs import Run as Run
from .runs import Runs as Runs
from .runs import Store as Store

__all__ = ["Limits", "Run", "Runs", "Store", "app", "sse"]
