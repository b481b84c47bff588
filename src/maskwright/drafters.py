"""Drafters for ``maskwright.Speculation``, and the decoding for ``custom_generate`` of transformers."""

from .generation.speculation.decoding import SpeculativeDecoding
from .generation.speculation.draft_model import DraftModel
from .generation.speculation.forced import Forced
from .generation.speculation.layer_skip import LayerSkip
from .generation.speculation.lookup import Lookup
from .generation.speculation.ngram import NGram
from .generation.speculation.recycling import Recycling

__all__ = ["DraftModel", "Forced", "LayerSkip", "Lookup", "NGram", "Recycling", "SpeculativeDecoding"]
