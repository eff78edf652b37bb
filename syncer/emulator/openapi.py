"""The OpenAPI 3.1 document, made from the table of routes and the models it names."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from pydantic.json_schema import models_json_schema

from syncer.emulator.idempotency import KEY_PATTERN
from syncer.emulator.models import ErrorEnvelope
from syncer.emulator.options import SCOPES
from syncer.emulator.routing import Route

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pydantic import BaseModel

    from syncer.emulator.routing import AnyRoute, PlainRoute

_REFERENCE = "#/components/schemas/{model}"
_CORRELATION = {
    "x-correlation-id": {"description": "Ask support with this.", "schema": {"type": "string", "format": "uuid"}}
}
_ERRORS = {
    "400": "The request is malformed, incomplete or contradictory",
    "401": "No token, or one that is not accepted",
    "403": "The token lacks a scope",
    "404": "No such job, list, audience or object",
    "409": "The job's state does not allow this now",
    "413": "The body is over 10 MB",
    "422": "A destination field does not exist",
    "429": "Over the rate limit; wait for Retry-After",
    "500": "The emulator has a defect, or a fault was scripted",
}
_WITHOUT_BODY = frozenset({"413", "422"})


def openapi_document(routes: Iterable[AnyRoute], version: str) -> dict[str, Any]:
    """The document as JSON-ready data."""
    routes = [route for route in routes if isinstance(route, Route) or route.documented]
    api_routes = [route for route in routes if isinstance(route, Route)]
    requests = {(route.request, "validation") for route in api_routes if route.request}
    answers = {(route.response, "serialization") for route in api_routes} | {(ErrorEnvelope, "serialization")}
    models = sorted(requests | answers, key=lambda each: each[0].__name__)
    references, definitions = models_json_schema(models, ref_template=_REFERENCE)  # type: ignore[arg-type]  # modes are literals
    paths: dict[str, dict[str, Any]] = {}
    for route in routes:
        operation = _operation(route, references) if isinstance(route, Route) else _plain_operation(route)
        paths.setdefault(route.path, {})[route.method.lower()] = operation
    return {
        "openapi": "3.1.0",
        "info": {"title": "Import Jobs API, as the syncer emulator speaks it", "version": version},
        "paths": paths,
        "components": {"schemas": definitions["$defs"], "securitySchemes": _security_schemes()},
    }


def _operation(route: Route, references: dict[Any, Any]) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "operationId": route.handler.__module__.rpartition(".")[2] + "_" + route.handler.__name__,
        "summary": route.summary,
        "tags": [route.endpoint_class.partition(":")[0]],
        "security": [{"bearer": []}, {"clientCredentials": [route.scope]}],
        "parameters": [*_path_parameters(route.path), *_query_parameters(route.query), *_headers(route)],
        "responses": {"200": _success(references[route.response, "serialization"])},
    }
    for status, meaning in _ERRORS.items():
        if route.request is not None or status not in _WITHOUT_BODY:
            operation["responses"][status] = _failure(meaning, references[ErrorEnvelope, "serialization"])
    if route.request is not None:
        content = {"application/json": {"schema": references[route.request, "validation"]}}
        operation["requestBody"] = {"required": True, "content": content}
    return operation


def _plain_operation(route: PlainRoute) -> dict[str, Any]:
    """A route outside the envelope: the table has what is special about it."""
    own = dict(route.operation)
    return {
        "operationId": route.handler.__name__,
        "summary": route.summary,
        "security": [],
        "parameters": [*_path_parameters(route.path), *own.pop("parameters", [])],
        "responses": {"200": {"description": "Done", "headers": _CORRELATION}, "default": {"description": "Refused"}},
        **own,
    }


def _path_parameters(path: str) -> list[dict[str, Any]]:
    return [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
        for name in re.findall(r"\{(\w+)\}", path)
    ]


def _query_parameters(query: type[BaseModel] | None) -> list[dict[str, Any]]:
    if query is None:
        return []
    properties = query.model_json_schema()["properties"]
    return [{"name": name, "in": "query", "schema": schema} for name, schema in properties.items()]


def _headers(route: Route) -> list[dict[str, Any]]:
    if not route.idempotent:
        return []
    return [
        {
            "name": "Idempotency-Key",
            "in": "header",
            "schema": {"type": "string", "format": "uuid", "pattern": f"^{KEY_PATTERN}$"},
        }
    ]


def _success(data: dict[str, Any]) -> dict[str, Any]:
    schema = {
        "type": "object",
        "required": ["success", "data", "correlationId"],
        "properties": {
            "success": {"const": True},
            "data": data,
            "correlationId": {"type": "string", "format": "uuid"},
        },
    }
    return {"description": "Done", "headers": _CORRELATION, "content": {"application/json": {"schema": schema}}}


def _failure(meaning: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"description": meaning, "headers": _CORRELATION, "content": {"application/json": {"schema": schema}}}


def _security_schemes() -> dict[str, Any]:
    flow = {"tokenUrl": "/oauth/token", "scopes": dict.fromkeys(SCOPES, "")}
    return {
        "bearer": {"type": "http", "scheme": "bearer"},
        "clientCredentials": {"type": "oauth2", "flows": {"clientCredentials": flow}},
    }
