"""Panics: what stops a program that did what cannot be done. They are values of the classes of `baml.panics`.

They are not part of what a function throws, and only an arm of a `catch` that names their class takes them.
"""

from __future__ import annotations

from ...types.ty import ClassTy, Ty, bare

NAMESPACE = "baml.panics."


def is_panic(ty: Ty) -> bool:
    plain = bare(ty)
    return isinstance(plain, ClassTy) and plain.name.startswith(NAMESPACE)
