"""What the tiny model learns from: instructions and documents, made up by a seeded generator.

A random *shape* (record, list, enumeration or value), an instruction that describes it by name, keys or JSON Schema,
and a document of that shape. Odd keys, random words and noise are among them so that the model ends strings and
documents soon even where a constraint forces text that it has never seen.
"""

from __future__ import annotations

import json
import random
import string
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

# --- words

FIRST_NAMES = "Ada Alan Grace Linus Maria José Chloé Kenji Olga Ravi Amara Lars Zoë Ivan Mei Omar Lucy Noah Emma Björn"
LAST_NAMES = (
    "Lovelace Turing Hopper Silva García Tanaka Petrova Patel Okafor Hansen Müller Chen Haddad Brown Smith Novák"
)
CITIES = (
    "Paris London Berlin Tokyo Lagos Oslo Madrid Lima Cairo Delhi Zürich Boston Sydney Toronto München 東京 北京 Москва"
)
COUNTRIES = (
    "France Germany Japan Brazil India Norway Kenya Canada Spain Peru Egypt China Mexico Italy US GB FR DE JP BR"
)
STREETS = "Main Oak Park Hill Lake Station Church Mill River High Garden Market Elm King Queen"
COLORS = "red green blue black white yellow purple orange gray pink brown"
NOUNS = (
    "apple river stone cloud window table book garden engine mountain paper light signal bridge market coffee bread "
    "camera ticket server network report project kitchen lamp chair phone bottle music story forest ocean island wheel"
)
ADJECTIVES = (
    "small bright quiet fast old new simple red deep clean warm sharp open modern local daily strong smart light"
)
VERBS = "check send update build open close review install clean write call start finish test plan buy cook measure"
INGREDIENTS = (
    "flour sugar butter eggs milk salt pepper onion garlic rice tomato cheese chicken oil lemon water basil pasta"
)
KEY_WORDS = (
    "id name type value data status user item count date time code size url path level key group total start end "
    "limit mode text label index score result error message enabled active version source target config option meta "
    "parent children node rate min max unit length width height color price amount owner email address phone city "
    "country state zip tags notes title body author content description created updated order quantity weight language"
)
UNITS = "kg g ml l m cm °C % s ms km USD EUR"
SYMBOLS = "★ é ß ñ 中 文 😀 🚀 λ ü Ж あ — “ ” … €"


def word(rng: random.Random) -> str:
    """A made-up word of one to three syllables."""
    return "".join(
        rng.choice("bcdfghjklmnprstvwz") + rng.choice("aeiou") + rng.choice(["", "n", "r", "s", "x"])
        for _ in range(rng.randint(1, 3))
    )


def noise(rng: random.Random) -> str:
    """A short string without sense: what a constraint or an unlucky sample may force."""
    alphabet = rng.choice([string.ascii_letters, string.digits, string.printable[:95], SYMBOLS, "\"\\/\n\t{}[]:,'"])
    return "".join(rng.choice(alphabet) for _ in range(rng.randint(0, 10)))


def one_of(words: str) -> Callable[[random.Random], str]:
    choices = words.split()
    return lambda rng: rng.choice(choices)


def phrase(rng: random.Random) -> str:
    noun = one_of(NOUNS)
    forms = [noun(rng), f"{one_of(ADJECTIVES)(rng)} {noun(rng)}", word(rng), noise(rng)]
    return rng.choices(forms, [4, 4, 2, 1])[0]


def sentence(rng: random.Random) -> str:
    text = f"{one_of(VERBS)(rng)} the {one_of(ADJECTIVES)(rng)} {one_of(NOUNS)(rng)}"
    return rng.choice([text, text.capitalize() + ".", f"{text} with the {one_of(NOUNS)(rng)}"])


def person_name(rng: random.Random) -> str:
    return f"{one_of(FIRST_NAMES)(rng)} {one_of(LAST_NAMES)(rng)}"


def email(rng: random.Random) -> str:
    return (
        f"{one_of(FIRST_NAMES)(rng).lower()}@{rng.choice(['example', word(rng)])}.{rng.choice(['com', 'org', 'net'])}"
    )


def date(rng: random.Random) -> str:
    return f"{rng.randint(1950, 2035)}-{rng.randint(1, 12):02}-{rng.randint(1, 28):02}"


def clock(rng: random.Random) -> str:
    return f"{rng.randint(0, 23):02}:{rng.randint(0, 59):02}:{rng.choice([0, 0, rng.randint(0, 59)]):02}"


