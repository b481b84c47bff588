"""The bundled tiny model: 1.5 million parameters that answer instructions with small JSON documents.

It is there for examples, tests and a first try without a download; it knows the shapes of everyday records, not facts.
``scripts/train_tiny_model.py`` makes it. torch and transformers are imported when the model is loaded, not before.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

TINY_MODEL_PATH = Path(__file__).resolve().parent / "tiny_model"
"""A folder that ``AutoModelForCausalLM.from_pretrained`` and ``AutoTokenizer.from_pretrained`` read."""


def load_tiny_model() -> tuple[PreTrainedModel, PreTrainedTokenizerBase]:
    """A new copy of the model, in float32 and in evaluation mode on the CPU, and its tokenizer; needs no network.

    ``tokenizer(prompt)`` frames the prompt as the model expects it: a document follows. For text to be tokenised as it
    stands, pass ``add_special_tokens=False``.
    """
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    tokenizer: PreTrainedTokenizerBase = AutoTokenizer.from_pretrained(TINY_MODEL_PATH, local_files_only=True)
    model: PreTrainedModel = AutoModelForCausalLM.from_pretrained(
        TINY_MODEL_PATH, local_files_only=True, dtype=torch.float32
    )
    return model, tokenizer
