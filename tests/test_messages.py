"""Schemas with slips: the message names what was probably meant, or what else to do."""

from __future__ import annotations

import pytest

import maskwright as mw
from maskwright.cli_check import byte_vocabulary
from maskwright.schemas.misspelt import misspelt_keywords

BYTES = byte_vocabulary()


@pytest.mark.parametrize(
    ("schema", "remedy"),
    [
        ({"type": "objekt"}, "perhaps 'object' is meant"),
        ({"type": ["String", "null"]}, "perhaps 'string' is meant"),
        ({"type": "int"}, "perhaps 'integer' is meant"),
        ({"type": "dict"}, "perhaps 'object' is meant"),
        ({"type": "any"}, "leave type out to allow all"),
        ({"type": "date"}, 'write "type": "string", "format": "date"'),
        ({"properties": {"a": {"required": True}}}, "list the name in the required of the object"),
        ({"$defs": {"Person": {}}, "$ref": "#/$defs/Persn"}, "perhaps '#/$defs/Person' is meant"),
        ({"definitions": {"a/b": {}, "c": {}}, "$ref": "#/$defs/a~1b"}, "perhaps '#/definitions/a~1b' is meant"),
        ({"$defs": {"p": {"$anchor": "person"}}, "$ref": "#persn"}, "perhaps '#person' is meant"),
        ({"$defs": {"Person": {}}, "$ref": "Person"}, "perhaps '#/$defs/Person' is meant"),
        ({"$defs": {"a": {}, "b": {}}, "$ref": "#/$defs/xyz"}, "it could lead to '#/$defs/a', '#/$defs/b'"),
        ({"properties": {"width": {}, "x": {"$ref": "#/properties/widht"}}}, "perhaps '#/properties/width' is meant"),
        ({"$ref": "#/$defs/xyz"}, "write what is meant there, for instance under $defs"),
        ({"$ref": "https://example.org/a.json"}, "add the document to the option registry"),
        ({"pattern": "(a"}, r"close it by ), or write \( for itself"),
        ({"pattern": "a)"}, r"leave it out, or write \) for itself"),
        ({"pattern": "[a"}, r"close it by ], or write \[ for itself"),
        ({"pattern": "*a"}, r"write \* for itself"),
        ({"pattern": "a{3,2}"}, "write {2,3}"),
        ({"pattern": "[z-a]"}, "write the lesser character first"),
        ({"pattern": "(?#c)a"}, "use (?:...) or a look-around"),
    ],
)
def test_remedies(schema: object, remedy: str) -> None:
    with pytest.raises(mw.InvalidSchema) as raised:
        mw.compile(schema, BYTES)
    assert remedy in raised.value.remedy
    assert raised.value.pointer is not None


def test_unknown_formats() -> None:
    (note,) = mw.compile({"format": "date-tim"}, BYTES).notes
    assert (
        note == "the format 'date-tim' is not known and not enforced (perhaps 'date-time' is meant); first at /format"
    )


def test_misspelt_keywords() -> None:
    schema = {
        "propertes": {"a": {"requried": []}},
        "properties": {"propertes": {}, "requierd": {"anyOf": [{"minLenght": 3}]}, "b": {"minLenght": 1}},
        "requried": ["a"],
        "x-type": "a",
        "example": 3,
        "nullable": True,
    }
    assert misspelt_keywords(mw.JsonSchema(schema)) == [
        "'propertes' is no keyword and says nothing (perhaps 'properties' is meant); first at /propertes",
        "'requried' is no keyword and says nothing (perhaps 'required' is meant); first at /requried",
        "'minLenght' is no keyword and says nothing (perhaps 'minLength' is meant); "
        "first at /properties/requierd/anyOf/0/minLenght",
    ]
    assert misspelt_keywords(mw.JsonSchema(True)) == []


def test_keywords_are_those_of_the_dialect() -> None:
    (note,) = misspelt_keywords(mw.JsonSchema({"prefixItem": [True]}))
    assert "'prefixItems'" in note
    assert misspelt_keywords(mw.JsonSchema({"prefixItem": [True]}, dialect="draft7")) == []
    stated = {"$schema": "http://json-schema.org/draft-07/schema#", "prefixItem": [True]}
    assert misspelt_keywords(mw.JsonSchema(stated)) == []
