"""Types that are made while a program runs.

    builder = bamlet.TypeBuilder(program)
    builder.Resume.add_property("hobbies", builder.list(builder.string()))
    runtime.call("Extract", text=scan, context=bamlet.CallContext(type_builder=builder))

Names are those of `baml_py.type_builder`. A builder adds to classes and enums with `@@dynamic`, makes new ones,
and describes what is there; what is declared stays as it is. One builder may serve several calls.
"""

from .builder import DeclaredTypeBuilder, TypeBuilder
from .classes import ClassBuilder, DynamicClassBuilder, NewClassBuilder, Properties
from .enums import DynamicEnumBuilder, EnumBuilder, EnumValueBuilder, NewEnumBuilder, Values
from .field_types import FieldType
from .properties import AddedPropertyBuilder, PropertyBuilder
from .spaces import Space

__all__ = [
    "AddedPropertyBuilder",
    "ClassBuilder",
    "DeclaredTypeBuilder",
    "DynamicClassBuilder",
    "DynamicEnumBuilder",
    "EnumBuilder",
    "EnumValueBuilder",
    "FieldType",
    "NewClassBuilder",
    "NewEnumBuilder",
    "Properties",
    "PropertyBuilder",
    "Space",
    "TypeBuilder",
    "Values",
]
