"""The formatter: what it makes of each form, where every comment stays, and what it refuses."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import pytest

from bamlet.grammar import Parser
from bamlet.grammar.format import FormatError, FormatterBug, format_source
from bamlet.source import SourceFile

ROOT = Path(__file__).parent.parent.parent
FILES = sorted(path for folder in ("bamlet", "examples", "tests") for path in (ROOT / folder).rglob("*.baml"))
PARSER = Parser()


def block(text: str) -> str:
    return dedent(text).lstrip("\n")


def meaning(text: str) -> list[object]:
    parsed = PARSER.parse(SourceFile("text.baml", text))
    assert parsed.diagnostics == ()
    return [item.node for item in parsed.items]


def check(before: str, after: str) -> None:
    written = format_source(before)
    assert written == after
    assert format_source(written) == written
    assert meaning(written) == meaning(before)


def in_function(statements: str) -> str:
    return "function f() -> int {\n" + statements.strip("\n") + "\n}\n"


def check_body(before: str, after: str) -> None:
    lines = dedent(after).strip("\n").split("\n")
    check(in_function(before), in_function("\n".join("  " + line if line else "" for line in lines)))


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_files_keep_their_meaning_and_settle_at_once(path: Path) -> None:
    text = path.read_text("utf-8")
    written = format_source(text, str(path))
    assert meaning(written) == meaning(text)
    assert format_source(written) == written


# --- items


def test_class_members_take_a_line_each_without_colons_and_commas() -> None:
    check(
        """class A{ id:string  @alias("x")   @check(ok,{{ this }}), b int? c "x"|"y"
          function size( self )->int{self.n} @@dynamic }""",
        block(
            """
            class A {
              id string @alias("x") @check(ok, {{ this }})
              b int?
              c "x" | "y"
              function size(self) -> int { self.n }
              @@dynamic
            }
            """
        ),
    )


def test_enum_values_take_a_line_each() -> None:
    check("enum E { A, B @skip C }", "enum E {\n  A\n  B @skip\n  C\n}\n")


def test_empty_bodies() -> None:
    check("class A {\n\n}\nenum B{}", "class A {}\nenum B {}\n")


def test_items_of_one_line_may_stand_together_and_others_stand_apart() -> None:
    check(
        "type A=int\ntype B = string ;\n\n\n\ntype C = A\nclass D { x int }\ntype E = D",
        "type A = int\ntype B = string\n\ntype C = A\n\nclass D {\n  x int\n}\n\ntype E = D\n",
    )


def test_at_most_one_blank_line_is_kept_between_members() -> None:
    check("class A {\n\n  x int\n\n\n\n  y int\n\n}", "class A {\n  x int\n\n  y int\n}\n")


def test_long_parameters_break_one_to_a_line() -> None:
    name = "a_parameter_with_a_long_name"
    check(
        f"function f({name}_1: string, {name}_2: string, {name}_3 int) -> int throws A | B {{ 1 }}",
        f"function f(\n  {name}_1: string,\n  {name}_2: string,\n  {name}_3: int\n) -> int throws A | B {{ 1 }}\n",
    )


def test_native_operation_breaks_before_throws() -> None:
    long = "baml.errors.ATypeWithARatherLongName"
    check(
        f"function f(a: string) -> string throws {long} | {long} {{ $sysop }}",
        f"function f(a: string) -> string\n  throws {long} | {long} {{ $sysop }}\n",
    )


def test_union_that_is_too_long_breaks_before_each_member() -> None:
    one, two = "A" * 50, "B" * 50
    check(f"type T = {one} | {two}|C", f"type T = {one}\n  | {two}\n  | C\n")


def test_attributes_under_their_field_stay_there() -> None:
    check(
        'class A {\n x int\n  @alias("y") @check(c,\n {{ this }})\n}',
        'class A {\n  x int\n    @alias("y")\n    @check(c, {{ this }})\n}\n',
    )


def test_tuple_of_one_keeps_its_comma() -> None:
    check("type T = (A,)|(A)|(A,B,)|()->A", "type T = (A,) | (A) | (A, B) | () -> A\n")


def test_configuration() -> None:
    check(
        """client<llm> C { provider:openai
 options { model: gpt-4o, headers {"a" "b",c d}, roles ["x" "y"
   ] base_url https://h/a//b // note
   key : :odd
 empty {} none [] } }""",
        block(
            """
            client<llm> C {
              provider openai
              options {
                model gpt-4o
                headers { "a" "b", c d }
                roles ["x", "y"]
                base_url https://h/a//b // note
                key: :odd
                empty {}
                none []
              }
            }
            """
        ),
    )


def test_calls_of_template_strings_in_arguments() -> None:
    check(
        'test T{functions [F] args{a:  Hello( "x",[1,2] ,), b Bye( \n"a",G(1)), c [Hello()]}}',
        block(
            """
            test T {
              functions [F]
              args {
                a Hello("x", [1, 2])
                b Bye(
                  "a",
                  G(1)
                )
                c [Hello()]
              }
            }
            """
        ),
    )


def test_llm_function_keeps_its_prompt_byte_for_byte() -> None:
    prompt = '#"\n   {{ _.role("user") }}\t \n\n      {% if x %} // no comment   \n "#'
    check(
        f'function F(x:string)->A{{ prompt:{prompt}, client: "openai/gpt-4o" }}',
        f'function F(x: string) -> A {{\n  prompt {prompt}\n  client "openai/gpt-4o"\n}}\n',
    )


def test_test_with_type_builder() -> None:
    check(
        "test T(){functions [F,G] type_builder{class X{k string} dynamic enum E{A}\n\ntype I=int[];} "
        'args{a "b"}@@assert({{x}})}',
        block(
            """
            test T {
              functions [F, G]
              type_builder {
                class X {
                  k string
                }
                dynamic enum E {
                  A
                }

                type I = int[]
              }
              args { a "b" }
              @@assert({{x}})
            }
            """
        ),
    )


def test_template_string_loses_its_equal_sign() -> None:
    check('template_string  T( a:int )= ##"x"##', 'template_string T(a: int) ##"x"##\n')


# --- statements


def test_statements_end_in_semicolons_and_tails_keep_what_they_have() -> None:
    check_body(
        "let x:int=1 x=2 x+=3 assert x f() ;; if(x){1} while(x){} return x",
        """
        let x: int = 1;
        x = 2;
        x += 3;
        assert x;
        f();
        if (x) { 1 }
        while (x) {}
        return x
        """,
    )


def test_semicolon_comes_between_a_block_and_what_would_go_on_with_it() -> None:
    check_body(
        "if (a) {b}\n(x);\nif (a) {b}\n[x];\nif (a) {b};\n-x; {y;} z",
        """
        if (a) { b };
        (x);
        if (a) { b };
        [x];
        if (a) { b };
        -x;
        { y; }
        z
        """,
    )


def test_semicolon_that_decides_how_braces_are_read_stays() -> None:
    check_body("; client \n; let x = { ; }; f() {}\n x", ";\nclient;\nlet x = { ; };\nf()\n{}\nx")


def test_blocks_stay_on_one_line_if_they_were_and_fit() -> None:
    check_body(
        "if(a){return 1;}else{ g(); 2 }\nif (a) {\nb } else { c }\n for(let i=0;i<n;i+=1){f(i);}",
        """
        if (a) { return 1; } else { g(); 2 }
        if (a) {
          b
        } else {
          c
        }
        for (let i = 0; i < n; i += 1) { f(i); }
        """,
    )


def test_match_and_catch_arms() -> None:
    check_body(
        "let a = match(x:T){1|2=>f(), -1 if y=>{ 2 } r:A|B=>\n{ 3 }, _=>throw x }\n"
        "f() catch(e){A=>1}catch_all{_=>{return 2;}}",
        """
        let a = match (x: T) {
          1 | 2 => f(),
          -1 if y => { 2 }
          r: A | B => { 3 }
          _ => throw x,
        };
        f() catch (e) { A => 1 } catch_all { _ => { return 2; } }
        """,
    )


# --- expressions


def test_operators() -> None:
    check_body(
        "a+ -b*- -c- --d && !!e||f >> g< h instanceof A", "a + -b * - -c - --d && !!e || f >> g < h instanceof A"
    )


def test_long_operands_break_before_each_operator() -> None:
    long = "x" * 40
    check_body(f"let a = {long}+{long} *{long};", f"let a = {long}\n  + {long}\n  * {long};")


def test_long_condition_breaks_inside_its_parentheses() -> None:
    long = "x" * 60
    check_body(
        f"if ({long} && {long}) {{ 1 }}",
        f"if (\n  {long}\n    && {long}\n) {{\n  1\n}}",
    )


def test_constructors_maps_and_lists() -> None:
    check_body(
        'let a=P{x:1 ...q y:[1,2 3,]};let b={"k":1,j:2,};let c={\n"k":1}; let d = []; E{}',
        """
        let a = P { x: 1, ...q, y: [1, 2, 3] };
        let b = { "k": 1, j: 2 };
        let c = {
          "k": 1,
        };
        let d = [];
        E {}
        """,
    )


def test_lone_argument_in_brackets_hugs_its_call() -> None:
    long = '"' + "x" * 50 + '"'
    check_body(f"f(P {{ a: {long}, b: {long} }})", f"f(P {{\n  a: {long},\n  b: {long},\n}})")
    check(in_function('f(\n#"\n a"#)'), in_function('  f(#"\n a"#)'))


def test_chain_breaks_before_each_method() -> None:
    long = '"' + "x" * 50 + '"'
    check_body(f"a.f({long}).g({long}).h()", f"a.f({long})\n  .g({long})\n  .h()")
    check_body("a.f()\n.g().h", "a.f()\n  .g()\n  .h")


def test_generic_call_of_many_types() -> None:
    types = ",".join(f"Type{number}WithAName" for number in range(20))
    shown = ",\n    ".join(types.split(","))
    check_body(f"f<{types}>(x)", f"f<\n  {shown.replace('    ', '  ')}\n>(x)")


def test_strings_keep_their_text() -> None:
    check_body(r'"\q\u{1f600}\n\x41"', r'"\q\u{1f600}\n\x41"')
    check(in_function('f("one\n   two ")'), in_function('  f("one\n   two ")'))


# --- comments


def test_comments_of_declarations_stay_in_place() -> None:
    text = block(
        """
        // head

        /// Doc.
        class A { // brace
          /// doc of x
          x int // trailing

          // own
          y string /* inline */ @alias("z") // last
          /* before */ z (A | /* in */ B)[]
          // end
        }

        // before E
        enum E {
          // only
        } // at E
        // end of file
        """
    )
    check(text, text)


def test_comments_of_statements_stay_in_place() -> None:
    text = block(
        """
        function f(
          // first
          a: int, // of a
          /* of b */ b: int // last
        ) -> int { // body
          // before let
          let x = /* value */ 1; // after let

          if (x) { // then
            1
          }
          // before else
          else {
            2 /* two */
          } // after if
          let l = [
            1, // one
            // two
            2,
            // end
          ];
          let s = a // a
            + b; // b
          match (x) {
            // arm
            1 => 2, // two
            _ => { 3 } // three
          }
          // tail
        }
        """
    )
    check(text, text)


def test_comments_of_configuration_stay_in_place() -> None:
    text = block(
        """
        client<llm> C { // brace
          // provider
          provider openai // after
          /* before */ retry_policy R
          options {
            url http://h/a {// old //}
            list [
              a, // a
              // end
            ]
          }
          {// old //}
        }
        """
    )
    check(text, text)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("class A { x int // c\n, y int }", "class A {\n  x int // c\n  y int\n}\n"),
        ("class A { x int /// c\n, y int }", "class A {\n  x int /// c\n  ,\n  y int\n}\n"),
        ("type A = int // c\n;", "type A = int // c\n;\n"),
        ("type A = int\n; /// c\nclass B {}", "type A = int /// c\nclass B {}\n"),
        ("let A = 1 /* c */;", "let A = 1 /* c */;\n"),
        ("enum E { A @alias(a\n// c\n) }", "enum E {\n  A\n    @alias(\n      a,\n      // c\n    )\n}\n"),
        ("test T(/* c */) {}", "test T /* c */ {}\n"),
        ("//// ruler\nclass A {}", "//// ruler\nclass A {}\n"),
    ],
)
def test_comments_at_what_is_left_out(before: str, after: str) -> None:
    check(before, after)


def test_doc_of_a_ruler_is_none() -> None:
    [item] = PARSER.parse(SourceFile("a.baml", "//// ruler\nclass A {}")).items
    assert item.node.doc is None


# --- the file


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", ""),
        ("\ufeff \n\t\n", ""),
        ("\n\n// only\n\n\n", "// only\n"),
        ("\ufefftype A = int", "type A = int\n"),
        ("class A {\r\n x int // c\r\n}\r\n", "class A {\r\n  x int // c\r\n}\r\n"),
        ("class A {\r\n x int\r\n y int\n}\n", "class A {\n  x int\n  y int\n}\n"),
        ('let A = #"\r\n x\r\n"#\n', 'let A = #"\r\n x\r\n"#;\n'),
    ],
)
def test_ends_of_lines_and_files(before: str, after: str) -> None:
    check(before, after)


def test_broken_item_leaves_the_whole_file_alone() -> None:
    with pytest.raises(FormatError) as raised:
        format_source("class  A { x   int }\nclass B { x }\ntype C = \n", "main.baml")
    assert [d.span.file.name for d in raised.value.diagnostics] == ["main.baml"] * len(raised.value.diagnostics)
    assert len(raised.value.diagnostics) >= 2


def test_nesting_that_is_too_deep_is_told_and_not_tried() -> None:
    with pytest.raises(FormatError):
        format_source("let A = " + "(" * 5000 + "1" + ")" * 5000)


def test_wrong_output_is_a_bug_and_is_not_returned(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bamlet.grammar.format._lay_out", lambda file, eol: "type A = string\n")
    with pytest.raises(FormatterBug):
        format_source("type A = int")
    with pytest.raises(FormatterBug):
        format_source("type A = string // lost")
