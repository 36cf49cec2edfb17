"""The functions of a program as constants of Rust, each with `call`, `stream` and what else one does with it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ...client.shapes import Choice, Leaf, Listed, Maybe, Shape, Shapes
from ...interpreter.facts.interface import FunctionInfo, Interface, Param
from ...types.ty import AnnotatedTy, Ty
from .annotations import Annotations
from .names import functions as function_names
from .names import members
from .texts import comment, literal

_HEAD = """\
use super::json::ToJson;

macro_rules! functions {{
    ($($name:ident),*) => {{
        $(impl $name {{
            fn with(&self, change: impl FnOnce(&mut super::runtime::Options)) -> Self {{
                let mut changed = self.clone();
                change(&mut changed.options);
                changed
            }}

            pub fn with_cancellation_token(&self, token: Option<super::runtime::CancellationToken>) -> Self {{
                self.with(|options| options.token = token)
            }}

            /// One that the program declares.
            pub fn with_client(&self, client: &str) -> Self {{
                self.with(|options| options.given.push(("client", client.to_json())))
            }}

            pub fn with_tags(&self, tags: &std::collections::HashMap<String, String>) -> Self {{
                self.with(|options| options.given.push(("tags", tags.to_json())))
            }}

            /// Seconds, by their names.
            pub fn with_timeouts(&self, timeouts: &std::collections::HashMap<String, f64>) -> Self {{
                self.with(|options| options.given.push(("timeouts", timeouts.to_json())))
            }}

            pub fn with_strict(&self, strict: bool) -> Self {{
                self.with(|options| options.given.push(("strict", strict.to_json())))
            }}

            /// Another server than that of BAMLET_URL.
            pub fn with_base_url(&self, url: &str) -> Self {{
                self.with(|options| options.base_url = Some(url.to_owned()))
            }}

            /// In place of BAMLET_TOKEN.
            pub fn with_auth_token(&self, token: &str) -> Self {{
                self.with(|options| options.auth_token = Some(token.to_owned()))
            }}

            /// The same request with the same key is the same run.
            pub fn with_idempotency_key(&self, key: &str) -> Self {{
                self.with(|options| options.idempotency_key = Some(key.to_owned()))
            }}
        }})*

        /// The functions of the program.
        #[derive(Debug, Clone)]
        pub struct Client {{
            $(pub $name: $name,)*
        }}

        pub const B: Client = Client {{ $($name: $name {{ options: super::runtime::Options::NONE }},)* }};
    }};
}}

functions!({names});
"""
_FUNCTION = """
{about}#[derive(Debug, Clone)]
pub struct {name} {{
    options: super::runtime::Options,
}}

impl {name} {{
    pub fn call(&self{params}) -> Result<{final}, super::runtime::BamlError> {{
        self.options.call({text}, {given})
    }}

    pub fn stream(&self{params}) -> Result<super::stream::Stream<{partial}, {final}>, super::runtime::BamlError> {{
        Ok(super::stream::Stream::new(&self.options, {text}, {given}))
    }}

    /// The stream of a run that goes on, or has ended a short while ago.
    pub fn resume(&self, run_id: &str) -> super::stream::Stream<{partial}, {final}> {{
        super::stream::Stream::resume(&self.options, run_id)
    }}
{parsers}}}
"""
_PARSERS = """
    /// An answer of a model that you have.
    pub fn parse(&self, text: &str) -> Result<{final}, super::runtime::BamlError> {{
        self.options.parse({text}, text, false)
    }}

    /// An answer of a model that is on its way.
    pub fn parse_stream(&self, text: &str) -> Result<{partial}, super::runtime::BamlError> {{
        self.options.parse({text}, text, true)
    }}
"""
_BY_VALUE = frozenset(("i64", "f64", "bool", "()"))


def client_file(interface: Interface, functions: Sequence[FunctionInfo]) -> str:
    writer = _Methods(interface, functions)
    return _HEAD.format(names=", ".join(writer.names.values())) + "".join(map(writer.function, functions))


class _Methods:
    def __init__(self, interface: Interface, functions: Sequence[FunctionInfo]) -> None:
        self._shapes = Shapes(interface.schemas)
        self._annotations = Annotations(interface, None)
        self.names = function_names(function.name for function in functions)

    def function(self, function: FunctionInfo) -> str:
        told = {
            "final": _bare(self._annotations.write(self._shapes.final(function.result))),
            "partial": _bare(self._annotations.write(self._shapes.partial(function.result))),
            "text": literal(function.name),
        }
        params = members((param.name for param in function.params), "self")
        return _FUNCTION.format(
            about=comment(function.doc),
            name=self.names[function.name],
            params="".join(f", {params[param.name]}: {self._type(param)}" for param in function.params),
            given=self._given(function, params),
            parsers=_PARSERS.format(**told) if function.llm is not None else "",
            **told,
        )

    def _given(self, function: FunctionInfo, params: Mapping[str, str]) -> str:
        rows = ", ".join(f"({literal(name)}, {made}.to_json())" for name, made in params.items())
        return f"vec![{rows}]" if rows else "Vec::new()"

    def _type(self, param: Param) -> str:
        """What may be left out is `None` then."""
        shape = self._shapes.final(_sent(param.ty))
        inner = shape.inner if isinstance(shape, Maybe) else shape
        lent = self._lent(inner)
        return f"Option<{lent}>" if isinstance(shape, Maybe) or param.has_default else lent

    def _lent(self, shape: Shape) -> str:
        made = _bare(self._annotations.write(shape))
        if made in _BY_VALUE:
            return made
        if isinstance(shape, Leaf | Choice) and made == "String":
            return "&str"
        return f"&[{made.removeprefix('Vec<')[:-1]}]" if isinstance(shape, Listed) else f"&{made}"


def _bare(made: str) -> str:
    """A value that stands alone needs no box."""
    return made[4:-1] if made.startswith("Box<") else made


def _sent(ty: Ty) -> Ty:
    """Checks of a parameter are looked at, and not sent."""
    return ty.inner if isinstance(ty, AnnotatedTy) else ty
