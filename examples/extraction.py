"""From text to pydantic models: what is said about each person, in the types that the program works with."""

from datetime import date
from enum import Enum

from pydantic import BaseModel, Field

import maskwright as mw

TEXTS = [
    "Ada Lovelace, born on 10 December 1815, wrote programs for a machine that was never built.",
    "Grace Hopper (1906-12-09) was an admiral; she spoke English, and COBOL after a fashion.",
]


class Subject(Enum):
    MATHEMATICS = "mathematics"
    COMPUTING = "computing"
    OTHER = "other"


class Person(BaseModel):
    name: str = Field(max_length=40)
    born: date | None
    subject: Subject
    languages: list[str] = Field(max_length=3)


schema = mw.JsonSchema(Person, escapes="minimal", whitespace="compact")
prompts = [f"Extract the person as JSON: {text}" for text in TEXTS]
for text, result in zip(TEXTS, mw.generate(None, prompts, schema=schema, do_sample=True, seed=4), strict=True):
    person = result.value
    print(text)
    print(f"    {person!r}" if isinstance(person, Person) else f"    cut off: {result.text}")
