"""The operations behind `baml.llm` that render prompts and build requests, and the types that functions return."""

from __future__ import annotations

import json
from collections.abc import Mapping
from itertools import islice
from typing import Any

from ..diagnostics import misspelling_of
from ..interpreter.runtime.calling import with_holes
from ..interpreter.runtime.conforms import is_of_type
from ..interpreter.runtime.values import Opaque
from ..jinja import TemplateError
from ..options.clients import of_provider
from ..prompt import Message, Prompt, StructuredAnswer, answer_schema, render_prompt
from ..providers import (
    ClientConfigError,
    ClientOptions,
    WrongAddress,
    mode_of,
)
from ..types.schema import Schemas
from ..types.show import show
from ..types.ty import STRING, Ty, bare
from ..wire.message import Request
from ..wire.redact import holds_secret
from .asked import AnswerNote, AskedFor
from .asserted import broken_assertion
from .clients import Primitive, limits_ms, primitive_of
from .exchange import keyless, status_fields
from .host import Context
from .registry import Failure, sysop
from .template_values import template_strings, template_value

# --- functions and their types


@sysop("baml.llm.get_return_type", throws=("InvalidArgument",))
def get_return_type(context: Context, function_name: str) -> Opaque:
    function = context.program.functions.get(function_name)
    if function is None:
        raise Failure("InvalidArgument", f"there is no function `{function_name}`")
    return Opaque("baml.llm.OutputType", function.result)


@sysop("baml.llm.OutputType.name")
def output_type_name(context: Context, output: Opaque) -> str:
    return show(output.payload)


@sysop("baml.llm.OutputType.accepts")
def output_type_accepts(context: Context, output: Opaque, value: Any) -> bool:
    return is_of_type(value, output.payload, context.program.schemas, context.rounds)


# --- prompts and requests


@sysop("baml.llm.PrimitiveClient.name")
def client_name(context: Context, client: Opaque) -> str:
    return primitive_of(client).options.name


@sysop("baml.llm.PrimitiveClient.supports_streaming")
def supports_streaming(context: Context, client: Opaque) -> bool:
    return primitive_of(client).options.supports_streaming


@sysop("baml.llm.check_arguments", throws=("InvalidArgument",))
def check_arguments(context: Context, function_name: str, arguments: Mapping[str, Any]) -> None:
    params = context.program.functions[function_name].params
    problem = broken_assertion(
        ((param.name, param.ty, arguments[param.name]) for param in params if param.name in arguments),
        context.program.schemas,
    )
    if problem is not None:
        raise Failure("InvalidArgument", f"{function_name}: {problem}")


@sysop("baml.llm.PrimitiveClient.render_prompt", throws=("RenderPrompt", "InvalidArgument"))
def render(context: Context, client: Opaque, function_name: str, args: Mapping[str, Any]) -> Opaque:
    function = context.program.functions.get(function_name)
    if function is None or function.llm is None:
        raise Failure("InvalidArgument", f"there is no LLM function `{function_name}`")
    schemas = context.program.schemas
    # Here, and not where a call begins, it is seen by whatever asks a model in a way of its own.
    given = ((param.name, param.ty, args.get(param.name)) for param in function.params)
    problem = broken_assertion(given, schemas)
    if problem is not None:
        raise Failure("InvalidArgument", f"{function_name}: {problem}")
    context.host.asked = AskedFor(function_name, function.result, args)
    options = primitive_of(client).options
    try:
        answer = _structured_answer(options, function.result, schemas)
        prompt = render_prompt(
            function.llm.template,
            template_value(with_holes(context, function_name, args), schemas),
            output=function.result,
            schemas=schemas,
            client=primitive_of(client).info,
            tags=context.host.tags,
            templates=template_strings(context.program),
            look=lambda steps: next(islice(context.rounds, steps, None)),
        )
    except ClientConfigError as failure:
        raise Failure("InvalidArgument", str(failure)) from failure
    except TemplateError as failure:
        raise Failure("RenderPrompt", f"the prompt of `{function_name}`: {failure}") from failure
    made = context.host.asking.prompt = _asked_by(options, prompt, answer)
    return Opaque("baml.llm.Prompt", made)


def _asked_by(options: ClientOptions, prompt: Prompt, answer: StructuredAnswer | None) -> Prompt:
    if answer is None and None not in [message.role for message in prompt.messages]:
        return prompt
    return Prompt(tuple([_with_role(message, options.default_role) for message in prompt.messages]), answer)


