"""A Python type as the schema: the result is an instance of it."""

from pydantic import BaseModel, Field

import maskwright as mw


class Person(BaseModel):
    name: str = Field(max_length=30)
    age: int = Field(ge=0, le=120)
    tags: list[str] = Field(max_length=3)


result = mw.generate(None, "Write a person as JSON.", schema=Person, seed=3)
print(result.text)
print(repr(result.value))
