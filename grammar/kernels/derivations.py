"""What a grammar's symbols derive and show, by worklists linear in the size of the grammar.

Rules are flat: ``symbols`` of all, one rule after the other, ``ends`` (where each rule's are over), ``origins``. A
symbol is a terminal, or ``~n`` for a nonterminal.
"""

from __future__ import annotations

import numpy as np

from .compilation import kernel
from .pointers import Nothing
from .scanner_product import Bytes1, Ints1


@kernel(Nothing, Ints1, Ints1, Ints1, Bytes1, Bytes1, entry=True)
def derive(symbols, ends, origins, given, found):
    """Set ``found`` of every nonterminal with a rule all of whose symbols are found; of terminals, those ``given``."""
    missing = np.zeros(len(ends), np.int32)
    users_at = np.zeros(len(found) + 1, np.int32)
    queue = np.zeros(len(found), np.int32)
    for symbol in symbols:
        if symbol < 0:
            users_at[~symbol + 1] += 1
    for nonterminal in range(len(found)):
        users_at[nonterminal + 1] += users_at[nonterminal]
    users = np.zeros(users_at[len(found)], np.int32)
    filled = users_at[:-1].copy()
    length = 0
    start = 0
    for rule in range(len(ends)):
        for i in range(start, ends[rule]):
            symbol = symbols[i]
            if symbol < 0:
                missing[rule] += 1
                users[filled[~symbol]] = rule
                filled[~symbol] += 1
            elif given[symbol] == 0:
                missing[rule] += 1
        start = ends[rule]
        if missing[rule] == 0 and found[origins[rule]] == 0:
            found[origins[rule]] = 1
            queue[length] = origins[rule]
            length += 1
    done = 0
    while done < length:
        nonterminal = queue[done]
        done += 1
        for k in range(users_at[nonterminal], users_at[nonterminal + 1]):
            rule = users[k]
            missing[rule] -= 1
            if missing[rule] == 0 and found[origins[rule]] == 0:
                found[origins[rule]] = 1
                queue[length] = origins[rule]
                length += 1


@kernel(Nothing, Ints1, Ints1, Ints1, Bytes1, Bytes1, entry=True)
def reach(symbols, ends, origins, terminals, nonterminals):
    """Set ``terminals`` and ``nonterminals`` where a derivation shows them; it begins with what is set."""
    count = len(nonterminals)
    rules_at = np.zeros(count + 1, np.int32)
    for origin in origins:
        rules_at[origin + 1] += 1
    for nonterminal in range(count):
        rules_at[nonterminal + 1] += rules_at[nonterminal]
    filled = rules_at[:-1].copy()
    rules = np.zeros(len(origins), np.int32)
    for rule in range(len(origins)):
        rules[filled[origins[rule]]] = rule
        filled[origins[rule]] += 1
    queue = np.zeros(count, np.int32)
    length = 0
    for nonterminal in range(count):
        if nonterminals[nonterminal] != 0:
            queue[length] = nonterminal
            length += 1
    done = 0
    while done < length:
        nonterminal = queue[done]
        done += 1
        for k in range(rules_at[nonterminal], rules_at[nonterminal + 1]):
            rule = rules[k]
            for i in range(ends[rule - 1] if rule > 0 else 0, ends[rule]):
                symbol = symbols[i]
                if symbol >= 0:
                    terminals[symbol] = 1
                elif nonterminals[~symbol] == 0:
                    nonterminals[~symbol] = 1
                    queue[length] = ~symbol
                    length += 1