def _with_role(message: Message, default: str) -> Message:
    if message.role is not None:
        return message
    # By hand: `replace` takes five times as long, and most prompts are one such message.
    return Message(default, message.parts, message.metadata, message.allow_duplicate_role)


def _structured_answer(options: ClientOptions, output: Ty, schemas: Schemas) -> StructuredAnswer | None:
    """A string is what a model says anyway; any other answer is asked for in the way of the client."""
    mode = mode_of(options)
    if mode == "prompt" or bare(output) == STRING:
        return None
    return StructuredAnswer(mode, answer_schema(output, schemas))


@sysop("baml.llm.Prompt.text")
def prompt_text(context: Context, prompt: Opaque) -> str:
    return str(prompt.payload)


@sysop("baml.llm.PrimitiveClient.build_request", throws=("InvalidArgument", "Io"))
def build_request(context: Context, client: Opaque, prompt: Opaque) -> Any:
    return _request(context, client, prompt, stream=False)


@sysop("baml.llm.PrimitiveClient.build_request_stream", throws=("InvalidArgument", "Io"))
def build_request_stream(context: Context, client: Opaque, prompt: Opaque) -> Any:
    return _request(context, client, prompt, stream=True)


def _request(context: Context, client: Opaque, prompt: Opaque, *, stream: bool) -> Any:
    primitive = primitive_of(client)
    try:
        request = primitive.dialect.build_request(primitive.options, prompt.payload, stream=stream)
    except WrongAddress as failure:
        raise Failure("Io", str(failure), connected=False) from failure
    except ClientConfigError as failure:
        raise Failure("InvalidArgument", str(failure)) from failure
    body = request.body.decode()
    _refuse_secrets(context, primitive.options, body)
    made = _language_request(context, request, body, primitive)
    if (asked := context.host.asked) is not None:
        context.host.noted = made.body, _note(context, primitive, asked, stream, len(made.body))
    return made


def _note(context: Context, primitive: Primitive, asked: AskedFor, stream: bool, size: int) -> AnswerNote:
    options = primitive.options
    return AnswerNote(
        asked,
        context.program.schemas,
        context.space,
        options,
        options.client_response_type or primitive.dialect.response_type,
        mode_of(options),
        stream,
        size,
        context.host.services.clock.sleep,
    )


def _refuse_secrets(context: Context, options: ClientOptions, body: str) -> None:
    """A key in a body is a mistake, of an option's name mostly: providers would log it, and `render` print it."""
    variables = context.host.secret_variables
    if not variables or options.secrets_in_body or not any(holds_secret(body, value) for value in variables):
        return
    for value, variable in variables.items():
        if not holds_secret(body, value):
            continue
        sent = (name for name, given in options.body.items() if holds_secret(json.dumps(given), value))
        option = next(sent, None)
        if option is None:
            what = f"the body of the request holds the secret env.{variable}"
        else:
            near = misspelling_of(option, of_provider(options.provider))
            what = f"the option `{option}` would send the secret env.{variable} in the body of the request"
            what += f"; did you mean `{near}`?" if near else ""
        raise Failure(
            "InvalidArgument",
            f"client `{options.name}`: {what} (secrets_in_body true allows it, where it is meant)",
        )


def _language_request(context: Context, request: Request, body: str, primitive: Primitive) -> Any:
    given = context.host.limits
    timeouts = limits_ms(primitive.options.timeouts, given) if given else primitive.limits_ms
    fields = {
        "method": request.method,
        "url": request.url,
        "headers": dict(request.headers),
        "body": body,
        "timeouts": context.space.instance("baml.http.Timeouts", timeouts),
        "client_name": primitive.options.name,
    }
    return context.space.instance("baml.http.Request", fields)


@sysop("baml.llm.PrimitiveClient.http_error")
def http_error(context: Context, client: Opaque, response: Any) -> Any:
    # The body has lost its secrets on its way here, or was made by the program.
    headers = tuple(response.headers.items())
    primitive = primitive_of(client)
    options = primitive.options
    fields = status_fields(response.status_code, headers, response.body, options.name)
    # An identity, of Azure's too, leaves no variable that a key could come from.
    is_lent = primitive.dialect.authorization is not None and options.key_variable is None
    if not (options.api_key or is_lent):
        fields["message"] += keyless(response.status_code, options, options.headers)
    return context.space.instance("baml.errors.HttpStatus", fields)
