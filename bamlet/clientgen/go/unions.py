"""A union as a type of Go: a pointer for each of its members, of which at most one is set."""

from __future__ import annotations

from ...client.shapes import Either, Object, Shape
from ..apart import apart
from .annotations import Annotations

_UNION = """\
// {name} is one of several: the field that is set. None is, if it has not come yet.
type {name} struct {{
{fields}}}

// Kind is the name of the field that is set, or nothing.
func (u {name}) Kind() string {{
	switch {{
{kinds}	}}
	return ""
}}
{reads}
func (u {name}) MarshalJSON() ([]byte, error) {{
	switch {{
{writes}	}}
	return []byte("null"), nil
}}

func (u *{name}) UnmarshalJSON(data []byte) error {{
	*u = {name}{{}}
	if {is_null}(data){tries} {{
		return nil
	}}
	return errors.New("none of the members of {name}")
}}
"""
_READ = """
// As{word} tells whether it is one.
func (u {name}) As{word}() ({ty}, bool) {{
	if u.{word} == nil {{
		var none {ty}
		return none, false
	}}
	return *u.{word}, true
}}
"""


def union(annotations: Annotations, name: str, shape: Either) -> str:
    """Members that Go cannot tell apart are one: texts of several sets are texts."""
    found: dict[str, Shape] = {}
    for member in shape.members:
        found.setdefault(annotations.word(member), member)
    words = apart(found, str, ("Kind",))
    types = {words[word]: annotations.write(member) for word, member in found.items()}
    trying = annotations.place("Try", "types")
    tries = "".join(
        f' ||\n\t\t{trying}(data, "{member.name if isinstance(member, Object) else ""}", &u.{words[word]})'
        for word, member in found.items()
    )
    return _UNION.format(
        name=name,
        fields="".join(f"\t{word} *{ty}\n" for word, ty in types.items()),
        kinds="".join(f'\tcase u.{word} != nil:\n\t\treturn "{word}"\n' for word in types),
        reads="".join(_READ.format(name=name, word=word, ty=ty) for word, ty in types.items()),
        writes="".join(f"\tcase u.{word} != nil:\n\t\treturn json.Marshal(u.{word})\n" for word in types),
        is_null=annotations.place("IsNull", "types"),
        tries=tries,
    )
