"""How numba turns kernels into machine code: what is only called by kernels is optimised only where it is linked.

numba optimises each function and generates its machine code, and does so again in each function that calls it, up the
whole tree of calls. Here a *part* is only lowered and simplified; the *entries* and callbacks link all parts that they
reach, each once, and optimise the whole: half of LLVM's time. Passes that kernels have no use for are left out.
"""

from __future__ import annotations

from typing import Any, ClassVar

from numba.core.codegen import JITCodeLibrary
from numba.core.compiler import CompilerBase, DefaultPassBuilder
from numba.core.compiler_machinery import PassManager, register_pass
from numba.core.typed_passes import InlineOverloads, NativeLowering
from numba.core.untyped_passes import InlineClosureLikes

from .integer_operations import LowerIntegers, RememberingContext

OPTIONS = {"no_rewrites": True}
"""For every kernel: none has arrays' expressions, static tuples or `raise`, which is what numba would rewrite."""

_UNUSED_PASSES = {InlineClosureLikes, InlineOverloads}


class _NoMachineCode:
    """In place of the generator of a part's code: environments are set in machine code, and a part has none."""

    def set_env(self, name: str, environment: Any) -> None:
        pass


class _PartLibrary(JITCodeLibrary):  # type: ignore[misc, unused-ignore]
    """One function's code before optimisation, and the libraries of the functions that it calls."""

    codegen = _NoMachineCode()

    def finalize(self) -> None:
        self._raise_if_finalized()
        self._finalized = True

    def get_pointer_to_function(self, name: str) -> int:
        self._ensure_finalized()
        return 0


class _WholeLibrary(JITCodeLibrary):  # type: ignore[misc, unused-ignore]
    """A function with all parts that it reaches."""

    def finalize(self) -> None:
        reached: dict[Any, None] = {}
        waiting = list(self._linking_libraries)
        while waiting:
            library = waiting.pop()
            if library not in reached:
                reached[library] = None
                if isinstance(library, _PartLibrary):
                    waiting += library._linking_libraries
        self._linking_libraries = list(reached)
        super().finalize()


class _Lowering(NativeLowering):  # type: ignore[misc, unused-ignore]
    lowering_class = LowerIntegers


@register_pass(mutates_CFG=True, analysis_only=False)
class _LowerPart(_Lowering):
    _name: Any = "kernel_part_lowering"

    def run_pass(self, state: Any) -> bool:
        state.library = _PartLibrary(state.targetctx.codegen(), state.func_id.func_qualname)
        return bool(super().run_pass(state))


@register_pass(mutates_CFG=True, analysis_only=False)
class _LowerWhole(_Lowering):
    _name: Any = "kernel_whole_lowering"

    def run_pass(self, state: Any) -> bool:
        state.library = _WholeLibrary(state.targetctx.codegen(), state.func_id.func_qualname)
        state.library.enable_object_caching()
        return bool(super().run_pass(state))


class _KernelCompiler(CompilerBase):  # type: ignore[misc, unused-ignore]
    lowering: ClassVar[type]

    def compile_extra(self, function: Any) -> Any:
        self.state.typingctx = RememberingContext(self.state.typingctx)
        return super().compile_extra(function)

    def define_pipelines(self) -> list[PassManager]:
        manager = PassManager("kernel")
        for step, description in DefaultPassBuilder.define_nopython_pipeline(self.state).passes:
            if step not in _UNUSED_PASSES:
                manager.add_pass(self.lowering if step is NativeLowering else step, description)
        manager.finalize()
        return [manager]


class PartCompiler(_KernelCompiler):
    """The compiler of functions that only kernels call."""

    lowering = _LowerPart


class WholeCompiler(_KernelCompiler):
    """The compiler of what Python calls, or kernels through an address."""

    lowering = _LowerWhole
