"""Whether some string satisfies several conditions: told by a likely one, against the automaton of all of them."""

from __future__ import annotations

from unittest.mock import patch

from hypothesis import given, settings
from hypothesis import strategies as st

from maskwright.grammar.limits import Budget
from maskwright.schemas import theory_strings
from maskwright.schemas.atoms import HasFormat, LengthAtLeast, Matches, StringAtom, StringIn
from maskwright.schemas.theory_strings import some_string, string_satisfies

ATOMS = st.sampled_from(
    [
        *map(Matches, ("ab", "^a", "b$", "^a*$", "a.b", "^..$", "^[a-c]{3,5}$", "[^a]", "^(ab|c)+$", "", "\\d")),
        *map(LengthAtLeast, (1, 2, 4, 9)),
        *(StringIn(frozenset(values)) for values in ({"ab", "b"}, {"", "a"})),
        HasFormat("date"),
        HasFormat("ipv4"),
    ]
)


def without_likely(positive: list[StringAtom], negative: list[StringAtom]) -> tuple[bool, bool]:
    with patch.object(theory_strings, "_likely_string", lambda *_: None):
        witness = some_string(positive, negative, Budget())
    return witness is not None, witness is not None and witness.abundant


@settings(max_examples=400, deadline=None)
@given(st.lists(ATOMS, max_size=4), st.lists(ATOMS, max_size=4))
def test_a_likely_string_is_as_good_as_the_automaton(positive: list[StringAtom], negative: list[StringAtom]) -> None:
    budget = Budget()
    witness = some_string(positive, negative, budget)
    assert (witness is not None, witness is not None and witness.abundant) == without_likely(positive, negative)
    if witness is not None:
        text = witness.value
        assert isinstance(text, str)
        assert all(string_satisfies(atom, text, budget) for atom in positive)
        assert not any(string_satisfies(atom, text, budget) for atom in negative)
