"""The protocol between the speech process and its parent: constants only."""

from __future__ import annotations

import struct

#: Size of a message on the control socket: the voice's name padded with zeros. The request's socket is attached.
NAME_BYTES = 96
#: Header of a request: the size of its JSON in bytes; then the JSON.
REQUEST = struct.Struct("<I")
#: Header of a reply: the sizes of its JSON and of its samples in bytes; then both.
REPLY = struct.Struct("<II")