def url(rng: random.Random) -> str:
    return f"https://{rng.choice(['example', word(rng)])}.com/{rng.choice(['', word(rng), one_of(NOUNS)(rng)])}"


def digits(count: int) -> Callable[[random.Random], str]:
    return lambda rng: "".join(rng.choice(string.digits) for _ in range(count))


def hexadecimal(*counts: int) -> Callable[[random.Random], str]:
    return lambda rng: "-".join("".join(rng.choice("0123456789abcdef") for _ in range(count)) for count in counts)


def integer(rng: random.Random) -> int:
    return rng.choice([rng.randint(0, 9), rng.randint(0, 99), rng.randint(-20, 1000), rng.randint(0, 100_000)])


# --- leaves: name -> (JSON Schema, generator)

Value = Any  # of JSON
Leaf = tuple[dict[str, Value], Callable[[random.Random], Value]]


def text_leaf(make: Callable[[random.Random], str], **keywords: Value) -> Leaf:
    return {"type": "string", **keywords}, make


LEAVES: dict[str, Leaf] = {
    "name": text_leaf(person_name),
    "first": text_leaf(one_of(FIRST_NAMES)),
    "last": text_leaf(one_of(LAST_NAMES)),
    "email": text_leaf(email, format="email"),
    "date": text_leaf(date, format="date"),
    "time": text_leaf(clock, format="time"),
    "datetime": text_leaf(lambda rng: f"{date(rng)}T{clock(rng)}Z", format="date-time"),
    "url": text_leaf(url, format="uri"),
    "uuid": text_leaf(hexadecimal(8, 4, 4, 4, 12), format="uuid"),
    "hash": text_leaf(hexadecimal(8), pattern="^[0-9a-f]{8}$"),
    "ip": text_leaf(lambda rng: ".".join(str(rng.randint(0, 255)) for _ in range(4)), format="ipv4"),
    "phone": text_leaf(lambda rng: f"+{rng.randint(1, 99)} {digits(3)(rng)} {digits(4)(rng)}"),
    "zip": text_leaf(digits(5), pattern="^[0-9]{5}$"),
    "code": text_leaf(lambda rng: "".join(rng.choice(string.ascii_uppercase) for _ in range(3)) + "-" + digits(3)(rng)),
    "city": text_leaf(one_of(CITIES)),
    "country": text_leaf(one_of(COUNTRIES)),
    "street": text_leaf(lambda rng: f"{rng.randint(1, 200)} {one_of(STREETS)(rng)} Street"),
    "color": text_leaf(one_of(COLORS)),
    "ingredient": text_leaf(one_of(INGREDIENTS)),
    "unit": text_leaf(one_of(UNITS)),
    "phrase": text_leaf(phrase),
    "word": text_leaf(word),
    "noise": text_leaf(noise, maxLength=10),
    "sentence": text_leaf(sentence),
    "int": ({"type": "integer"}, integer),
    "small": ({"type": "integer", "minimum": 0, "maximum": 10}, lambda rng: rng.randint(0, 10)),
    "age": ({"type": "integer", "minimum": 0}, lambda rng: rng.randint(1, 99)),
    "year": ({"type": "integer"}, lambda rng: rng.randint(1900, 2030)),
    "price": ({"type": "number", "minimum": 0}, lambda rng: round(rng.uniform(0, 500), 2)),
    "number": (
        {"type": "number"},
        lambda rng: rng.choice([integer(rng), round(rng.uniform(-90, 90), rng.randint(1, 4))]),
    ),
    "share": ({"type": "number", "minimum": 0, "maximum": 1}, lambda rng: round(rng.random(), 2)),
    "bool": ({"type": "boolean"}, lambda rng: rng.random() < 0.5),
    "null": ({"type": "null"}, lambda rng: None),
    "phrase?": ({"type": ["string", "null"]}, lambda rng: rng.choice([None, phrase(rng)])),
    "int?": ({"type": ["integer", "null"]}, lambda rng: rng.choice([None, integer(rng)])),
}

