"""Where the parser differs from BAML's on purpose: the reason, and the cases that show it.

`Qn` names a fault of BAML's parser that is not copied. The others are promises about streams that BAML does not
make.
"""

from __future__ import annotations

INTENDED = {
    "Q1: a class may lack several lists": "defaults.optional.001 defaults.optional.005 defaults.top.001"
    " defaults.stream.001 defaults.stream.002",
    "Q2: a number ends at a comma": "jsonish.in_class.004 num.field.024 num.field.025 stream.top.117",
    "Q3: positions count characters": "jsonish.109 jsonish.112",
    "Q4: escapes are decoded": "jsonish.058 jsonish.059",
    "Q5: a comma too many is nothing": "jsonish.023",
    "Q6: `#` opens a comment": "jsonish.099",
    "Q7: a missing comma does not swallow the next field": "jsonish.035 jsonish.089 jsonish.147 list.str.013"
    " map.str_str.003 num.field.022 num.field.023 seq.list.006",
    "Q8: a quote ends a string where brackets would fit": "jsonish.019",
    "Q9: a stray bracket in prose is prose": "extract.035",
    "Q10: the value before a fence counts": "extract.020",
    "Q11: the first of several complete values": "union.tools.012",
    "Q12: reasoning is no answer": "extract.030",
    "Q13: Python's words, where null or anything may be": "jsonish.039 jsonish.132 jsonish.134"
    " jsonish.in_class.002 optional.top.014 string.field.012",
    "Q14: map keys have types": "map.enum_alias_key.001 map.enum_alias_key.002 map.enum_alias_key.003"
    " map.enum_key.004 map.enum_key.008 map.literal_key.002",
    "Q16: a check has nothing to say about null": "constraint.optional.008",
    "Q17: constraints on a whole string": "constraint.top.006 constraint.top.007 constraint.top.010",
    "Q18: integers are exact": "int.top.030 int.top.031 int.top.032 int.top.037 int.top.038"
    " int.top.039 num.field.033",
    "Q19: what loses nothing comes first": "union.class_prim.004 union.list.024 union.list_of_union.003",
    "Q21: an object is not the text of a one-field class": "seq.single_field.004 string.single_field.003"
    " string.single_field.010 union.class.025 union.subsets.015",
    "Q22: a number keeps its spelling": "string.field.004",
    "Q23: the first of several lists": "extract.string_list.001 seq.list.003",
    "Q24: prose is no item": "stream.top.129",
    "Q25: an item has a key": "stream.top.131 stream.top.134",
    "Q26: what may become a keyword waits": "stream.top.141 stream.top.144",
    "Q27: a number waits for its end": "stream.top.098 stream.top.110 stream.top.143 stream.top.147",
    "Q28: an enum waits for its closing quote or the end": "stream.top.042 stream.top.043",
    "Q30: a list that is done at once is empty before": "stream.done_top.017 stream.done_top.019",
    "Q33: a union is shown once it is certain": "stream.top.125",
    "a text that is not begun may be another kind of value": "stream.top.060 stream.top.085 stream.top.137"
    " stream.top.142",
    "a map is never nothing": "stream.top.092",
    "a done string is final: a quote may be content": "stream.done_top.022",
    "a key after a comma and a blank ends a bare value": "jsonish.009",
}

REASONS = {case: reason for reason, cases in INTENDED.items() for case in cases.split()}

# What was shown of an open value is taken back when its end tells that it is none of its type.
TAKEN_BACK = {"seq.attr.038", "seq.attr.042", "seq.constraint.002", "seq.mix.003"}
