"""How the speech process and its parent talk: a fixed name, then sizes, then JSON and samples. Constants only."""

from __future__ import annotations

import struct

#: Bytes of a message on the control socket: the voice's name and zeros; a socket comes with it.
NAME_BYTES = 96
#: A request is the size of its JSON, then the JSON.
REQUEST = struct.Struct("<I")
#: An answer is the sizes of its JSON and of its samples (bytes), then both.
ANSWER = struct.Struct("<II")
