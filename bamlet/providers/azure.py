"""Azure's OpenAI deployments: chat completions under another URL, with another key header and a default limit."""

from __future__ import annotations

from urllib.parse import urlencode

from ..options.providers import PROVIDERS
from ..records import replace
from ..wire.message import Request
from .client import ClientConfigError, ClientOptions, ClientSpec, read_options
from .request import path_segment

DEFAULT_MAX_TOKENS = 4096

SCOPE = "https://cognitiveservices.azure.com/.default"
AUTHORITY = "https://login.microsoftonline.com"

_ENTRA = ("tenant_id", "client_id", "client_secret")


def read_client(spec: ClientSpec) -> ClientOptions:
    """The options of a client, its deployment made into a `base_url`. Raises `ClientConfigError`."""
    client = read_options(replace(spec, provider="azure-openai"), PROVIDERS["azure-openai"])
    query = dict(client.query_params)
    if token_request(client) is not None:
        client = replace(client, key_variable=None, needs_key=False)
    if version := client.own["api_version"]:
        query = {"api-version": version, **query}
    return replace(client, base_url=_base_url(client), query_params=query, body=_limited(client.body))


def token_request(client: ClientOptions) -> Request | None:
    """Asks Entra for a token, if the client has an identity there and no key. Raises `ClientConfigError`."""
    given = {name: client.own[name] for name in _ENTRA if client.own[name]}
    if client.api_key or not given:
        return None
    if len(given) < len(_ENTRA):
        lacking = ", ".join(name for name in _ENTRA if name not in given)
        raise ClientConfigError(f"client `{client.name}`: beside {', '.join(given)} it needs {lacking}")
    form = {"grant_type": "client_credentials", "scope": SCOPE, **given}
    tenant = path_segment(form.pop("tenant_id"))
    authority = (client.own["authority_host"] or AUTHORITY).rstrip("/")
    headers = (("content-type", "application/x-www-form-urlencoded"),)
    return Request("POST", f"{authority}/{tenant}/oauth2/v2.0/token", headers, urlencode(form).encode())


def _base_url(client: ClientOptions) -> str:
    resource, deployment = client.own["resource_name"], client.own["deployment_id"]
    if client.base_url:
        if resource or deployment:
            raise ClientConfigError(
                f"client `{client.name}`: base_url stands instead of resource_name and deployment_id; keep one"
            )
        return client.base_url
    if not (resource and deployment):
        raise ClientConfigError(
            f"client `{client.name}`: the provider azure-openai needs a resource_name and a deployment_id,"
            " or a base_url"
        )
    deployed = f"/openai/deployments/{path_segment(deployment)}"
    return f"https://{path_segment(resource)}.openai.azure.com{deployed}"


def _limited(body: object) -> dict[str, object]:
    """Old deployments answer with very little unless they are told a limit; null takes it away."""
    assert isinstance(body, dict)
    if "max_tokens" in body:
        return {name: value for name, value in body.items() if (name, value) != ("max_tokens", None)}
    return body if "max_completion_tokens" in body else {**body, "max_tokens": DEFAULT_MAX_TOKENS}
