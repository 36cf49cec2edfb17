"""Every kind of message the compiler can give: slug, number, severity, title. No other module makes a `Code`.

The slug is what people and tests use. The number is kept for compatibility with BAML, whose own list gives
some numbers out twice; here each is unique, which is checked on import.
"""

from __future__ import annotations

from .diagnostic import Code, Severity

_ALL: list[Code] = []


def _error(slug: str, number: str, title: str) -> Code:
    return _add(Code(slug, number, "error", title))


def _warning(slug: str, number: str, title: str) -> Code:
    return _add(Code(slug, number, "warning", title))


def _lack(slug: str, number: str, title: str, severity: Severity = "error") -> Code:
    """Something is wrong because something is missing, which may stand in text that could not be read."""
    return _add(Code(slug, number, severity, title, follows_a_gap=True))


def _add(code: Code) -> Code:
    _ALL.append(code)
    return code


TYPE_MISMATCH = _error("type-mismatch", "E0001", "a value of one type where another is expected")
UNKNOWN_TYPE = _error("unknown-type", "E0002", "a type that nothing declares")
UNKNOWN_NAME = _error("unknown-name", "E0003", "a name that nothing declares")
INVALID_OPERATOR = _error("invalid-operator", "E0004", "an operator that its operands do not have")
ARGUMENT_COUNT = _error("argument-count", "E0005", "a call with too many or too few arguments")
NOT_CALLABLE = _error("not-callable", "E0006", "a call of something that is no function")
UNKNOWN_FIELD = _error("unknown-field", "E0007", "a field or method that the type does not have")
NOT_INDEXABLE = _error("not-indexable", "E0008", "an index on something that is neither list, map nor string")
UNEXPECTED_END = _error("unexpected-end", "E0009", "an item that stops in the middle")
SYNTAX = _error("syntax", "E0010", "text that does not fit the grammar")
DUPLICATE_NAME = _error("duplicate-name", "E0011", "a name declared twice")
DUPLICATE_FIELD = _error("duplicate-field", "E0012", "a field given twice")
DUPLICATE_VARIANT = _error("duplicate-variant", "E0013", "an enum value declared twice")
DUPLICATE_ATTRIBUTE = _error("duplicate-attribute", "E0014", "an attribute written twice")
UNKNOWN_ATTRIBUTE = _error("unknown-attribute", "E0015", "an attribute that does not exist")
MISPLACED_ATTRIBUTE = _error("misplaced-attribute", "E0016", "an attribute where it means nothing")
UNKNOWN_GENERATOR_PROPERTY = _error(
    "unknown-generator-property", "E0017", "a generator property that does not exist"
)
MISSING_GENERATOR_PROPERTY = _lack("missing-generator-property", "E0018", "a generator without what it needs")
GENERATOR_PROPERTY = _error("generator-property", "E0019", "a generator property with a value it cannot have")
RESERVED_NAME = _error("reserved-name", "E0020", "a name that is taken by the language or its hosts")
FIELD_LIKE_TYPE = _warning("field-like-type", "E0021", "a field with the name of its type")
CLIENT_RESPONSE_TYPE = _error("client-response-type", "E0022", "a kind of response that does not exist")
HTTP_BLOCK = _error("http-block", "E0023", "an `http` option that is no block")
UNKNOWN_HTTP_FIELD = _error("unknown-http-field", "E0024", "a setting that `http` does not have")
TIMEOUT_VALUE = _error("timeout-value", "E0025", "a timeout that is no number of milliseconds")
MISSING_PROVIDER = _lack("missing-provider", "E0026", "a client without a provider")
UNKNOWN_CLIENT_PROPERTY = _error("unknown-client-property", "E0027", "a client property that does not exist")
MISSING_VALUE = _lack("missing-value", "E0029", "a body that ends without the value it owes")
CONDITION_PARENTHESES = _error("condition-parentheses", "E0030", "a condition without parentheses")
UNCLOSED = _error("unclosed", "E0031", "a string, bracket or template that is never closed")
CONSTRAINT_SYNTAX = _error("constraint-syntax", "E0032", "a constraint whose expression cannot be parsed")
FLOAT_LITERAL_TYPE = _error("float-literal-type", "E0033", "a float used as a type")
UNKNOWN_TEST_PROPERTY = _error("unknown-test-property", "E0034", "a test property that does not exist")
MISSING_TEST_PROPERTY = _lack("missing-test-property", "E0035", "a test without what it needs")
TEST_PROPERTY = _error("test-property", "E0036", "a test property with a value it cannot have")
ATTRIBUTE_ARGUMENT = _error(
    "attribute-argument", "E0037", "attribute arguments that are missing or of the wrong kind"
)
UNEXPECTED_ARGUMENT = _error("unexpected-argument", "E0038", "arguments of an attribute that takes none")
MAP_ARITY = _error("map-arity", "E0039", "a map type without exactly a key and a value")
ROLES_OPTION = _error("roles-option", "E0044", "roles of a client that are malformed or contradict each other")
NON_EXHAUSTIVE_MATCH = _lack("non-exhaustive-match", "E0062", "a match that leaves cases out")
UNREACHABLE_ARM = _warning("unreachable-arm", "E0063", "a match arm that can never be chosen")
UNKNOWN_VARIANT = _error("unknown-variant", "E0064", "an enum value that the enum does not have")
MAP_KEY = _error("map-key", "E0067", "a map key that is no string, literal or enum")
ALIAS_CYCLE = _error("alias-cycle", "E0068", "aliases that stand for each other and nothing else")
CLASS_CYCLE = _error("class-cycle", "E0069", "classes that require each other for ever")
UNKNOWN_TEST_FUNCTION = _error("unknown-test-function", "E0088", "a test of a function that does not exist")
EMPTY_STRATEGY = _lack("empty-strategy", "E0090", "a composite client without members")
UNKNOWN_RETRY_POLICY = _error("unknown-retry-policy", "E0091", "a retry policy that nothing declares")
UNKNOWN_CLIENT = _error("unknown-client", "E0092", "a client that nothing declares")
CATCH_BINDING = _error("catch-binding", "E0093", "a catch pattern that says nothing of what it takes")
NON_EXHAUSTIVE_CATCH = _lack("non-exhaustive-catch", "E0094", "a catch_all that leaves thrown types out")
UNREACHABLE_CATCH_ARM = _lack(
    "unreachable-catch-arm", "E0095", "a catch arm for what is never thrown there", "warning"
)
UNDECLARED_THROW = _error("undeclared-throw", "E0096", "something thrown that `throws` does not name")
SUPERFLUOUS_THROWS = _lack("superfluous-throws", "E0097", "a `throws` that names what is never thrown", "warning")
RESERVED_PREFIX = _error("reserved-prefix", "E0100", "a name with a prefix that is kept for partial types")
UNKNOWN_PROVIDER = _error("unknown-provider", "E0102", "a provider that does not exist")
CLIENT_OPTION = _error("client-option", "E0101", "a client option that is missing or malformed")
LLM_BODY = _error("llm-body", "E0104", "an LLM function without exactly a client and a prompt")
LOOP_CONTROL = _lack("loop-control", "E0105", "break or continue outside of a loop")
NOT_ASSIGNABLE = _error("not-assignable", "E0106", "an assignment to something that cannot change")
CONSTRUCTOR_FIELDS = _error("constructor-fields", "E0107", "a constructor with missing or unknown fields")
TEMPLATE_SYNTAX = _error("template-syntax", "E0108", "a prompt template that cannot be parsed")
SYSOP_STUB = _error("sysop-stub", "E0109", "a native operation declared outside of the standard library")
NESTING_LIMIT = _error("nesting-limit", "E0111", "text nested deeper than the limit")
UNREAD_FILE = _error("unread-file", "E0112", "a file that is not UTF-8 text")
CLIENT_CYCLE = _error("client-cycle", "E0113", "composite clients that contain each other")
UNSUPPORTED = _error("unsupported", "E0114", "a form of the language that bamlet does not run")
RETRY_PROPERTY = _error("retry-property", "E0115", "a retry policy property that is missing or malformed")
PROMPT_NAME = _warning("prompt-name", "E0116", "a name in a prompt that nothing declares")
REPEATED_PROPERTY = _warning("repeated-property", "E0117", "a property given twice, of which the last counts")
IGNORED_OPTION = _warning("ignored-option", "E0118", "a setting that has no effect where it stands")
TEST_ARGUMENT = _warning("test-argument", "E0119", "arguments of a test that do not fit its functions")
SURPRISING_READING = _warning("surprising-reading", "E0125", "text that is read otherwise than it looks")
MISSPELT_OPTION = _warning("misspelt-option", "E0121", "a client option that is nearly called like another")
EMPTY_MODEL = _warning("empty-model", "E0122", "a shorthand for a client that names no model")
NOT_DYNAMIC = _error("not-dynamic", "E0120", "an extension of a type that is not marked @@dynamic")
UNTYPED_PARAMETER = _lack("untyped-parameter", "E0130", "a lambda's parameter whose type nothing tells")
EDITION_CONFLICT = _error("edition-conflict", "E0140", "two files of a project that name different editions")
NEVER_NULL = _warning("never-null", "E0141", "a test for null of what is never null")
NAMED_ARGUMENT = _error("named-argument", "E0142", "an argument whose name does not fit the parameters")
REFUTABLE_LET = _error("refutable-let", "E0143", "a `let` whose pattern does not fit every value")
LET_ELSE = _error("let-else", "E0145", "the `else` of a `let` that comes to its end")
IRREFUTABLE_PATTERN = _warning("irrefutable-pattern", "E0146", "a pattern that is tested and fits every value")
IS_BINDS = _error("is-binding", "E0147", "a pattern behind `is` that binds a name")
MISPLACED_TEST = _error("misplaced-test", "E0148", "a test inside of something that is no testset")
RESERVED_NAMESPACE = _error("reserved-namespace", "E0149", "a namespace with a name of the language")
TEMPLATE_HOLE = _error("template-hole", "E0151", "a hole in a text that is read as it stands")
DROPPED_FUTURE = _warning("dropped-future", "E0152", "a future that nothing keeps or awaits")
TEMPLATE_TAG = _error("template-tag", "E0154", "tags of a template that do not fit together")
CLIENT_EXPRESSION = _error("client-expression", "E0155", "a client whose value is more than settings")
COALESCE_ARITHMETIC = _warning("coalesce-arithmetic", "E0156", "an operator that takes the right side of `??`")
LEAVING_DEFER = _error("leaving-defer", "E0153", "a `return`, `break` or `continue` out of a `defer`")
FINALISER = _error("finaliser", "E0144", "a method `cleanup` that is no finaliser")
MISSING_METHOD = _lack("missing-method", "E0160", "an implementation that leaves out what its interface demands")
INTERFACE_METHOD = _error("interface-method", "E0161", "a method that is not the one that its interface demands")
NOT_AN_INTERFACE = _error("not-an-interface", "E0162", "an interface is expected, and something else is named")
DUPLICATE_IMPLEMENTATION = _error("duplicate-implementation", "E0163", "an interface that a type implements twice")
ORPHAN_IMPLEMENTS = _error(
    "orphan-implements", "E0164", "an implementation far from its interface and from its type"
)
INTERFACE_CYCLE = _error("interface-cycle", "E0165", "interfaces that require each other")
AMBIGUOUS_METHOD = _error("ambiguous-method", "E0166", "a method that two interfaces give to one class")
INTERFACE_IN_SCHEMA = _error("interface-in-schema", "E0167", "an interface in what a model is asked for")
CANNOT_INFER = _error("cannot-infer", "E0168", "a type argument that nothing tells")
TYPE_ARGUMENTS = _error("type-arguments", "E0169", "type arguments that do not fit the type parameters")
UNMET_BOUND = _error("unmet-bound", "E0170", "a type argument that lacks what its parameter demands")
RECURSIVE_GENERIC = _error("recursive-generic", "E0171", "a generic class that holds ever larger kinds of itself")
STREAM_ATTRIBUTE_IN_UNION = _warning(
    "stream-attribute-in-union", "E0172", "an attribute of streaming on one member of a union"
)
TOOL_TYPE = _error("tool-type", "E0173", "a tool that a model cannot call")
TOOL_WITHOUT_DOC = _warning("tool-without-doc", "E0174", "a tool of which nothing tells what it does")
OUTDATED_NAME = _warning("outdated-name", "E0175", "a name that the second edition calls otherwise")
BARE_BINDER = _warning("bare-binder", "E0176", "a pattern that takes everything, and may be meant as a type")
EDITION_MEANING = _warning("edition-meaning", "E0177", "a name that another file gave its second meaning")
SHADOWED_NAMESPACE = _warning("shadowed-namespace", "E0178", "a variable that hides a namespace of the library")
NO_ASSERTION = _warning("no-assertion", "E0179", "a test without anything in it")
CLIENT_PRICE = _error("client-price", "E0180", "a price of a client that is no number of dollars")
CLIENT_RATE = _error("client-rate", "E0181", "a rate of a client that is no number a minute")
NAMESPACE_SHADOW = _warning("namespace-shadow", "E0099", "a namespace with the name of an item beside it")
REVEALED = _warning("revealed", "E0199", "the type of an expression, asked for with `reveal`")

CODES: dict[str, Code] = {code.slug: code for code in _ALL}

assert len(CODES) == len(_ALL) == len({code.number for code in _ALL}), "a slug or number is given out twice"
