"""Typed pointers and calls from addresses.

A kernel takes one array of addresses instead of fifty arrays, and calls the largest kernels through theirs.

Passing an array to a kernel costs some 50 ns; an address in a slot costs a load. There are no bounds checks: every
address comes from an array that the matcher or its constraint keeps alive.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types
from numba.extending import intrinsic


def _pointer_to(element: Any) -> Any:
    @intrinsic
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


@intrinsic
def atomic_add(typing_context: Any, address: Any, amount: Any) -> Any:
    """Add to the int64 at ``address``, and return what it was: one step for all threads, and a fence between them."""

    def generate(context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        pointer = builder.inttoptr(arguments[0], ir.PointerType(ir.IntType(64)))
        return builder.atomic_rmw("add", pointer, arguments[1], "seq_cst")

    return Long(Long, Long), generate


def _call(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
    result = context.get_value_type(signature.return_type)
    parameters = [context.get_value_type(argument) for argument in signature.args[1:]]
    function = builder.inttoptr(arguments[0], ir.PointerType(ir.FunctionType(result, parameters)))
    return builder.call(function, arguments[1:])


@intrinsic
def call_walk(
    typing_context: Any,
    address: Any,
    slots: Any,
    stack: Any,
    mask: Any,
    trie: Any,
    i: Any,
    end: Any,
    low: Any,
    high: Any,
) -> Any:
    """Call ``walks.walk`` through its address."""
    return Long(Long, Longs, Ints, Words, Long, Long, Long, Long, Long), _call


@intrinsic
def call_step(typing_context: Any, address: Any, slots: Any, stack: Any, depth: Any, byte: Any) -> Any:
    """Call ``structure.step_once`` or ``rarer_step`` through its address."""
    return Long(Long, Longs, Ints, Long, Long), _call


@intrinsic
def call_finished(typing_context: Any, address: Any, slots: Any, frame: Any, outcome: Any, end: Any, top: Any) -> Any:
    """Call ``frames.frame_with_finished`` through its address."""
    return Long(Long, Longs, Long, Long, Long, Long), _call


@intrinsic
def call_fill(typing_context: Any, address: Any, slots: Any, stack: Any, mask: Any) -> Any:
    """Call ``grammar_masks.fill_grammar`` through its address."""
    return Long(Long, Longs, Ints, Words), _call


@intrinsic
def call_restart(typing_context: Any, address: Any, slots: Any, stack: Any, mask: Any, row: Any, base: Any) -> Any:
    """Call ``grammar_masks.restart`` through its address."""
    return Long(Long, Longs, Ints, Words, Longs, Long), _call


@intrinsic
def address_of_words(typing_context: Any, pointer: Any) -> Any:
    """The address that a pointer to uint32 holds."""

    def generate(context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        return builder.ptrtoint(arguments[0], ir.IntType(64))

    return Long(Words), generate
