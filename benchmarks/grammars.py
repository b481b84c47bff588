"""Masks of grammars, beside the peers: the same grammar, the same texts, token by token.

    python benchmarks/grammars.py [--out benchmarks/results/grammars.json] [--only NAME]

The grammars are those of ``examples/`` in Lark's language (which the peers read, too, if their names are written
without look-ahead and, for XGrammar, without the flag ``x``, which means nothing in a pattern that has no blanks; all
engines get the same text), JSON in W3C notation (which XGrammar reads), a hundred tools in tags, and Lark's own grammar
of Python with its indentation, which no peer reads. Each grammar comes with several texts, tokenised by Mistral's
Tekken: before each token its mask is computed, in which the token must be, then it is accepted. All texts are read
three times: the first time, with a fresh constraint, is given apart; of the other two, the better time of each step is
kept. *Compile* is from the grammar to the first mask, the first time in the process, so that nothing is known but what
is the same in the grammars above; what happens once a process (Lark's import, ``re``'s table of letters) is done
before. Times are those of the thread, since other work may disturb.
"""

from __future__ import annotations

import argparse
import gc
import json
import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import lark
import lark.indenter
import numpy as np
from engines import DECLINES, Llguidance, Maskwright, Xgrammar, conditions, installed_peers, tekken

import maskwright as mw

EXAMPLES = Path(__file__).parent.parent / "examples"

JSON_EBNF = r"""
root ::= value
value ::= object | array | string | number | "true" | "false" | "null"
object ::= "{" ws (member (ws "," ws member)*)? ws "}"
member ::= string ws ":" ws value
array ::= "[" ws (value (ws "," ws value)*)? ws "]"
string ::= "\"" ([^"\\\x00-\x1f] | "\\" (["\\/bfnrt] | "u" [0-9a-fA-F] [0-9a-fA-F] [0-9a-fA-F] [0-9a-fA-F]))* "\""
number ::= "-"? ("0" | [1-9] [0-9]*) ("." [0-9]+)? ([eE] [+-]? [0-9]+)?
ws ::= [ \t\r\n]*
"""

C_TEXTS = (
    """
int add(int a, int b) {
    return a + b;
}
""",
    r"""
int main(void) {
    int i, total = 0;
    for (i = 0; i < 10; i++) {
        if (i % 2 == 0) { total += add(i, 1); } else { total -= 1; }
    }
    printf("total: %d\n", total);
    return 0;
}
""",
    """
struct point {
    double x;
    double y;
};

double norm(struct point *p) {
    return sqrt(p->x * p->x + p->y * p->y);
}
""",
    """
static unsigned long hash(const char *text) {
    unsigned long value = 5381;
    while (*text) {
        value = (value << 5) + value + *text++;
    }
    return value;
}
""",
    """
enum color { RED, GREEN = 4, BLUE };

int name(enum color c) {
    switch (c) {
        case RED: return 1;
        default: break;
    }
    return c > GREEN ? 2 : 3;
}
""",
)
SQL_TEXTS = (
    "SELECT a.id, b.name AS n, COUNT(*) FROM orders AS a INNER JOIN customers AS b ON a.customer_id = b.id "
    "WHERE a.price > 10.5 AND (b.country = 'FR' OR b.country IS NULL) GROUP BY a.id, b.name HAVING COUNT(*) > 3 "
    "ORDER BY n DESC LIMIT 10;",
    "INSERT INTO items (id, title, price) VALUES (1, 'a book', 12.5), (2, 'it''s', NULL);",
    "UPDATE users SET active = FALSE, score = score * 2 + 1 WHERE last_seen < 20200101 AND name LIKE 'a%';",
    "DELETE FROM sessions WHERE user_id IN (SELECT id FROM users WHERE NOT active);",
)
ARITHMETIC_TEXTS = ("(1 + 2) * 3 - 4 / (5 + 6 * 7)", "-(12.5 + -3) * (((7)))", "1 + 2 + 3 + 4 + 5 + 6 + 7 + 8 + 9 + 10")


