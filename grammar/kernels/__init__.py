"""The compiled half of the engine: numba kernels over flat arrays.

Reading order: ``layout`` (what the arrays hold), ``pointers`` and ``compilation`` (how kernels reach and share them),
``text`` (code points), ``keys`` (sorted key sets), ``frames`` (open containers), ``key_steps``, ``string_steps`` and
``structure`` (one byte of the automaton), ``masks`` (walks over token tries), ``entry`` (what the matcher calls).
What is on disk is loaded at import; the rest is compiled when it is called first.
"""

from . import numba_version as numba_version  # before all that takes numba's internals for what they were
