"""Typed pointers from addresses, so that a kernel takes one array instead of fifty.

Passing an array to a kernel costs some 50 ns; an address in a slot costs a load. There are no bounds checks: every
address comes from an array that the matcher or its constraint keeps alive.
"""

from __future__ import annotations

from typing import Any

from numba import types
from numba.extending import intrinsic


def _pointer_to(element: Any) -> Any:
    @intrinsic  # type: ignore[untyped-decorator]
    def pointer(typing_context: Any, address: Any) -> Any:
        signature = types.CPointer(element)(types.int64)

        def generate(context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
            return builder.inttoptr(arguments[0], context.get_value_type(types.CPointer(element)))

        return signature, generate

    return pointer


bytes_at = _pointer_to(types.uint8)
halves_at = _pointer_to(types.uint16)
ints_at = _pointer_to(types.int32)
words_at = _pointer_to(types.uint32)
longs_at = _pointer_to(types.int64)

Bytes = types.CPointer(types.uint8)
Halves = types.CPointer(types.uint16)
Ints = types.CPointer(types.int32)
Words = types.CPointer(types.uint32)
Longs = types.CPointer(types.int64)
Long = types.int64
Flag = types.boolean
Nothing = types.void
