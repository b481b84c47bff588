"""Random grammars whose terminals collide, and what the tests of grammars share."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest
from hypothesis import strategies as st
from numpy.typing import NDArray

from maskwright.grammar.automaton import Automaton
from maskwright.grammar.cfg.interpreter import Configuration, GrammarInterpreter
from maskwright.grammar.cfg.lark_form import Lark
from maskwright.grammar.cfg.lark_grammar import read_lark
from maskwright.grammar.cfg.model import Embedded, Grammar, Lexing
from maskwright.grammar.cfg.tables import GrammarTables
from maskwright.grammar.dfa import DEAD
from maskwright.grammar.errors import InvalidGrammar
from maskwright.grammar.kernels import layout as at
from maskwright.grammar.limits import Budget, Limits
from maskwright.grammar.matcher import Constraint, Matcher
from maskwright.grammar.token_tables import tables_of
from maskwright.grammar.vocabulary import Vocabulary

END = 256
TOKENS = (*(bytes([byte]) for byte in range(256)), b"",
          b"aa", b"ab", b"ba", b"a b", b"b ", b" a", b"  ", b"if", b"ifa", b"a+", b"+a", b"a)", b"(a", b"((", b"))",
          b"/*", b"*/", b"a/*b", b"*/a", b"/a", b"11", b"1.", b".1", b"1.a", b"1a", b"a1", b"aba", b"bab",
          b"list", b"listen", b"ed", b"end", b"a\n", b"\n ", b"\n  a", b"ab+ab (a", b"i", b"f",
          b"#a ", b"\n\f", b":\n", "é".encode(), "aé".encode(), "éa".encode(), "é日".encode(), "日é/".encode(),
          b"a\xc3", b"\xa9a", b"\xe6\x97", b"a\xf0\x9f\x98", b"\x9f\x98\x80 ", b"\xc3a")  # fmt: skip
VOCABULARY = Vocabulary.from_tokens(TOKENS, eos_token_ids=[END], special_token_ids=[END])

MOST_THREADS = 100
"""Where a walk ends: the slow interpreter writes all stacks out, of which ambiguous texts have many."""

STRINGS = ("a", "b", "aa", "ab", "aba", "if", "i", "+", "(", ")", "/", "*", ".", "1", "1.", "list", "ed", "é", "e")
PATTERNS = (
    r"/[ab]+/",
    r"/[a-z]+/",
    r"/[a-z][a-z0-9]*/",
    r"/[0-9]+/",
    r"/[0-9]+\.[0-9]*/",
    r"/a+?b?/",
    r"/a|ab/",
    r"/ab|a/",
    r"/a*b/",
    r"/a(?!b)/",
    r"/a(?=b)/",
    r"/a(?!ba)|ab/",
    r"/[ab]+(?!\+)/",
    r"/i[a-z]?(?![a-z0-9])/",
    r"/\/\*.*?\*\//",
    r"/[^\/ ]+/",
    '"list"|"listen"',
    '"if"i',
    r"/[^ ](?=[ab+])/",
)
IGNORED = (None, '" "', r"/ +/", r"/\/\*.*?\*\//", "/[ a]/")


@dataclass(frozen=True)
class Case:
    """A grammar as Lark's text: ``rules[n]`` are the alternatives of nonterminal ``n``, of names of symbols."""

    rules: tuple[tuple[tuple[str, ...], ...], ...]
    patterns: tuple[str, ...]
    ignored: str | None

    def __repr__(self) -> str:
        return f"\n{self.text}\n"

    @property
    def text(self) -> str:
        lines = [
            f"n{number}: " + "\n  | ".join(" ".join(symbols) for symbols in alternatives)
            for number, alternatives in enumerate(self.rules)
        ]
        lines += [f"T{number}: {pattern}" for number, pattern in enumerate(self.patterns)]
        if self.ignored is not None:
            lines += [f"SKIPPED: {self.ignored}", "%ignore SKIPPED"]
        return "\n".join(lines)


@st.composite
def cases(draw: st.DrawFn) -> Case:
    """Recursive, ambiguous and nullable grammars of few symbols."""
    patterns = tuple(draw(st.lists(st.sampled_from(PATTERNS), max_size=3, unique=True)))
    strings = draw(st.lists(st.sampled_from(STRINGS), min_size=1, max_size=3, unique=True))
    size = draw(st.integers(1, 4))
    symbols = [f"n{number}" for number in range(size)] + [f'"{string}"' for string in strings]
    symbols += [f"T{number}" for number in range(len(patterns))]
    expansions = st.lists(st.sampled_from(symbols), max_size=3).map(tuple)
    rules = draw(
        st.lists(st.lists(expansions, min_size=1, max_size=3, unique=True).map(tuple), min_size=size, max_size=size)
    )
    return Case(tuple(rules), patterns, draw(st.sampled_from(IGNORED)))


