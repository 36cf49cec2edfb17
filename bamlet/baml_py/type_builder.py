"""The builder of types under BAML's module name, with BAML's names of its parts."""

from ..embed.type_builder import AddedPropertyBuilder as ClassPropertyBuilder
from ..embed.type_builder import ClassBuilder as ClassBuilder
from ..embed.type_builder import DeclaredTypeBuilder as DeclaredTypeBuilder
from ..embed.type_builder import DynamicClassBuilder as DynamicClassBuilder
from ..embed.type_builder import DynamicEnumBuilder as DynamicEnumBuilder
from ..embed.type_builder import EnumBuilder as EnumBuilder
from ..embed.type_builder import EnumValueBuilder as EnumValueBuilder
from ..embed.type_builder import FieldType as FieldType
from ..embed.type_builder import NewClassBuilder as NewClassBuilder
from ..embed.type_builder import NewEnumBuilder as NewEnumBuilder
from ..embed.type_builder import PropertyBuilder as ClassPropertyViewer
from ..embed.type_builder import Space as Space
from ..embed.type_builder import TypeBuilder as TypeBuilder
from ..embed.type_builder import Values as NewEnumValues

EnumValueViewer = EnumValueBuilder

__all__ = [
    "ClassBuilder",
    "ClassPropertyBuilder",
    "ClassPropertyViewer",
    "DeclaredTypeBuilder",
    "DynamicClassBuilder",
    "DynamicEnumBuilder",
    "EnumBuilder",
    "EnumValueBuilder",
    "EnumValueViewer",
    "FieldType",
    "NewClassBuilder",
    "NewEnumBuilder",
    "NewEnumValues",
    "Space",
    "TypeBuilder",
]
