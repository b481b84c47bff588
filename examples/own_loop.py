"""Masks in a decoding loop of one's own: fill, choose, accept."""

import numpy as np

import maskwright as mw

vocabulary = mw.Vocabulary.from_tokens([bytes([byte]) for byte in range(256)] + [b""], eos_token_ids=[256])
constraint = mw.compile({"enum": ["red", "green", "blue"]}, vocabulary)
matcher = constraint.matcher()
bitmask = np.zeros((1, (vocabulary.size + 31) // 32), np.int32)
random = np.random.default_rng(5)

while not matcher.is_terminated():
    matcher.fill_next_token_bitmask(bitmask)
    allowed = np.flatnonzero(np.unpackbits(bitmask.view(np.uint8), bitorder="little"))
    token = int(random.choice(allowed))
    print(f"{len(allowed)} allowed, chosen: {vocabulary.tokens[token] or 'end'!r}")
    assert matcher.accept_token(token)