def json_texts() -> list[str]:
    item = {
        "id": 17,
        "name": "a lamp",
        "tags": ["a", 'b"c'],
        "price": 1.5e3,
        "ok": True,
        "nested": {"x": [1, {"y": None}]},
    }
    return [
        json.dumps([item | {"id": i} for i in range(3)], indent=2),
        json.dumps(item),
        json.dumps([[], {}, "", -0.5]),
    ]


Case = tuple[str, object, dict[str, Any], list[str]]
KINDS: tuple[dict[str, Any], ...] = (
    {"type": "string"},
    {"type": "integer", "minimum": 0},
    {"type": "number"},
    {"type": "boolean"},
    {"enum": ["asc", "desc", "none"]},
    {"type": "array", "items": {"type": "string"}},
)
VALUES = ('a text, with "quotes"', 12, -0.5, True, "desc", ["one", "two"])
CALL = '<tool_call>\n{"name": "%s", "arguments": ', "}\n</tool_call>"


def tool_schemas() -> dict[str, Any]:
    """A hundred tools with two to six parameters."""
    tools = {}
    for number in range(100):
        kinds = [(number + step) % len(KINDS) for step in range(2 + number % 5)]
        properties = {f"parameter_{kind}": KINDS[kind] for kind in kinds}
        tools[f"tool_{number}"] = {
            "type": "object",
            "properties": properties,
            "required": list(properties),
            "additionalProperties": False,
        }
    return tools


def tool_texts() -> list[str]:
    texts = []
    for number, (name, schema) in enumerate(tool_schemas().items()):
        if number % 10 == 3:
            arguments = {key: VALUES[int(key[-1])] for key in schema["properties"]}
            texts.append(f"I will look that up.\n{CALL[0] % name}{json.dumps(arguments)}{CALL[1]} That is all.")
    return texts


def tool_case() -> Case:
    tools = tool_schemas()
    ours = mw.Tags(
        [(CALL[0] % name, mw.JsonSchema(schema), CALL[1]) for name, schema in tools.items()],
        triggers=["<tool_call>"],
    )
    tags = [{"begin": CALL[0] % name, "content": schema, "end": CALL[1]} for name, schema in tools.items()]
    return "100 tools", ours, {"llguidance": tags, "xgrammar": tags}, tool_texts()


def python_texts() -> list[str]:
    import argparse as one
    import bisect as two
    import textwrap as three

    return [Path(str(module.__file__)).read_text(encoding="utf-8")[:12_000] for module in (two, three, one)]


def without_verbose(grammar: str) -> str:
    """Without the flag ``x`` of patterns that hold neither blanks nor ``#``, where it means nothing."""
    return re.sub(r"(/(?!/)(?:\\.|[^/\\\s#])*/[imslu]*)x\b", r"\1", grammar)


def whole_lines(text: str) -> str:
    return text[: text.rindex("\n") + 1]


def cases() -> Iterator[Case]:
    """Name, maskwright's form, what peers are given by name, and texts."""
    texts = {
        "json": json_texts(),
        "c": [text.lstrip() for text in C_TEXTS],
        "sql": list(SQL_TEXTS),
        "arithmetic": list(ARITHMETIC_TEXTS),
    }
    for name, documents in texts.items():
        grammar = (EXAMPLES / f"{name}.lark").read_text(encoding="utf-8")
        grammar = without_verbose(re.sub(r"\(\?!\(.*?\)\\b\)\s*", "", grammar, flags=re.DOTALL))
        yield name, mw.Lark(grammar), {"llguidance": grammar, "xgrammar": grammar}, documents
    yield "json in EBNF", mw.Ebnf(JSON_EBNF), {"xgrammar": mw.Ebnf(JSON_EBNF)}, json_texts()
    yield tool_case()
    path = Path(lark.__file__).parent / "grammars" / "python.lark"
    python = mw.Lark(path, "file_input", lark.indenter.PythonIndenter())
    yield "python", python, {}, [whole_lines(text) for text in python_texts()]


