"""A project of 9,100 lines as large teams have it: 500 classes of 8 fields, 60 enums, 300 functions."""

from __future__ import annotations

CLASSES, FIELDS, ENUMS, FUNCTIONS = 500, 8, 60, 300

CLIENT = """\
client<llm> Local {
  provider "openai-generic"
  options {
    base_url env.BASE_URL
    api_key env.LOCAL_KEY
    model "local"
  }
}
"""
_TYPES = ("string", "int?", "float", "bool", "string[]", "map<string, int>", "Kind{enum}", "Part{other}?")


def big_project(generator: str = "") -> dict[str, str]:
    """Its files by their names; `generator` is put into the first."""
    enums = [_enum(number) for number in range(ENUMS)]
    classes = [_class(number) for number in range(CLASSES)]
    functions = [_function(number) for number in range(FUNCTIONS)]
    return {
        "client.baml": generator + CLIENT,
        "enums.baml": "\n".join(enums),
        **{f"classes_{at // 50}.baml": "\n".join(classes[at : at + 50]) for at in range(0, CLASSES, 50)},
        **{f"functions_{at // 50}.baml": "\n".join(functions[at : at + 50]) for at in range(0, FUNCTIONS, 50)},
    }


def _enum(number: int) -> str:
    values = "\n".join(f"  VALUE_{number}_{value}" for value in range(6))
    return f"enum Kind{number} {{\n{values}\n}}\n"


def _class(number: int) -> str:
    types = (ty.format(enum=number % ENUMS, other=(number + 1) % CLASSES) for ty in _TYPES)
    fields = "\n".join(f'  field_{at} {ty} @description("number {at} of {FIELDS}")' for at, ty in enumerate(types))
    return f"/// A part of the whole, number {number}.\nclass Part{number} {{\n{fields}\n}}\n"


def _function(number: int) -> str:
    return f"""\
/// Reads part {number} out of a text.
function Read{number}(text: string, kind: Kind{number % ENUMS}, hint: string?) -> Part{number} {{
  client Local
  prompt #"
    {{{{ _.role("user") }}}}
    Read the part of this kind: {{{{ kind }}}}
    {{{{ text }}}}
    {{{{ hint }}}}
    {{{{ ctx.output_format }}}}
  "#
}}
"""
