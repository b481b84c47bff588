"""Whether Hugging Face's hub can be asked about a name.

transformers tries for 24 seconds before it says that it cannot; with ``local_files_only``, it looks into its cache and
says so at once.
"""

from __future__ import annotations

import os
import socket
from errno import EHOSTUNREACH, ENETUNREACH
from http.client import HTTPException
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

from huggingface_hub import constants

_SECONDS = 3.0
_NO_WAY = (EHOSTUNREACH, ENETUNREACH)


def is_out_of_reach(name: str) -> bool:
    """Whether ``name`` is that of no folder here, and there is no way to the hub.

    False if in doubt, a slow network or one that asks for certificates of its own: then transformers finds out.
    """
    if os.path.isdir(name) or constants.HF_HUB_OFFLINE:
        return False
    try:
        urlopen(Request(constants.ENDPOINT, method="HEAD"), timeout=_SECONDS).close()
    except HTTPError:
        return False  # it answers
    except URLError as error:
        reason = error.reason
        is_unreachable = isinstance(reason, OSError) and reason.errno in _NO_WAY
        return is_unreachable or isinstance(reason, socket.gaierror | ConnectionRefusedError)
    except (OSError, HTTPException):
        return False
    return False
