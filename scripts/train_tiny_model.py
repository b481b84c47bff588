"""Trains the tiny bundled language model that answers instructions with JSON documents.

The model lets examples, tests and a first try of the package run without a download. Its training data is made up here
by a seeded generator: a random *shape* (record, list, enumeration or value), an instruction that describes it by name,
keys or JSON Schema, and a document of that shape. Odd keys, random words and noise are in the data so that the model
ends strings and documents soon even where a constraint forces text that it has never seen.

    python scripts/train_tiny_model.py --out generation/tiny_model

The run is deterministic in this sense: the same machine, library versions, number of threads and options give the same
files. Not supported: accelerators, resuming.
"""

from __future__ import annotations

import argparse
import json
import random
import string
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers
from torch.nn import functional
from transformers import GenerationConfig, LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast
from transformers.utils import logging as transformers_logging

PROMPT, DOCUMENT, END, PAD = "<|prompt|>", "<|document|>", "<|end|>", "<|pad|>"
CONTEXT = 1024
VOCABULARY_SIZE = 2048
LONGEST_SAMPLE = 480
PROMPT_LOSS_WEIGHT = 0.1
CHAT_TEMPLATE = (
    "{%- for message in messages -%}"
    "{%- if message['role'] == 'assistant' -%}" + DOCUMENT + "{{ message['content'] }}" + END + "{%- else -%}"
    "{%- if loop.first or messages[loop.index0 - 1]['role'] == 'assistant' -%}"
    + PROMPT
    + "{%- else -%}{{ '\\n' }}{%- endif -%}{{ message['content'] }}{%- endif -%}"
    "{%- endfor -%}{%- if add_generation_prompt -%}" + DOCUMENT + "{%- endif -%}"
)

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


# --- tokenizer


def train_tokenizer(seed: int, count: int) -> Any:
    """A byte-level BPE tokenizer that can spell every byte, trained on ``count`` samples."""
    backend: Any = Tokenizer(models.BPE())
    backend.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    backend.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY_SIZE,
        special_tokens=[PAD, PROMPT, DOCUMENT, END],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    texts = (text for item in islice(samples(seed), count) for text in (item.instruction, item.document))
    backend.train_from_iterator(texts, trainer)
    special = [(token, backend.token_to_id(token)) for token in (PROMPT, DOCUMENT)]
    backend.post_processor = processors.TemplateProcessing(single=f"{PROMPT} $A {DOCUMENT}", special_tokens=special)
    return PreTrainedTokenizerFast(
        tokenizer_object=backend,
        bos_token=PROMPT,
        eos_token=END,
        pad_token=PAD,
        additional_special_tokens=[DOCUMENT],
        chat_template=CHAT_TEMPLATE,
        model_max_length=CONTEXT,
        model_input_names=["input_ids", "attention_mask"],
        padding_side="left",
        clean_up_tokenization_spaces=False,
    )


# --- training


@dataclass(frozen=True)
class Settings:
    """``tokens_per_step`` is spread over rows of ``CONTEXT // 4`` tokens, and of ``CONTEXT`` in the last fifth."""

    steps: int
    seed: int
    tokens_per_step: int = 2048
    learning_rate: float = 3e-3
    warmup: int = 80


def encoded_samples(tokenizer: Any, seed: int) -> Iterator[tuple[list[int], list[float]]]:
    """Token ids and loss weights of samples; too long ones are left out."""
    stream = samples(seed)
    while True:
        batch = list(islice(stream, 256))
        prompts = tokenizer([item.instruction for item in batch])["input_ids"]
        documents = tokenizer([item.document for item in batch], add_special_tokens=False)["input_ids"]
        for prompt, document in zip(prompts, documents, strict=True):
            ids = [*prompt, *document, tokenizer.eos_token_id]
            if len(ids) <= LONGEST_SAMPLE:
                yield ids, [PROMPT_LOSS_WEIGHT] * len(prompt) + [1.0] * (len(document) + 1)


def packed_rows(
    stream: Iterator[tuple[list[int], list[float]]], rows: int, length: int
) -> tuple[torch.Tensor, torch.Tensor]:
    """int64[rows, length] token ids and float32[rows, length] weights; every row begins with a whole sample."""
    ids = torch.zeros(rows, length, dtype=torch.long)
    weights = torch.zeros(rows, length)
    for row in range(rows):
        filled = 0
        while filled < length:
            sample_ids, sample_weights = next(stream)
            count = min(len(sample_ids), length - filled)
            ids[row, filled : filled + count] = torch.tensor(sample_ids[:count])
            weights[row, filled : filled + count] = torch.tensor(sample_weights[:count])
            filled += count
    return ids, weights


def new_model(tokenizer: Any) -> Any:
    config = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=160,
        intermediate_size=448,
        num_hidden_layers=4,
        num_attention_heads=4,
        num_key_value_heads=2,
        head_dim=40,
        max_position_embeddings=CONTEXT,
        tie_word_embeddings=True,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )
    return LlamaForCausalLM(config)


