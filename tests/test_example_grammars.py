"""The grammars in ``examples``: LALR(1) for Lark itself, and read here without a remark."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import lark
import pytest

from maskwright.grammar.cfg.lark_form import Lark
from maskwright.grammar.cfg.lark_grammar import read_lark
from maskwright.grammar.limits import Budget

FOLDER = Path(__file__).resolve().parents[1] / "examples"

C_PROGRAM = """
#include <stdio.h>
#define MAX(a, b) \\
    ((a) > (b) ? (a) : (b))

struct point { int x, y; double *weights; };
enum colour { RED, GREEN = 2, };
static const unsigned long long table[] = {1, 2, 0xFFul, };

/* The greatest
   common divisor. */
int gcd(int a, int b) {
    while (b != 0) { int t = a % b; a = b; b = t; }
    return a;
}

int main(int argc, char **argv) {
    struct point p;
    double mean = 0., *q = &mean;
    for (int i = 0; i < argc; i++)
        if (argv[i][0] == '-' && !(p.x >> 2 & 1)) printf("%s\\n" "!", argv[i]);
        else if (i) continue; else { break; }
    do { p.y += (int) *q * sizeof(struct point); } while (--argc > 0);
    switch (p.x) { case 1: case 1 + 1: return 0; default: ; }
    q[gcd(3, 4)] = mean ? -1.5e3f : p.weights[0], p.x <<= 1; // done
    return (p.x | p.y) ^ ~0;
}
"""

SAMPLES: dict[str, tuple[list[str], list[str]]] = {
    "arithmetic": (["1", "-2 * (x + 3.5e2) ^ -2", "f(1, g()) % 3"], ["", "1 +", "2 x", "f(1,)", "1.", "(1"]),
    "json": (
        ['{"a": [1, -2.5e3, true, null, "\\u00e9\\n"], "b": {}}', " [ ] ", '""', "0"],
        ["", "{", "[1,]", "01", '"\\x"', '"\n"', "{'a': 1}", "[1 2]", "nul"],
    ),
    "sql": (
        [
            "SELECT * FROM t",
            "select distinct a.b, count(*) as n from s.a a left join c on a.x = c.y and not c.z is null "
            "where a.b between 1 and 2 or a.c in (select id from d) group by a.b having count(*) > 3 "
            "order by n desc, 1 limit 10 offset 5;",
            "INSERT INTO t (a, b) VALUES (1, 'it''s'), (NULL, -2.5e3); update t set a = a + 1 where b like 'x%'",
            "SELECT CASE WHEN x <> 1 THEN 'a' ELSE \"odd name\" END FROM (SELECT 1 AS x UNION ALL SELECT 2) u -- end",
            "create table if not exists t (id integer primary key, v varchar(10) default 'x', r int references s (id))",
            "DELETE FROM t WHERE EXISTS (SELECT 1) AND CAST(a AS int) NOT IN (1, 2)",
            "SELECT selected FROM fromage",
        ],
        [
            "",
            "SELECT",
            "SELECT FROM t",
            "SELECT a b c FROM t",
            "SELECT * FROM t WHERE",
            "INSERT t VALUES (1)",
            "SELECT 'a",
        ],
    ),
    "c": (
        [C_PROGRAM, "int x;", "void f(void) { if (a) if (b) c; else d; }", "extern char *s, t[3][4];"],
        ["", "int", "int x", "int f() { return }", "void f() { else; }", "int a[;", "x = 1;", "int f() { int if; }"],
    ),
}


@cache
def parser(name: str) -> lark.Lark:
    return lark.Lark((FOLDER / f"{name}.lark").read_text(), parser="lalr", strict=True)


@pytest.mark.parametrize("name", SAMPLES)
def test_lark_agrees(name: str) -> None:
    members, others = SAMPLES[name]
    for member in members:
        parser(name).parse(member)
    for other in others:
        with pytest.raises(lark.exceptions.UnexpectedInput):
            parser(name).parse(other)


@pytest.mark.parametrize("name", SAMPLES)
def test_is_read(name: str) -> None:
    grammar = read_lark(Lark(FOLDER / f"{name}.lark"), Budget())
    assert not grammar.notes
    assert len(grammar.rules) == len(parser(name).rules)
