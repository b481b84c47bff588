"""SQL that runs: a grammar made for the tables at hand, so that every query is valid and only reads."""

import sqlite3

import maskwright as mw

TABLES = {"people": ["name", "age", "town"], "towns": ["town", "country"]}


def grammar(tables: dict[str, list[str]]) -> mw.Lark:
    """Queries of one table each, which name its own columns only."""
    rules = [f"start: {' | '.join(tables)}"]
    for table, columns in tables.items():
        names = " | ".join(f'"{column}"' for column in columns)
        rules += [
            f'{table}: "SELECT " {table}_what " FROM {table}" (" WHERE " {table}_test)? (" LIMIT " NUMBER)?',
            f'{table}_what: "COUNT(*)" | {table}_column (", " {table}_column)~0..2',
            f'{table}_test: {table}_column (" = " | " < " | " > ") (NUMBER | TEXT)',
            f"{table}_column: {names}",
        ]
    return mw.Lark("\n".join([*rules, "NUMBER: /[1-9][0-9]{0,2}/", "TEXT: /'[A-Za-z ]{0,12}'/"]))


database = sqlite3.connect(":memory:")
for table, columns in TABLES.items():
    database.execute(f"CREATE TABLE {table} ({', '.join(columns)})")
database.executemany("INSERT INTO people VALUES (?, ?, ?)", [("Ada", 36, "London"), ("Grace", 85, "New York")])

for seed in range(5):
    result = mw.generate(None, "Which people are there?", schema=grammar(TABLES), do_sample=True, seed=seed)
    if result.finish_reason == "stop":
        print(result.text)
        print("   ", database.execute(result.text).fetchall())