# Record kinds, a field being "key:leaf", "key:@kind", "key:*list of these" or "key:one|of|these"; "-" may be left out.
RECORDS: dict[str, str] = {
    "person": "name:name age:age email:email -active:bool -address:@address -hobbies:*phrase",
    "user": "id:int username:word email:email role:admin|user|guest -lastLogin:datetime enabled:bool",
    "contact": "first_name:first last_name:last -phone:phone -email:email",
    "address": "street:street city:city -zip:zip country:country",
    "product": "id:code name:phrase price:price -inStock:bool -tags:*word -color:color",
    "item": "sku:code name:phrase quantity:small price:price",
    "order": "id:int customer:name items:*@item total:price status:new|paid|shipped|cancelled -note:phrase?",
    "invoice": "number:code date:date customer:@contact lines:*@item total:price currency:USD|EUR|GBP paid:bool",
    "event": "title:phrase date:date -time:time location:city -attendees:*name public:bool",
    "meeting": "subject:sentence start:datetime end:datetime room:word -participants:*email",
    "recipe": "name:phrase servings:small minutes:int ingredients:*@ingredient steps:*sentence",
    "ingredient": "name:ingredient amount:number unit:unit",
    "book": "title:phrase author:name year:year isbn:code pages:int -genre:fiction|history|science|poetry",
    "movie": "title:phrase director:name year:year rating:share cast:*name",
    "weather": "city:city temperature:number condition:sunny|cloudy|rain|snow humidity:share -wind:@wind",
    "wind": "speed:number direction:N|E|S|W",
    "config": "host:ip port:int debug:bool -timeout:int? -paths:*url logLevel:debug|info|warn|error",
    "sensor reading": "sensorId:hash timestamp:datetime value:number unit:unit ok:bool",
    "location": "latitude:number longitude:number -label:phrase",
    "task": "id:uuid title:sentence done:bool priority:low|medium|high -due:date -subtasks:*@step",
    "step": "text:sentence done:bool",
    "message": "from:email to:*email subject:phrase body:sentence -sent:datetime",
    "tool call": "name:word arguments:@location",
    "log entry": "time:datetime level:info|warn|error message:sentence -code:int?",
    "flight": "number:code from:city to:city departure:datetime -gate:word -delayed:bool",
    "patient": "id:int name:name born:date -allergies:*ingredient -insured:bool",
    "review": "product:phrase stars:small text:sentence author:first",
    "job": "title:phrase company:word city:city salary:int? remote:bool skills:*word",
    "course": "code:code title:phrase credits:small teacher:name -students:*@contact",
    "car": "make:word model:word year:year color:color -electric:bool",
    "account": "iban:code owner:name balance:price currency:USD|EUR|GBP -closed:null",
    "page": "url:url title:phrase -links:*url -language:en|de|fr|ja",
}

# --- shapes: what a document looks like


@dataclass(frozen=True)
class Enumeration:
    values: tuple[str, ...]


@dataclass(frozen=True)
class ListOf:
    item: Shape
    longest: int


@dataclass(frozen=True)
class Record:
    """``fields``: (key, shape, required) in the order in which they are written."""

    fields: tuple[tuple[str, Shape, bool], ...]


Shape = str | Enumeration | ListOf | Record


def parse_shape(text: str) -> Shape:
    """The shape of a field's right-hand side in ``RECORDS``."""
    if text.startswith("*"):
        return ListOf(parse_shape(text[1:]), 3)
    if text.startswith("@"):
        return named_record(text[1:])
    return Enumeration(tuple(text.split("|"))) if "|" in text else text


def named_record(kind: str) -> Record:
    pairs = (field.split(":") for field in RECORDS[kind].split())
    return Record(tuple((key.lstrip("-"), parse_shape(shape), not key.startswith("-")) for key, shape in pairs))


def random_key(rng: random.Random) -> str:
    words = [rng.choice([one_of(KEY_WORDS), one_of(KEY_WORDS), word])(rng) for _ in range(rng.choice([1, 1, 2, 2, 3]))]
    camel = words[0] + "".join(part.capitalize() for part in words[1:])
    styles = [camel, "_".join(words), "-".join(words), camel[:1].upper() + camel[1:], " ".join(words), noise(rng)]
    return rng.choices(styles, [8, 6, 2, 2, 1, 1])[0]


def random_shape(rng: random.Random, depth: int = 0) -> Shape:
    """A shape with keys that mean nothing; deeper ones are smaller."""
    roll = rng.random() + 0.2 * depth
    if roll < 0.45:
        keys = dict.fromkeys(random_key(rng) for _ in range(rng.randint(0, 6 - depth)))
        return Record(tuple((key, random_shape(rng, depth + 1), rng.random() < 0.7) for key in keys))
    if roll < 0.6:
        return ListOf(random_shape(rng, depth + 1), rng.randint(0, 4))
    if roll < 0.7:
        return Enumeration(tuple(dict.fromkeys(phrase(rng) for _ in range(rng.randint(1, 4)))))
    return rng.choice(list(LEAVES))


