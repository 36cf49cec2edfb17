"""`bamlet dev`: `bamlet serve --reload`, and `bamlet generate` when clients would change."""

from __future__ import annotations

from .serve import main as main
