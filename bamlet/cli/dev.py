"""`bamlet dev`: `bamlet serve --reload`."""

from __future__ import annotations

from .serve import main as main
