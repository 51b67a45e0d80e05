"""The OpenAPI document, made of the sections: https://spec.openapis.org/oas/v3.1.1.html."""

import json
from collections.abc import Iterable
from importlib.metadata import version
from typing import Any

from ennio.supervisor import Timeouts

from . import parameters
from .examples import SESSION
from .introduction import INTRODUCTION
from .operation import (
    JSON,
    Answer,
    Content,
    Data,
    Header,
    Operation,
    Parameter,
    Plain,
    Schema,
    Section,
    Stream,
    Told,
)
from .refusals import HEADERS, NAMES, NO_METHOD, refusals
from .schemas import Schemas, ref

_TOKEN = "token"
_ERROR: Schema = {
    "type": "object",
    "description": "What every error is told by. Tell errors apart by the status.",
    "required": ["error", "code"],
    "properties": {
        "error": {"type": "string", "description": "what happened and what can be done about it, for people"},
        "code": {"type": "integer", "minimum": 400, "maximum": 599, "description": "the HTTP status"},
    },
    "examples": [
        {"error": f"there is no session {SESSION}; the list of all has those that there are", "code": 404}
    ],
}


def document(sections: Iterable[Section], limits: Timeouts) -> dict[str, Any]:
    """Return the description of a server with these time limits, as plain JSON."""
    sections, schemas = tuple(sections), Schemas()
    schemas.add("Error", _ERROR)
    paths: dict[str, dict[str, Any]] = {}
    for section in sections:
        for operation in section.operations:
            written = _operation(operation, section.tag, limits, schemas)
            paths.setdefault(operation.path, {})[operation.method.lower()] = written
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "ennio",
            "summary": "An actor-style supervisor for AI coding agents",
            "description": INTRODUCTION,
            "version": version("ennio"),
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "tags": [{"name": section.tag, "description": section.words} for section in sections],
        "security": [{_TOKEN: []}],
        "paths": paths,
        "components": {
            "securitySchemes": {
                _TOKEN: {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "`api_token` of the configuration, or a token of a login. Where that is "
                    "not configured, none is asked for.",
                }
            },
            "responses": {
                NAMES[405]: {
                    "description": NO_METHOD,
                    "headers": _headers(HEADERS[405]),
                    "content": _error(405, NO_METHOD),
                }
            },
            "schemas": dict(sorted(schemas.named.items())),
        },
    }


def _operation(operation: Operation, tag: str, limits: Timeouts, schemas: Schemas) -> dict[str, Any]:
    asked = [*operation.parameters]
    if operation.timeout:
        asked.append(parameters.timeout(operation.timeout(limits)))
    written: dict[str, Any] = {"tags": [tag], "operationId": operation.id, "summary": operation.summary}
    if operation.words:
        written["description"] = operation.words
    if asked:
        written["parameters"] = [_parameter(each) for each in asked]
    if operation.body:
        body = operation.body
        schema = schemas.of(body.kind) if body.kind else body.schema
        examples = {name: {"value": value} for name, value in body.examples.items()}
        content = {JSON: {"schema": schema, "examples": examples}}
        written["requestBody"] = {"required": not body.optional, "content": content}
    answers = {str(each.status): _answer(each, schemas) for each in operation.answers}
    responses = {status: answer for status, answer in answers.items() if status < "4"}
    for status, when in refusals(operation):
        refused: dict[str, Any] = {"description": when}
        if status in HEADERS and not (status == 401 and operation.unchallenged):
            refused["headers"] = _headers(HEADERS[status])
        responses[str(status)] = answers.get(str(status)) or {**refused, "content": _error(status, when)}
    written["responses"] = {**responses, **answers}
    if operation.free:
        written["security"] = []
    return written


def _parameter(parameter: Parameter) -> dict[str, Any]:
    """Return a parameter. Readers fill its `example` in; of an optional one it stands in the schema."""
    written = {
        "name": parameter.name,
        "in": parameter.place,
        "required": parameter.required,
        "description": parameter.words,
        "schema": parameter.schema,
    }
    if parameter.example is None:
        return written
    if parameter.required:
        return {**written, "example": parameter.example}
    return {**written, "schema": {**parameter.schema, "examples": [parameter.example]}}


def _answer(answer: Answer, schemas: Schemas) -> dict[str, Any]:
    written: dict[str, Any] = {"description": answer.words}
    if answer.headers:
        written["headers"] = _headers(answer.headers)
    if answer.contents:
        written["content"] = dict(_content(each, schemas) for each in answer.contents)
    if answer.links:
        taken = {"session": "$response.body#/data/id"}
        written["links"] = {id: {"operationId": id, "parameters": taken} for id in answer.links}
    return written


def _content(content: Content, schemas: Schemas) -> tuple[str, dict[str, Any]]:
    match content:
        case Data(kind, example, bare):
            schema, shown = schemas.of(kind), example
            if not bare:
                schema, shown = _in_data(schema), {"data": example}
            return JSON, {"schema": schema, "example": shown}
        case Stream(events):
            told = [_event(each, schemas) for each in events]
            return "text/event-stream", {"schema": told[0] if len(told) == 1 else {"oneOf": told}}
        case Plain(media, schema, example):
            return media, {"schema": schema} if example is None else {"schema": schema, "example": example}


def _in_data(schema: Schema) -> Schema:
    return {"type": "object", "required": ["data"], "properties": {"data": schema}}


def _event(told: Told, schemas: Schemas) -> Schema:
    """Return what one event of a stream is, in the way in which OpenAPI 3.2 has it."""
    inside = {"contentMediaType": JSON, "contentSchema": schemas.of(told.kind)}
    fields: Schema = {"data": {"type": "string", "description": "one line of JSON", **inside}}
    if told.with_id:
        fields = {"id": {"type": "string", "description": "where to go on"}, **fields}
    if told.names:
        fields["event"] = {"type": "string", "enum": list(told.names), "description": "its name"}
    needed = [name for name in ("id", "event", "data") if name in fields]
    given = told.example
    name = given.get("event_type") or (told.names or ("",))[0]
    example = {"id": str(given.get("cursor") or given.get("id")), "event": name, "data": json.dumps(given)}
    shown = {name: example[name] for name in needed}
    return {"type": "object", "required": needed, "properties": fields, "examples": [shown]}


def _headers(headers: Iterable[Header]) -> dict[str, Any]:
    return {
        each.name: {"description": each.words, "required": each.required, "schema": each.schema}
        for each in headers
    }


def _error(status: int, when: str) -> dict[str, Any]:
    return {JSON: {"schema": ref("Error"), "example": {"error": when, "code": status}}}
