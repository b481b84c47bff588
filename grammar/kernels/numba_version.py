"""Which versions of numba the kernels are compiled with: those whose internals are as ``libraries`` takes them."""

from __future__ import annotations

import numba

FIRST, LAST = (0, 62), (0, 68)


def check_version(version: tuple[int, int]) -> None:
    """Raises ``ImportError`` for a version that the kernels have not been tried with."""
    if not FIRST <= version <= LAST:
        known = f"{FIRST[0]}.{FIRST[1]} to {LAST[0]}.{LAST[1]}"
        wanted = f"numba>={FIRST[0]}.{FIRST[1]},<{LAST[0]}.{LAST[1] + 1}"
        raise ImportError(
            f"maskwright compiles its kernels with internals of numba {known}, and this is {version[0]}.{version[1]}; "
            f"pip install '{wanted}'"
        )


check_version(numba.version_info.short)
