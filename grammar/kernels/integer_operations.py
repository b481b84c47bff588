"""Shortcuts for operations on integers, which is what kernels consist of.

For each ``a + b`` numba goes through all that a sum may be (of arrays, strings, tuples, ...), in inference and again in
lowering: a quarter of the time that it takes to compile all kernels. What the operation is on integers of these types
is asked once here.
"""

from __future__ import annotations

import operator
from typing import Any

from numba.core import types
from numba.core.lowering import Lower

_NAMES = (
    *("add", "sub", "mul", "floordiv", "mod", "and_", "or_", "xor", "lshift", "rshift"),
    *("iadd", "isub", "imul", "ifloordiv", "imod", "iand", "ior", "ixor", "ilshift", "irshift"),
    *("lt", "le", "gt", "ge", "eq", "ne", "neg", "invert", "not_"),
)
_OPERATORS = frozenset(getattr(operator, name) for name in _NAMES)
_signatures: dict[tuple[Any, ...], Any] = {}


def _is_whole(a_type: Any) -> bool:
    return isinstance(a_type, (types.Integer, types.Boolean))


class RememberingContext:
    """numba's typing context, which asks once what an operation on integers, or a cast of one, is."""

    def __init__(self, context: Any) -> None:
        self._context = context

    def __getattr__(self, name: str) -> Any:
        return getattr(self._context, name)

    def resolve_function_type(self, function: Any, arguments: Any, keywords: Any) -> Any:
        is_cast = isinstance(function, types.NumberClass)
        is_operator = isinstance(function, types.Function) and function.typing_key in _OPERATORS
        plain = tuple(types.unliteral(argument) for argument in arguments)
        if not (is_cast or is_operator) or keywords or not all(map(_is_whole, plain)):
            return self._context.resolve_function_type(function, arguments, keywords)
        signature = _signatures.get((function, *plain))
        if signature is None:
            signature = self._context.resolve_function_type(function, plain, keywords)
            _signatures[function, *plain] = signature
        return signature


class LowerIntegers(Lower):  # type: ignore[misc, unused-ignore]
    """numba's lowering, which takes a binary operation on integers for what inference has found."""

    def lower_binop(self, result_type: Any, expression: Any, function: Any) -> Any:
        signature = self.fndesc.calltypes[expression]
        if function not in _OPERATORS or not all(map(_is_whole, signature.args)):
            return super().lower_binop(result_type, expression, function)
        values = [
            self.context.cast(self.builder, self.loadvar(name), self.typeof(name), wanted)
            for name, wanted in zip((expression.lhs.name, expression.rhs.name), signature.args, strict=True)
        ]
        context = RememberingContext(self.context.typing_context)
        operation = context.resolve_value_type(function)  # ``a += b`` has been inferred as another one
        known = context.resolve_function_type(operation, signature.args, {})
        found = self.context.get_function(operation, known)(self.builder, values)
        return self.context.cast(self.builder, found, signature.return_type, result_type)
