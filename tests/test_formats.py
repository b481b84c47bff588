"""Formats: the official suite, judges of other hands for dates, addresses, labels and expressions, and the keyword."""

from __future__ import annotations

import calendar
import datetime
import ipaddress
import json
import os
import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import maskwright as mw
from maskwright.grammar.dfa import DEAD, TextDfa
from maskwright.grammar.regex_nodes import Nodes
from maskwright.grammar.regex_syntax import parse
from maskwright.grammar.text_dfa import label_of as accepts
from maskwright.schemas.formats import FORMATS, format_automaton

EXCEPTIONS = Path(__file__).parent / "data" / "format_exceptions.json"
DRAFTS = {
    "draft4": "draft4",
    "draft6": "draft6",
    "draft7": "draft7",
    "draft2019-09": "2019-09",
    "draft2020-12": "2020-12",
}


def in_format(name: str, text: str) -> bool:
    maximum = FORMATS[name].maximum
    return bool(accepts(format_automaton(name), text)) and (maximum is None or len(text) <= maximum)


def constraint(schema: Any, **options: Any) -> mw.Constraint:
    tokens = [bytes([byte]) for byte in range(256)]
    vocabulary = mw.Vocabulary.from_tokens([*tokens, b""], eos_token_ids=[256], special_token_ids=[256])
    return mw.compile(mw.JsonSchema(schema, **options), vocabulary)


def obeys(constraint: mw.Constraint, document: Any) -> bool:
    text = json.dumps(document, ensure_ascii=False).encode()
    matcher = constraint.matcher()
    return matcher.accept_tokens(list(text)) == len(text) and matcher.is_accepting()


# --- the official suite


@pytest.fixture(scope="module")
def format_suite() -> Path:
    """The official suite, in the folder that ``MASKWRIGHT_SUITE`` names."""
    folder = Path(os.environ.get("MASKWRIGHT_SUITE", "")) / "tests"
    if not (folder / "draft7").is_dir():
        pytest.skip("MASKWRIGHT_SUITE names no folder that holds the JSON Schema Test Suite")
    return folder


@pytest.mark.parametrize("draft", DRAFTS)
def test_official_suite(format_suite: Path, draft: str) -> None:
    excepted = {(case["draft"], case["file"], case["description"]) for case in json.loads(EXCEPTIONS.read_text())}
    wrong = set()
    for path in sorted((format_suite / draft / "optional" / "format").glob("*.json")):
        for group in json.loads(path.read_text(encoding="utf-8")):
            judge = constraint(group["schema"], dialect=DRAFTS[draft], property_order="any")
            for test in group["tests"]:
                if obeys(judge, test["data"]) != test["valid"]:
                    wrong.add((draft, path.name, test["description"]))
    assert wrong == {case for case in excepted if case[0] == draft}


# --- examples

