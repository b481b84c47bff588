"""The plot of accepted drafts is drawn from a result of the benchmark."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

RESULT: dict[str, Any] = {
    "mean_accepted_length": 1.25,
    "passes_with_so_many_accepted": {"0": 40, "1": 30, "2": 20, "9": 6, "12": 4},
    "drafted": {"lookup": 50, "forced <all>": 200},
    "accepted": {"forced <all>": 100},
}
SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture
def plot(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    monkeypatch.syspath_prepend(str(Path(__file__).resolve().parents[1] / "benchmarks"))
    import speculation_plot

    yield speculation_plot
    del sys.modules["speculation_plot"]


def test_bars_and_numbers(plot: Any, tmp_path: Path) -> None:
    path = tmp_path / "accepted.svg"
    plot.write_plot(RESULT, path)
    root = ElementTree.fromstring(path.read_text())
    texts = [each.text or "" for each in root.iter(SVG + "text")]
    assert "Tokens accepted in each of 100 passes: 1.25 in the mean" in texts
    assert texts[texts.index("8 or more") + 1] == "10.0%"
    assert texts[texts.index("forced <all>") + 1] == "100 of 200, 50%"
    assert texts[texts.index("lookup") + 1] == "0 of 50, 0%"
    bars = list(root.iter(SVG + "rect"))
    assert len(bars) == 9 + 2 * 2
    height, width = float(root.attrib["height"]), float(root.attrib["width"])
    for bar in bars:
        assert float(bar.attrib["y"]) + float(bar.attrib["height"]) < height
        assert float(bar.attrib["x"]) + float(bar.attrib["width"]) < width
    widths = [float(bar.attrib["width"]) for bar in bars[-4:]]
    assert widths == pytest.approx([widths[0], widths[0] / 2, widths[0] / 4, 0.0], abs=0.1)