class Pair:
    """The kernels and the slow interpreter, reading the same text."""

    def __init__(self, grammar: Grammar, constraint: Constraint | None = None) -> None:
        self.constraint = constraint or constraint_of(grammar)
        automaton = self.constraint._automaton
        assert automaton.grammar is not None
        nodes = {
            number: int(automaton.grammar._terminals[number, at.TERMINAL_NODE])
            for number, terminal in enumerate(grammar.terminals)
            if isinstance(terminal.content, Embedded)
        }
        self.interpreter = GrammarInterpreter(grammar, Budget(Limits()), automaton, nodes, automaton.grammar.is_exact)
        self.matcher: Matcher = self.constraint.matcher()
        self.configurations: list[Configuration] = [self.interpreter.start()]
        self.read: list[bytes] = []

    @property
    def configuration(self) -> Configuration:
        return self.configurations[-1]

    def check(self, sort_tokens: bool = False) -> NDArray[np.int64]:
        """Compare masks and whether the text may end; the tokens that are allowed.

        ``sort_tokens``: as matchers do where masks took many steps.
        """
        vocabulary = self.constraint.vocabulary
        expected = self.interpreter.mask(self.configuration, vocabulary)
        if sort_tokens:
            self.sort_tokens()
        found = mask_of(self.matcher)
        different = [vocabulary.tokens[token] or "end" for token in np.flatnonzero(expected != found)]
        assert not different, f"after {b''.join(self.read)!r} judged differently: {different}"
        assert self.matcher.is_accepting() == self.interpreter.is_accepting(self.configuration)
        return np.flatnonzero(found & (np.array(vocabulary.spelled, object) != b""))

    def sort_tokens(self) -> None:
        """Make the records from which masks are put together, of the scanner's state and of all contexts."""
        mask_of(self.matcher)  # compiles the contexts that matter
        automaton, slots = self.constraint._automaton, self.matcher._slots
        tables = automaton.grammar
        assert tables is not None
        history = self.matcher._history[int(slots[at.LENGTH]) * at.CONFIGURATION :]
        if history[at.MODE] == at.GRAMMAR and history[at.A] != DEAD:
            tables.sort_tokens_of_state(int(history[at.A]), slots)
        for context in np.flatnonzero(tables._context_records[:, at.CONTEXT_READY]):
            for place in range(int(slots[at.PLACE_COUNT])):
                tables.sort_tokens_of_context(int(context) * int(slots[at.PLACE_COUNT]) + place, slots)
        self.matcher._install_shared()

    def accept(self, token: int) -> bool:
        """Read a token in both, if it is allowed."""
        content = self.constraint.vocabulary.spelled[token]
        after = self.interpreter.read(self.configuration, content)
        accepted = self.matcher.accept_token(token)
        assert accepted == (after is not None), (b"".join(self.read), content, accepted)
        if after is not None:
            self.configurations.append(after)
            self.read.append(content)
        return accepted

    def rollback(self, count: int) -> None:
        self.matcher.rollback(count)
        del self.configurations[len(self.configurations) - count :]
        del self.read[len(self.read) - count :]

    def walk(self, generator: random.Random, steps: int) -> None:
        """Take random allowed tokens; check everything at each, also after going back and in a copy."""
        for _ in range(steps):
            allowed = self.check(sort_tokens=generator.random() < 0.5)
            if len(allowed) == 0 or len(self.configuration) > MOST_THREADS:
                return
            if generator.random() < 0.2:
                self.rollback(generator.randint(0, min(3, len(self.read))))
            elif generator.random() < 0.1:
                self.matcher = self.matcher.fork()
            else:
                single = allowed[allowed < END]
                wanted = single if len(single) and generator.random() < 0.5 else allowed
                self.accept(int(generator.choice(list(wanted))))


def mask_of(matcher: Matcher) -> NDArray[np.bool_]:
    size = len(matcher.constraint.vocabulary.tokens)
    bitmask = np.zeros((1, -(-size // 32)), np.int32)
    matcher.fill_next_token_bitmask(bitmask)
    return np.unpackbits(bitmask.view(np.uint8), bitorder="little")[:size].astype(np.bool_)


def grammar_of(text: str, start: str = "start", indenter: object = None, lexing: Lexing = Lexing.LONGEST) -> Grammar:
    """The grammar of a text of Lark's, for scannerless lexing without Lark's keywords."""
    grammar = read_lark(Lark(text, start, indenter), Budget(Limits()))
    if lexing is Lexing.LONGEST:
        return grammar
    none: dict[str, Any] = {"keywords": {}, "keyword_only": frozenset(), "folded_keywords": ()}
    terminals = tuple(replace(terminal, **none) for terminal in grammar.terminals)
    return replace(grammar, lexing=lexing, terminals=terminals)


class _NoValues:
    """The compiler of an automaton without values of its own."""

    def compile_node(self, node: int) -> None:
        raise AssertionError(node)

    compile_state = compile_node

    def node_after(self, node: int, items: bytes) -> int:
        raise AssertionError(node, items)


def constraint_of(grammar: Grammar, vocabulary: Vocabulary = VOCABULARY) -> Constraint:
    budget = Budget(Limits())
    automaton = Automaton(at.COMPACT, budget)
    automaton.grammar = GrammarTables(grammar, {}, tables_of(vocabulary), budget)
    return Constraint(automaton, _NoValues(), vocabulary, grammar.notes)


def refusal(reading: Callable[[], object], said: str, place: tuple[int, int]) -> InvalidGrammar:
    """The error that ``reading`` a grammar raises: it says ``said``, of this line and column."""
    with pytest.raises(InvalidGrammar) as caught:
        reading()
    assert said in str(caught.value)
    assert (caught.value.line, caught.value.column) == place
    return caught.value


def judged(constraint: Constraint, content: bytes) -> bool:
    """Is ``content`` a member, byte by byte? The vocabulary is to hold the bytes as its first tokens."""
    matcher = constraint.matcher()
    return matcher.accept_tokens(list(content)) == len(content) and matcher.is_accepting()


def texts_of(letters: Sequence[str], seed: int, count: int, longest: int) -> list[bytes]:
    generator = random.Random(seed)
    return ["".join(generator.choices(letters, k=generator.randint(0, longest))).encode() for _ in range(count)]
