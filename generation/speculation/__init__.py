"""Speculative decoding: cheap drafts, verified many at a time by the model, without a change to the law of the output.

``drafter`` says what a drafter is; ``forced``, ``lookup``, ``recycling``, ``ngram``, ``draft_model`` and
``layer_skip`` are drafters; ``acceptance`` learns how far to trust them; ``growth`` combines them to a tree;
``decoding`` runs the loop.
"""
