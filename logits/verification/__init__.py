"""Verification of drafts: many drafted tokens judged by one forward pass, the law of the output unchanged.

A caller drafts a tree of tokens, runs the model once over its nodes, fills one grammar mask for each node from the
node's own path, and asks ``verify`` which path to keep::

    tree = DraftTree(tokens, parents)             # node 0 is the last token of the text: not drafted, not in the cache
    batch = TreeBatch.of([tree, ...], device)     # padded to [B, N]
    logits = model(batch.tokens, position_ids=batch.position_ids(lengths),
                   attention_mask=batch.attention_mask(past, dtype), ...).logits       # [B, N, V]
    verdict = verify(batch, logits, masks, Target(temperature=0.8, top_p=0.9), generator)
    verdict.paths[b]                              # accepted nodes, the root first: their key-values are kept
    verdict.tokens[b]                             # one more token, drawn from the target after the last of them

so that each pass yields ``len(path) - 1`` accepted tokens and one more. That one is the root of the next tree; it is in
neither the cache nor the tree. It is ``NO_TOKEN`` where the last accepted node allows nothing (it ended the text).

What is kept: the joint law of the tokens is that of drawing each from ``Target`` after the ones before, whatever the
drafts were, if they were made as the rule says:

| rule | drafts of a node | file |
|---|---|---|
| ``SAMPLED`` (default) | any set of tokens, made without the random numbers of this verification | ``sampled.py`` |
| ``RECURSIVE`` | K independent draws from a law q; chains are K = 1 | ``recursive_rejection.py`` |
| ``WITHOUT_REPLACEMENT`` | K draws from q, each without the ones before | ``recursive_rejection.py`` |
| ``K_SEQUENTIAL`` | K independent draws from q | ``k_sequential.py`` |
| ``GREEDY_DRAFTS`` | K - 1 tokens chosen freely, then one drawn from q without these | ``greedy_drafts.py`` |
| ``TRANSPORT``, ``TRANSPORT_WITHOUT_REPLACEMENT`` | as the second and third row | ``transport.py`` |

``verify``'s argument ``draft_laws`` float[B, N, V] holds in row i the law q that the children of node i were drawn
from, in the order of their indexes. It has to be the law actually used: where drafts are filtered by the matcher, mask
and normalise q before drawing, since dropping a forbidden draw afterwards changes the law. For the same reason no drawn
child may be left out because of its token. ``BySource`` uses different rules for different drafters in one tree.

Rules are written against ``Draws``, two primitives that a test can enumerate. On CUDA ``SAMPLED``, ``RECURSIVE`` and
``WITHOUT_REPLACEMENT`` run in Triton kernels (``triton_*.py``), all nodes or all trees at once; elsewhere a walk on the
host looks at the nodes of its path only. Random numbers come from a ``torch.Generator`` of the logits' device (of the
CPU, for a walk on the host), from torch's own, or are given as ``Noise``.

Length limits are the caller's: a tree of depth d yields up to d + 1 tokens.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .descent import BySource, Children, Rule, walk
    from .draws import NO_TOKEN, Draws, GivenDraws, Noise, SeededDraws
    from .greedy_drafts import GREEDY_DRAFTS
    from .k_sequential import K_SEQUENTIAL
    from .recursive_rejection import RECURSIVE, WITHOUT_REPLACEMENT
    from .sampled import SAMPLED
    from .target import Target
    from .transport import TRANSPORT, TRANSPORT_WITHOUT_REPLACEMENT
    from .tree import NO_PARENT, DraftTree, TreeBatch
    from .verdict import Verdict, verify

__all__ = [
    "GREEDY_DRAFTS",
    "K_SEQUENTIAL",
    "NO_PARENT",
    "NO_TOKEN",
    "RECURSIVE",
    "SAMPLED",
    "TRANSPORT",
    "TRANSPORT_WITHOUT_REPLACEMENT",
    "WITHOUT_REPLACEMENT",
    "BySource",
    "Children",
    "DraftTree",
    "Draws",
    "GivenDraws",
    "Noise",
    "Rule",
    "SeededDraws",
    "Target",
    "TreeBatch",
    "Verdict",
    "verify",
    "walk",
]

_MODULES = {
    "GREEDY_DRAFTS": ".greedy_drafts",
    "K_SEQUENTIAL": ".k_sequential",
    "NO_PARENT": ".tree",
    "NO_TOKEN": ".draws",
    "RECURSIVE": ".recursive_rejection",
    "SAMPLED": ".sampled",
    "TRANSPORT": ".transport",
    "TRANSPORT_WITHOUT_REPLACEMENT": ".transport",
    "WITHOUT_REPLACEMENT": ".recursive_rejection",
    "BySource": ".descent",
    "Children": ".descent",
    "DraftTree": ".tree",
    "Draws": ".draws",
    "GivenDraws": ".draws",
    "Noise": ".draws",
    "Rule": ".descent",
    "SeededDraws": ".draws",
    "Target": ".target",
    "TreeBatch": ".tree",
    "Verdict": ".verdict",
    "verify": ".verdict",
    "walk": ".descent",
}


def __getattr__(name: str) -> object:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_MODULES[name], __name__), name)