def json_schema(shape: Shape) -> dict[str, Value]:
    if isinstance(shape, str):
        return LEAVES[shape][0]
    if isinstance(shape, Enumeration):
        return {"enum": list(shape.values)}
    if isinstance(shape, ListOf):
        return {"type": "array", "items": json_schema(shape.item)}
    return {
        "type": "object",
        "properties": {key: json_schema(field) for key, field, _ in shape.fields},
        "required": [key for key, _, required in shape.fields if required],
    }


def sample_value(shape: Shape, rng: random.Random) -> Value:
    """A JSON value of the shape."""
    if isinstance(shape, str):
        return LEAVES[shape][1](rng)
    if isinstance(shape, Enumeration):
        return rng.choice(shape.values)
    if isinstance(shape, ListOf):
        return [
            sample_value(shape.item, rng) for _ in range(rng.randint(0 if rng.random() < 0.2 else 1, 1 + shape.longest))
        ]
    keep = rng.choice([0.0, 0.5, 1.0])
    return {key: sample_value(field, rng) for key, field, required in shape.fields if required or rng.random() < keep}


# --- samples: (instruction, document)


@dataclass(frozen=True)
class Sample:
    instruction: str
    document: str


REQUESTS = """Write {} as JSON.
Describe {}.
Give me {}.
Generate {} in JSON.
Create {}
Return {} as a JSON document.
I need {}, please.
Answer with {}.
Make up {}.
Extract {}.""".splitlines()


def write_json(value: Value, rng: random.Random) -> str:
    """JSON text in one of the usual formats, mostly that of ``json.dumps``."""
    style = rng.choices(["spaced", "indented", "compact"], [65, 15, 20])[0]
    ascii_only = rng.random() < 0.15
    if style == "indented":
        return json.dumps(value, ensure_ascii=ascii_only, indent=rng.choice([2, 2, 2, 4]))
    return json.dumps(value, ensure_ascii=ascii_only, separators=(",", ":") if style == "compact" else None)


def plural(noun: str) -> str:
    if noun.endswith("s"):
        return noun + "es"
    return noun[:-1] + "ies" if noun.endswith("try") else noun + "s"


def subject(rng: random.Random) -> tuple[str, Shape]:
    """What to ask for, in words, and its shape."""
    if rng.random() < 0.3:
        shape = random_shape(rng)
        nouns = {ListOf: "a list", Record: "an object"}
        return rng.choice([nouns.get(type(shape), "a value"), "a " + word(rng), "JSON", phrase(rng)]), shape
    kind = rng.choice(list(RECORDS))
    if rng.random() < 0.15:
        return f"a list of {plural(kind)}", ListOf(named_record(kind), rng.randint(0, 3))
    return f"{'an' if kind[0] in 'aeiou' else 'a'} {kind}", named_record(kind)


def details(shape: Shape, value: Value, rng: random.Random) -> str:
    """What the instruction adds to the request: keys, a schema, values, or nothing."""
    choice = rng.choices(["nothing", "keys", "schema", "values"], [40, 15, 20, 25])[0]
    if choice == "schema":
        lead = rng.choice([" Schema: ", "\nUse this JSON schema:\n", " It must obey this schema:\n", "\n"])
        return lead + json.dumps(json_schema(shape))
    if isinstance(shape, Record) and shape.fields and choice == "keys":
        return (
            rng.choice([" Keys: ", " Use the fields ", " With: "]) + ", ".join(key for key, _, _ in shape.fields) + "."
        )
    if isinstance(value, dict) and choice == "values":
        scalars = [(key, item) for key, item in value.items() if isinstance(item, str | int | float)]
        chosen = rng.sample(scalars, min(len(scalars), rng.randint(1, 3)))
        return "".join(f" The {key} is {item if isinstance(item, str) else json.dumps(item)}." for key, item in chosen)
    return ""


def make_sample(rng: random.Random) -> Sample:
    noun, shape = subject(rng)
    value = sample_value(shape, rng)
    request = rng.choice(REQUESTS).format(noun) + details(shape, value, rng)
    if rng.random() < 0.05:
        request = rng.choice(["", phrase(rng), sentence(rng), "Answer in JSON."])
    return Sample(request, write_json(value, rng))


def samples(seed: int) -> Iterator[Sample]:
    """An endless stream of samples, the same for the same seed."""
    rng = random.Random(seed)
    while True:
        yield make_sample(rng)