def learning_rate_factor(step: int, settings: Settings) -> float:
    """Linear warm-up, then constant, then linear to zero over the last 60 % of the steps."""
    return min((step + 1) / settings.warmup, 1.0, (settings.steps - step) / (0.6 * settings.steps))


def train(model: Any, tokenizer: Any, settings: Settings) -> float:
    """Trains in place; returns the mean loss per document token over the last 50 steps, in nats."""
    matrices = [parameter for parameter in model.parameters() if parameter.ndim > 1]
    vectors = [parameter for parameter in model.parameters() if parameter.ndim == 1]
    groups = [{"params": matrices, "weight_decay": 0.05}, {"params": vectors, "weight_decay": 0.0}]
    optimizer = torch.optim.AdamW(groups, lr=settings.learning_rate, betas=(0.9, 0.98))
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: learning_rate_factor(step, settings))
    stream = encoded_samples(tokenizer, settings.seed + 1)
    losses: list[float] = []
    started = time.perf_counter()
    model.train()
    for step in range(settings.steps):
        length = CONTEXT if step >= 0.8 * settings.steps else CONTEXT // 4
        ids, weights = packed_rows(stream, settings.tokens_per_step // length, length)
        logits = model(input_ids=ids, use_cache=False).logits[:, :-1]
        targets, target_weights = ids[:, 1:].flatten(), weights[:, 1:].flatten()
        token_losses = functional.cross_entropy(logits.flatten(0, 1), targets, reduction="none")
        loss = (token_losses * target_weights).sum() / target_weights.sum()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        optimizer.zero_grad()
        losses.append(token_losses.detach()[target_weights == 1.0].mean().item())
        if step % 50 == 49:
            seconds = time.perf_counter() - started
            mean = sum(losses[-50:]) / 50
            print(f"step {step + 1}/{settings.steps}  loss {mean:.3f}  {seconds:.0f} s", file=sys.stderr, flush=True)
    return sum(losses[-50:]) / len(losses[-50:])


def save(model: Any, tokenizer: Any, out: Path) -> None:
    """Writes model (bfloat16) and tokenizer, in a form that transformers 4.57 and later read."""
    tokens = {name: getattr(model.config, name) for name in ("bos_token_id", "eos_token_id", "pad_token_id")}
    model.generation_config = GenerationConfig(**tokens)
    model.to(torch.bfloat16).save_pretrained(out)
    tokenizer.save_pretrained(out)
    config_path = out / "tokenizer_config.json"
    config = json.loads(config_path.read_text(encoding="utf-8"))
    config["tokenizer_class"] = "PreTrainedTokenizerFast"
    config["additional_special_tokens"] = config.pop("extra_special_tokens")
    (out / "model.safetensors").chmod(0o644)
    config_path.write_text(json.dumps(config, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


@torch.inference_mode()
def show_samples(model: Any, tokenizer: Any, count: int, seed: int) -> None:
    """Prints unconstrained samples for unseen instructions, and how many of them are JSON."""
    torch.manual_seed(seed)
    model.eval()
    valid = 0
    for item in islice(samples(seed + 2), count):
        inputs = tokenizer(item.instruction, return_tensors="pt")
        output = model.generate(**inputs, max_new_tokens=300, do_sample=True, top_k=0, temperature=1.0)
        text = tokenizer.decode(output[0, inputs["input_ids"].shape[1] :], skip_special_tokens=True)
        valid += is_json(text)
        print(f"{item.instruction[:200]!r}\n    {text[:300]!r}", file=sys.stderr)
    print(f"{valid} of {count} samples are JSON", file=sys.stderr)


def is_json(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True


def main() -> None:
    parser = argparse.ArgumentParser(description="Train the bundled tiny model.")
    parser.add_argument("--out", type=Path, default=Path(__file__).parents[1] / "generation" / "tiny_model")
    parser.add_argument("--steps", type=int, default=1700)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--samples", type=int, default=20, help="unconstrained samples to print at the end")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    torch.manual_seed(options.seed)
    torch.use_deterministic_algorithms(True)
    transformers_logging.disable_progress_bar()
    tokenizer = train_tokenizer(options.seed, 20_000)
    model = new_model(tokenizer)
    parameters = sum(parameter.numel() for parameter in model.parameters())
    print(f"{parameters} parameters, {len(tokenizer)} tokens", file=sys.stderr, flush=True)
    loss = train(model, tokenizer, Settings(steps=options.steps, seed=options.seed))
    save(model, tokenizer, options.out)
    show_samples(model, tokenizer, options.samples, options.seed)
    print(f"final loss {loss:.3f} nats per document token; written to {options.out}", file=sys.stderr)


if __name__ == "__main__":
    main()