class GrammarMaskwright(Maskwright):
    def constraint(self, form: object) -> mw.Constraint:
        return mw.compile(form, self._vocabulary)


class GrammarLlguidance(Llguidance):
    def matcher(self, grammar: Any) -> Any:
        if isinstance(grammar, list):
            from llguidance import StructTag

            tags = [
                StructTag(trigger="<tool_call>", begin=tag["begin"], grammar=tag["content"], end=tag["end"])
                for tag in grammar
            ]
            grammar = StructTag.to_grammar(tags, assume_special=False)
        matcher = self._matcher_of(self._tokenizer, self._matcher_of.grammar_from_lark(grammar), log_level=0)
        if matcher.is_error():
            raise ValueError(matcher.get_error())
        return matcher


class GrammarXgrammar(Xgrammar):
    def matcher(self, grammar: Any) -> Any:
        if isinstance(grammar, mw.Ebnf):
            return self._matcher_of(self._compiler.compile_grammar(grammar.text))
        if isinstance(grammar, str):
            return self._matcher_of(self._compiler.compile_lark(grammar))
        contents = [{"type": "json_schema", "json_schema": tag["content"]} for tag in grammar]
        tags = [{**tag, "type": "tag", "content": content} for tag, content in zip(grammar, contents, strict=True)]
        format = {"type": "triggered_tags", "triggers": ["<tool_call>"], "tags": tags}
        return self._matcher_of(self._compiler.compile_structural_tag({"type": "structural_tag", "format": format}))


def read(engine: Any, documents: list[list[int]]) -> np.ndarray[Any, Any]:
    """The microseconds of each step; raises ``RuntimeError`` where a token is refused."""
    times = []
    for document in documents:
        engine.reset()
        for token in document:
            start = time.thread_time_ns()
            allowed = engine.step(token)
            times.append((time.thread_time_ns() - start) / 1e3)
            if not allowed:
                raise RuntimeError(f"{engine.name} refuses a token of a valid text")
        if not engine.is_accepting():
            raise RuntimeError(f"{engine.name} does not let a valid text end")
    return np.array(times)


def quantiles(times: np.ndarray[Any, Any]) -> dict[str, float]:
    found = np.percentile(times, [50, 90, 99])
    names = ("mean", "p50", "p90", "p99", "max")
    return {
        name: round(float(value), 2) for name, value in zip(names, (times.mean(), *found, times.max()), strict=True)
    }


def measure(engine: Any, grammar: object, documents: list[list[int]]) -> dict[str, Any]:
    start = time.thread_time_ns()
    try:
        engine.compile(grammar)
        compiled = (time.thread_time_ns() - start) / 1e6
        first, *again = [read(engine, documents) for _ in range(3)]
    except DECLINES as error:
        return {"declined": str(error)[:200]}
    return {"compile, ms": round(compiled, 2), "first": quantiles(first), "again": quantiles(np.minimum(*again))}


def main(arguments: argparse.Namespace) -> None:
    vocabulary = tekken()
    peers: dict[str, Callable[[mw.Vocabulary], Any]] = {"llguidance": GrammarLlguidance, "xgrammar": GrammarXgrammar}
    installed = {peer.name: peers[peer.name](vocabulary) for peer in installed_peers()}
    ours = GrammarMaskwright(vocabulary)
    ours.compile(mw.Lark("start: /\\w/"))
    gc.collect()
    gc.freeze()
    rows: dict[str, Any] = {}
    for name, form, given, texts in cases():
        if arguments.only not in name:
            continue
        documents = [vocabulary.tokenize(text.encode()) for text in texts]
        rows[name] = {"tokens": sum(map(len, documents)), "maskwright": measure(ours, form, documents)}
        for peer, grammar in given.items():
            if peer in installed:
                rows[name][peer] = measure(installed[peer], grammar, documents)
        print(name, json.dumps(rows[name], indent=1), flush=True)
    if arguments.out:
        arguments.out.write_text(json.dumps({**conditions(), "rows": rows}, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--only", default="")
    main(parser.parse_args())
