"""One file from an index, whole and of the hash that the index promised, or not at all."""

import hashlib
import http.client
import os
import sys
import time
import urllib.error
import urllib.request

# A hiccup of the network is cheaper to wait out than an attempt is to make again.
PAUSES = (1, 5)
STALL_SECONDS = 120


class Broken(OSError):
    """What came is not what was promised."""


def download(request, target, expected):
    """Puts the file at `target` and returns its sha256; `expected`: that of the index, or None. Tries again where that may help."""
    for pause in (*PAUSES, None):
        try:
            return once(request, target, expected)
        except (OSError, http.client.HTTPException) as error:
            said = str(error) or type(error).__name__
            if pause is None or not may_pass(error):
                sys.exit(f"{target.name} cannot be fetched: {said}")
            print(f"[wheelwright] {target.name}: {said}; once more in {pause} s", flush=True)
            time.sleep(pause)


def may_pass(error):
    return not isinstance(error, urllib.error.HTTPError) or error.code == 429 or error.code >= 500


def once(request, target, expected):
    digest = hashlib.sha256()
    size = 0
    part = f"{target}.part"
    with urllib.request.urlopen(request, timeout=STALL_SECONDS) as response, open(part, "wb") as file:
        while chunk := response.read(1 << 20):
            digest.update(chunk)
            file.write(chunk)
            size += len(chunk)
        # urllib takes a connection that broke off for the end.
        length = response.headers.get("Content-Length")
    if length is not None and size != int(length):
        raise Broken(f"it broke off after {size} of {length} bytes")
    if expected is not None and digest.hexdigest() != expected:
        raise Broken(f"it has sha256 {digest.hexdigest()} where the index gives {expected}")
    os.rename(part, target)
    return digest.hexdigest()