VALID = {
    "date-time": [
        "2016-12-31T23:59:60Z",
        "2017-01-01T05:29:60.5+05:30",
        "2015-06-30T19:59:60-04:00",
        "0000-01-01t00:00:00z",
    ],
    "time": ["23:59:60Z", "00:59:60+01:00", "22:59:60-01:00", "00:00:00.000000001-00:00"],
    "duration": ["P1Y2M3DT4H5M6S", "P0W", "PT1M30S", "P1Y", "P10M1D"],
    "email": ['"\\""@a', "a@[IPv6:1:2:3::4:1.2.3.4]", "a@[ipv6:1:2:3:4:5:6:7:8]", "x!#$%&'*+-/=?^_`{|}~@b-c.d"],
    "idn-email": ["é.ü@exämple.com", '"é"@[127.0.0.1]', "a@xn--exmple-cua.com"],
    "hostname": ["a" * 63, ".".join(["a" * 61] * 4) + ".abcde", "xn--a", "1.2.3.4"],
    "idn-hostname": ["bücher.example", "例え。テスト", "אבג.com", "א1.b", "a" * 63, "xn--bcher-kva"],
    "ipv4": ["0.0.0.0", "255.255.255.255"],
    "ipv6": ["::1.2.3.4", "1:2:3:4:5:6:7::", "::2:3:4:5:6:7:8", "1:2:3:4:5:6:1.2.3.4"],
    "uri": ["a:", "urn:a:b", "http://[v1.a:b]:/?#", "file:///x", "a://b@c:1/d;e=%20?f#g", "x:/"],
    "uri-reference": ["", "?a", "//", "a/b:c", ".//:"],
    "iri": ["a://é/?\ue000"],
    "iri-reference": ["", "é", "?é#é"],
    "uri-template": ["", "{+a,b*,c:12}", "{?x.y%20}", "/a{/b}{#c}é"],
    "uuid": ["2EB8AA08-aa98-11ea-B4AA-73B441D16380"],
    "json-pointer": ["", "/", "/a~0~1//\x00é"],
    "relative-json-pointer": ["0", "10/a", "1+2/a", "3-1", "0#"],
    "regex": [r"^(?:a|[^\]b-y0-9_-]{2,10}?)(?=\p{Lu})\u{1F600}$", "()", "[]", "(a(b(c(d(e(f))))))"],
}
INVALID = {
    "date-time": ["2016-12-30T23:59:60Z", "2017-01-01T00:59:60Z", "2016-11-30T23:59:60Z", "2016-12-31T05:29:60+05:30"],
    "time": ["23:59:61Z", "00:59:60+02:00", "24:00:00Z", "23:59:60", "12:00:00.Z", "12:00:00+24:00"],
    "duration": ["P", "PT", "P1Y1D", "PT1H1S", "P1.5D", "P1D1W", "p1d"],
    "email": ["a@", "@b", "a@-b", "a@b-", "a..b@c", "a@[tag:x]", "a@[IPv6:1::2:3:4:5:6:7]", "é@b", "a@b."],
    "idn-email": ["é@", "a@é-", "a@xn--"],
    "hostname": ["a" * 64, ".".join(["a" * 61] * 4) + ".abcdef", "a.", "a..b", "é", "a_b"],
    "idn-hostname": ["א1.1b", "1א", "אa", "Ä", "ab--cd", "é" * 60, "a.", "xn--A", "ﬁ"],
    "ipv4": ["1.2.3", "01.2.3.4", "1.2.3.256", "1.2.3.4."],
    "ipv6": [":::", "1::2::3", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8::", "1:2:3:4:5:6:7:1.2.3.4", "fe80::1%eth0", ":1"],
    "uri": ["", "a", "//a", "a:%", "a:\\", "a://[::1", "a://b:c", "a:é", "1a:b", "a: "],
    "uri-reference": [":", "1:", "a#b#c", "%zz", "é"],
    "iri": ["é:", "a:\ue000", "a:\uffff"],
    "uri-template": ["{", "{}", "{a:0}", "{a:10000}", "{a..b}", "a b", "}", "{^a}"],
    "uuid": ["2EB8AA08aa9811eaB4AA73B441D16380", "{2EB8AA08-aa98-11ea-B4AA-73B441D16380}"],
    "json-pointer": ["a", "/~", "/~2", "#/a"],
    "relative-json-pointer": ["", "-1", "01", "0##", "0a", "1+2#"],
    "regex": [
        "(",
        ")",
        "[",
        "a**",
        "{1}",
        "a{2,1}",
        "[z-a]",
        r"\a",
        r"\1",
        "(?=a)+",
        "(?<n>a)",
        r"[\d-a]",
        r"\u{110000}",
    ],
}


@pytest.mark.parametrize("name", VALID)
def test_valid(name: str) -> None:
    assert [text for text in VALID[name] if not in_format(name, text)] == []


@pytest.mark.parametrize("name", INVALID)
def test_invalid(name: str) -> None:
    assert [text for text in INVALID[name] if in_format(name, text)] == []


# --- judges of other hands


def test_days_are_those_of_the_calendar() -> None:
    for year in (*range(1, 10_000, 77), 1900, 2000, 2100, 2024, 9999):
        for month in range(14):
            days = calendar.monthrange(year, month)[1] if 1 <= month <= 12 else 0
            for day in (0, 1, 27, 28, 29, 30, 31, 32):
                assert in_format("date", f"{year:04}-{month:02}-{day:02}") == (1 <= day <= days)
    for year in range(1, 10_000):
        assert in_format("date", f"{year:04}-02-29") == calendar.isleap(year)


@given(
    st.datetimes(datetime.datetime(1, 1, 2), datetime.datetime(9999, 12, 30)), st.integers(-1439, 1439), st.booleans()
)
def test_leap_seconds_are_those_of_utc(moment: datetime.datetime, offset: int, near: bool) -> None:
    if near:
        moment = datetime.datetime(moment.year, random.Random(offset).choice([6, 12]), 30, 23, 59)
        moment += datetime.timedelta(days=moment.month == 12)
    local = moment + datetime.timedelta(minutes=offset)
    hours, minutes = divmod(abs(offset), 60)
    clock = f"{local:%H:%M}:60.25{'-' if offset < 0 else '+'}{hours:02}:{minutes:02}"
    last_minute = (moment.hour, moment.minute) == (23, 59)
    assert in_format("time", clock) == last_minute
    last_day = (moment.month, moment.day) in ((6, 30), (12, 31))
    assert in_format("date-time", f"{local.year:04}-{local:%m-%d}T{clock}") == (last_minute and last_day)


@given(
    st.from_regex(r"[0-9a-f:.]{1,20}", fullmatch=True)
    | st.lists(st.sampled_from(["1", "ffff", "0:", ":", "::", "1.2.3.4"])).map("".join)
)
def test_addresses_are_those_of_ipaddress(text: str) -> None:
    for name, kind in (("ipv4", ipaddress.IPv4Address), ("ipv6", ipaddress.IPv6Address)):
        try:
            kind(text)
        except ipaddress.AddressValueError:
            assert not in_format(name, text)
        else:
            assert in_format(name, text)


@given(
    st.lists(
        st.sampled_from(
            "abl1-\u00b7\u00fc\u00df\u0375\u03b1\u05d0\u05f3\u0628\u0660\u06f0\u064b\u0915\u094d\u200c\u200d\u30fb\u30a1\u4e08\u0300A\u00c4\u3164"
        ),
        max_size=6,
    ).map("".join)
)
def test_labels_are_those_of_idna(label: str) -> None:
    idna = pytest.importorskip("idna")
    if label.isascii():
        return
    problem = None
    try:
        idna.check_label(label)
    except idna.IDNAError as error:
        problem = str(error)
    if problem is None or "Normalization Form C" not in problem:
        assert in_format("idn-hostname", label) == (problem is None)


def walk(automaton: TextDfa, rng: random.Random) -> str:
    """A random text of the automaton, or one that is given up on and does not belong to it."""
    alphabet, dfa = automaton.alphabet, automaton.dfa
    ends = np.append(alphabet.starts[1:], 0x3000)
    state, text, length = dfa.start, "", rng.randint(0, 40)
    while len(text) < 100 and not (dfa.labels[state] and len(text) >= length):
        symbol = rng.choice(np.flatnonzero(dfa.transitions[state] != DEAD).tolist())
        places = [i for i in np.flatnonzero(alphabet.classes == symbol).tolist() if alphabet.starts[i] < 0x3000]
        place = rng.choice(places)
        text += chr(rng.randrange(int(alphabet.starts[place]), min(int(ends[place]), 0x3000)))
        state = int(dfa.transitions[state, symbol])
    return text


def test_expressions_are_valid() -> None:
    rng = random.Random(5)
    texts = [walk(format_automaton("regex"), rng) for _ in range(1500)]
    texts = [text for text in texts if in_format("regex", text)]
    assert len(texts) > 1000
    for text in texts:
        parse(text, Nodes())


# --- the keyword


@pytest.mark.parametrize("dialect", ["draft4", "draft7", "2020-12"])
def test_known_formats_are_asserted_in_every_dialect(dialect: str) -> None:
    judge = constraint({"format": "date"}, dialect=dialect)
    assert obeys(judge, "2024-02-29")
    assert obeys(judge, 3)
    assert not obeys(judge, "2023-02-29")
    assert judge.notes == ()


def test_formats_as_annotations() -> None:
    judge = constraint({"properties": {"a": {"format": "date"}, "b": {"format": "made-up"}}}, formats="annotate")
    assert obeys(judge, {"a": "x", "b": "y"})
    assert judge.notes == ()


def test_notes() -> None:
    inner = {"type": "integer", "format": "int32"}
    judge = constraint({"properties": {"a": inner, "b": {**inner, "minimum": 0}, "c": {"format": "regex"}}})
    first, second = judge.notes
    assert first == (
        "the format 'int32' is not known and not enforced (say what it means by a pattern or bounds); "
        "first at /properties/a/format"
    )
    assert second.startswith("the format 'regex' is enforced, but only expressions without back-references")


def test_what_is_no_name_of_a_format() -> None:
    with pytest.raises(mw.InvalidSchema) as caught:
        constraint({"items": {"format": 3}})
    assert caught.value.pointer == "/items/format"


def test_formats_with_other_conditions() -> None:
    address = constraint({"type": "string", "anyOf": [{"format": name} for name in ("ipv4", "hostname", "ipv6")]})
    assert all(obeys(address, text) for text in ("1.2.3.4", "::1", "a.b", "a" * 63))
    assert not any(obeys(address, text) for text in ("", "a b", ".".join(["a" * 62] * 5)))
    both = constraint({"type": "string", "format": "date", "pattern": "-29$", "maxLength": 20})
    assert [obeys(both, f"{day}-29") for day in ("2024-02", "2023-02")] == [True, False]
    assert not obeys(both, "2024-02-28")
    with pytest.raises(mw.UnsatisfiableSchema):
        constraint({"type": "string", "format": "date", "maxLength": 9})
    with pytest.raises(mw.UnsatisfiableSchema):
        constraint({"type": "string", "format": "uuid", "pattern": "^x"})


@pytest.mark.parametrize("name", FORMATS)
def test_automata_stay_small(name: str) -> None:
    assert len(format_automaton(name).dfa.labels) < 20_000


def test_fifty_properties_share_the_automaton_of_their_format() -> None:
    """Their values differ in other ways, so that each has a node of its own."""
    properties = {f"p{i}": {"type": ["string", "integer"], "format": "date-time", "minimum": i} for i in range(50)}
    schema = {"type": "object", "properties": properties, "required": list(properties)}
    shared = constraint(schema, limits=mw.Limits(memory=8 * 2**20))
    assert obeys(shared, dict.fromkeys(properties, "2024-02-29T12:00:00Z"))
    assert not obeys(shared, dict.fromkeys(properties, "2023-02-29T12:00:00Z"))
