"""The JSON schemas of bodies and answers, from the models that the routes really use."""

from typing import Any

from pydantic import BaseModel, TypeAdapter

from ..requests.bodies import Body
from .fields import MEANINGS
from .operation import Schema
from .words import DOLLARS, SPOKEN, Words

_PLACE = "#/components/schemas/{model}"
_NAMED: dict[str, type[BaseModel]] = {kind.__name__: kind for kind in MEANINGS}


def ref(name: str) -> Schema:
    """Return what stands for a schema of the components."""
    return {"$ref": _PLACE.format(model=name)}


class Schemas:
    """Makes schemas, and keeps those that have a name of their own: each of these is written once."""

    def __init__(self) -> None:
        self.named: dict[str, Schema] = {}

    def of(self, kind: Any) -> Schema:
        """Return the schema of a type: of a body as it is read, of anything else as it is written."""
        is_model = isinstance(kind, type) and issubclass(kind, BaseModel)
        mode: Any = "validation" if is_model and issubclass(kind, Body) else "serialization"
        schema = TypeAdapter(kind).json_schema(mode=mode, ref_template=_PLACE)
        for name, inner in schema.pop("$defs", {}).items():
            self._keep(name, inner)
        if not is_model:
            return schema
        self._keep(kind.__name__, schema)
        return ref(kind.__name__)

    def add(self, name: str, schema: Schema) -> Schema:
        """Keep a schema that is no model's under a name, and return what stands for it."""
        if self.named.setdefault(name, schema) != schema:
            raise ValueError(f"there are two schemas of the name {name}")
        return ref(name)

    def _keep(self, name: str, schema: Schema) -> None:
        kind = _NAMED.get(name)
        self.add(name, self._told_better(kind, schema) if kind else schema)

    def _told_better(self, kind: type[BaseModel], schema: Schema) -> Schema:
        """Return the schema of a model with the meaning of each field, and the words that it may hold."""
        schema = {name: value for name, value in schema.items() if name != "title"}
        told = {}
        for name, field in schema.get("properties", {}).items():
            words = SPOKEN.get(kind, {}).get(name)
            described = _field(field, self._words(words) if words else None, money=name.endswith("_usd"))
            if issubclass(kind, Body) and described.get("default") in {"", 0}:
                del described["default"]  # it stands for nothing there, and may not be given
            told[name] = {**described, "description": MEANINGS[kind][name]}
        return {**schema, "properties": told} if told else schema

    def _words(self, words: Words) -> Schema:
        schema = {"type": "string", "enum": list(words.all), "description": words.meaning}
        return self.add(words.name, schema)


def _field(schema: Schema, words: Schema | None, *, money: bool) -> Schema:
    """Return a field's schema without its title, its text put more narrowly."""
    schema = {name: value for name, value in schema.items() if name != "title"}
    if schema.get("type") == "string":
        return words or ({**schema, **DOLLARS} if money else schema)
    if "anyOf" in schema:
        branches = [_field(each, words, money=money) for each in schema["anyOf"]]
        return {**schema, "anyOf": branches}
    return schema
