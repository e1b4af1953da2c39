"""Malicious recordings: disguised playlists, false headers, decompression bombs, truncation, seeded mutations.

Every builder is deterministic. A case is a name and bytes; `{canary}` in a text case is the path of a file that must
not be read.
"""

from __future__ import annotations

import random
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from tests.audio_factories import encode_as, make_noise, make_recording, make_sine, make_wav_bytes

FORMATS = (
    "wav",
    "flac",
    "mp3",
    "ogg",
    "m4a",
    "webm",
    "mka",
    "aac",
    "mov",
    "ts",
    "mpg",
    "avi",
    "aiff",
    "au",
    "caf",
    "w64",
    "wma",
    "flv",
    "ac3",
    "eac3",
    "g722.wav",
    "g726.wav",
    "wma1",
    "ima.aiff",
    "alac.caf",
)
#: Formats of `encode_as`: container, encoder, rate.
_ENCODED = {
    "g722.wav": ("wav", "g722", 16_000),
    "g726.wav": ("wav", "g726", 8_000),
    "wma1": ("asf", "wmav1", 44_100),
    "ima.aiff": ("aiff", "adpcm_ima_qt", 48_000),
    "alac.caf": ("caf", "alac", 48_000),
}


def build_corpus(folder: Path, canary: Path, *, mutations: int) -> Iterator[tuple[str, bytes]]:
    """All cases, `mutations` of them fuzzed recordings. `folder`: for scratch files; `canary`: an audio file."""
    whole = {ending: _recording(folder, ending) for ending in FORMATS}
    yield from _playlists(canary)
    yield from _references(whole["mov"], canary)
    yield from _cuts(whole)
    yield from _wav_headers()
    yield from _wav_samples()
    yield from _flac_headers(whole["flac"])
    yield from _many_streams()
    yield from _covers(whole)
    yield from _bombs()
    yield from _garbage()
    yield from _mutations(whole, mutations)


def _recording(folder: Path, ending: str) -> bytes:
    samples = np.concatenate([make_sine(0.6, rate_hz=48_000), make_noise(0.6, rate_hz=48_000, level=0.2)])
    if ending in _ENCODED:
        return encode_as(folder / f"whole.{ending}", samples, *_ENCODED[ending]).read_bytes()
    return make_recording(folder / f"whole.{ending}", samples).read_bytes()


# -- files that name other files -------------------------------------------------------------------------------------
_PLAYLISTS = {
    "ffconcat": "ffconcat version 1.0\nfile '{path}'\n",
    "ffconcat-bom": "\ufeffffconcat version 1.0\nfile '{path}'\n",
    "concat-without-header": "file '{path}'\n",
    "hls": "#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\n{path}\n#EXT-X-ENDLIST\n",
    "hls-map": '#EXTM3U\n#EXT-X-MAP:URI="{path}"\n#EXTINF:10,\n{path}\n#EXT-X-ENDLIST\n',
    "hls-master": "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\n{path}\n",
    "m3u": "{path}\n",
    "pls": "[playlist]\nFile1={path}\nNumberOfEntries=1\n",
    "sdp": "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=audio 9 RTP/AVP 0\na=control:{path}\n",
    "dash": '<?xml version="1.0"?><MPD><Period><AdaptationSet mimeType="audio/mp4"><Representation id="1">'
    "<BaseURL>{path}</BaseURL></Representation></AdaptationSet></Period></MPD>",
    "imf": '<?xml version="1.0"?><CompositionPlaylist><SegmentList><Segment><Path>{path}</Path></Segment></SegmentList>'
    "</CompositionPlaylist>",
    "asx": '<asx version="3.0"><entry><ref href="{path}"/></entry></asx>',
    "smil": '<smil><body><audio src="{path}"/></body></smil>',
    "avisynth": 'WavSource("{path}")\n',
    "vapoursynth": "import vapoursynth\nopen('{path}')\n",
}
#: Bytes before the text that disguise it as another format.
_DISGUISES = {
    "bare": b"",
    "blank-lines": b"\n\n  \r\n",
    "id3": b"ID3\x04\x00\x00\x00\x00\x00\x00",
    "mp3-frame": b"\xff\xfb\x90\x64" + bytes(413),
    "adts": b"\xff\xf1\x50\x80\x02\x1f\xfc",
    "riff": b"RIFF\xff\xff\xff\xffWAVE",
    "flac": b"fLaC",
    "ogg": b"OggS",
    "mp4": b"\x00\x00\x00\x10ftypM4A \x00\x00\x00\x00",
    "ebml": b"\x1a\x45\xdf\xa3",
    "amr": b"#!AMR\n",
    "avi": b"RIFF\xff\xff\xff\xffAVI LIST",
    "aiff": b"FORM\xff\xff\xff\xffAIFF",
    "asf": b"\x30\x26\xb2\x75\x8e\x66\xcf\x11\xa6\xd9\x00\xaa\x00\x62\xce\x6c",
    "au": b".snd\x00\x00\x00\x18",
    "caf": b"caff\x00\x01\x00\x00",
    "flv": b"FLV\x01\x05\x00\x00\x00\x09",
    "mpeg": b"\x00\x00\x01\xba",
    "w64": b"riff\x2e\x91\xcf\x11\xa5\xd6\x28\xdb\x04\xc1\x00\x00",
    "ts": (b"\x47\x40\x00\x10" + b"\xff" * 184) * 8,
    "zeros": bytes(731),
}


def _playlists(canary: Path) -> Iterator[tuple[str, bytes]]:
    paths = (canary.name, str(canary), f"file://{canary}", f"file:{canary}", f"concat:{canary}", f"subfile,,:{canary}")
    for kind, text in _PLAYLISTS.items():
        for index, path in enumerate(paths):
            yield f"{kind}-{index}", text.replace("{path}", path).encode()
        for disguise, head in _DISGUISES.items():
            yield f"{kind}-as-{disguise}", head + text.replace("{path}", canary.name).encode()


def _references(mov: bytes, canary: Path) -> Iterator[tuple[str, bytes]]:
    """MOV files whose samples are in another file."""
    at = mov.index(b"dref") - 4
    length = struct.unpack_from(">I", mov, at)[0]
    for kind in (b"url ", b"alis", b"rsrc"):
        body = str(canary).encode() + b"\0"
        entry = struct.pack(">I4sI", 12 + len(body), kind, 0) + body
        dref = struct.pack(">I4sII", 16 + len(entry), b"dref", 0, 1) + entry
        grown = bytearray(mov[:at] + dref + mov[at + length :])
        for parent in (b"moov", b"trak", b"mdia", b"minf", b"dinf"):
            start = grown.rindex(parent, 0, at) - 4
            size = struct.unpack_from(">I", grown, start)[0]
            struct.pack_into(">I", grown, start, size + len(dref) - length)
        yield f"mov-dref-{kind.decode().strip()}", bytes(grown)


# -- corruption ------------------------------------------------------------------------------------------------------
def _cuts(whole: dict[str, bytes]) -> Iterator[tuple[str, bytes]]:
    for ending, data in whole.items():
        for share in (0.001, 0.01, 0.1, 0.3, 0.5, 0.7, 0.9, 0.99):
            yield f"{ending}-cut-at-{share}", data[: max(1, int(len(data) * share))]
        yield f"{ending}-twice", data * 2
        yield f"{ending}-with-a-tail", data + random.Random(ending).randbytes(5_000)


def _garbage() -> Iterator[tuple[str, bytes]]:
    yield "empty", b""
    for size in (1, 3, 11, 64, 70_000):
        yield f"noise-{size}", random.Random(size).randbytes(size)
        yield f"zeros-{size}", bytes(size)
    for name, head in _DISGUISES.items():
        yield f"noise-as-{name}", head + random.Random(name).randbytes(50_000)
        yield f"zeros-as-{name}", head + bytes(50_000)


def _mutations(whole: dict[str, bytes], count: int) -> Iterator[tuple[str, bytes]]:
    """Flipped bits, extreme numbers and moved blocks, half of them within the first 600 bytes."""
    for number in range(count):
        chance = random.Random(number)
        ending = FORMATS[number % len(FORMATS)]
        data = bytearray(whole[ending])
        for _ in range(chance.choice((1, 1, 2, 4, 16, 64))):
            reach = min(600, len(data) - 8) if chance.random() < 0.5 else len(data) - 8
            at = chance.randrange(reach)
            kind = chance.randrange(5)
            if kind == 0:
                data[at] ^= 1 << chance.randrange(8)
            elif kind == 1:
                data[at] = chance.randrange(256)
            elif kind == 2:
                struct.pack_into("<I", data, at, chance.choice((0, 1, 0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFFF)))
            elif kind == 3:
                struct.pack_into(">Q", data, at, chance.choice((0, 1 << 31, 1 << 32, (1 << 63) - 1, (1 << 64) - 1)))
            else:
                start = chance.randrange(len(data) - 64)
                data[at : at + 32] = data[start : start + 32]
        yield f"{ending}-mutation-{number}", bytes(data)


# -- false headers ---------------------------------------------------------------------------------------------------
def _wav_headers() -> Iterator[tuple[str, bytes]]:
    whole = make_wav_bytes(make_sine(0.2))
    fields = {"code": 20, "channels": 22, "rate": 24, "byte-rate": 28, "align": 32, "bits": 34}
    values = {
        "code": (0, 2, 3, 6, 7, 0x11, 0x31, 0x50, 0x55, 0x92, 0xFF, 0x161, 0x162, 0x2000, 0xFFFE, 0xFFFF),
        "channels": (0, 3, 8, 9, 16, 64, 255, 1000, 65_535),
        "rate": (0, 1, 7_999, 192_001, 10_000_000, 2**31, 2**32 - 1),
        "byte-rate": (0, 1, 2**32 - 1),
        "align": (0, 1, 3, 65_535),
        "bits": (0, 1, 3, 7, 12, 33, 128, 65_535),
    }
    for field, at in fields.items():
        for value in values[field]:
            data = bytearray(whole)
            struct.pack_into("<I" if field in ("rate", "byte-rate") else "<H", data, at, value)
            yield f"wav-{field}-{value}", bytes(data)
    for size in (0, 1, 2**31 - 1, 2**31, 2**32 - 1, 2**32 - 37):
        yield f"wav-data-of-{size}", make_wav_bytes(make_sine(0.2), data_bytes=size)
        yield f"wav-riff-of-{size}", whole[:4] + struct.pack("<I", size) + whole[8:]
    yield "wav-fmt-of-4-gib", whole[:16] + struct.pack("<I", 2**32 - 1) + whole[20:]
    yield "wav-100000-empty-chunks", whole[:12] + b"junk\0\0\0\0" * 100_000 + whole[12:]
    yield "wav-data-before-fmt", whole[:12] + whole[36:] + whole[12:36]
    for samples in (0, 2**63, 2**64 - 1):
        ds64 = b"ds64" + struct.pack("<IQQQI", 28, 2**64 - 1, 2**64 - 1, samples, 0)
        yield f"rf64-of-{samples}", b"RF64\xff\xff\xff\xffWAVE" + ds64 + whole[12:40] + b"\xff\xff\xff\xff" + whole[44:]


def _wav_samples() -> Iterator[tuple[str, bytes]]:
    for name, value in (("nan", np.nan), ("inf", np.inf), ("minus-inf", -np.inf), ("huge", 3e38), ("tiny", 1e-45)):
        for dtype, bits in (("<f4", 32), ("<f8", 64)):
            yield f"wav-{name}-{bits}", make_wav_bytes(np.full(16_000, value, dtype), code=3, bits=bits)


def _flac_headers(whole: bytes) -> Iterator[tuple[str, bytes]]:
    def streaminfo(**changes: int) -> bytes:
        fields = {"low": 4096, "high": 4096, "rate": 48_000, "channels": 0, "bits": 15, "samples": 57_600, **changes}
        word = fields["rate"] << 44 | fields["channels"] << 41 | fields["bits"] << 36 | fields["samples"]
        return (
            whole[:8]
            + struct.pack(">HH", fields["low"], fields["high"])
            + bytes(6)
            + struct.pack(">Q", word)
            + whole[26:]
        )

    for field, values in {
        "rate": (0, 1, 655_350, 2**20 - 1),
        "channels": (1, 7),
        "bits": (0, 3, 31),
        "samples": (0, 1, 2**36 - 1),
        "low": (0, 1, 65_535),
        "high": (0, 1, 15, 65_535),
    }.items():
        for value in values:
            yield f"flac-{field}-{value}", streaminfo(**{field: value})


# -- excessive numbers and sizes -------------------------------------------------------------------------------------
def _many_streams() -> Iterator[tuple[str, bytes]]:
    for count in (17, 100, 10_000):
        head = b"OpusHead" + struct.pack("<BBHIhB", 1, 2, 312, 48_000, 0, 0)
        yield f"ogg-{count}-streams", b"".join(_ogg_page(serial, 2, head) for serial in range(count))
        tracks = b"".join(_ebml(0xAE, _track(number + 1)) for number in range(count))
        yield f"mka-{count}-streams", _matroska(_ebml(0x1654AE6B, tracks))
        yield f"mp4-{count}-streams", _mp4_with_tracks(count)


def _ogg_page(serial: int, kind: int, body: bytes) -> bytes:
    segments = [255] * (len(body) // 255) + [len(body) % 255]
    head = struct.pack("<4sBBQIIIB", b"OggS", 0, kind, 0, serial, 0, 0, len(segments)) + bytes(segments)
    page = bytearray(head + body)
    struct.pack_into("<I", page, 22, _ogg_crc(page))
    return bytes(page)


def _ogg_crc(page: bytes | bytearray) -> int:
    crc = 0
    for byte in page:
        crc ^= byte << 24
        for _ in range(8):
            crc = (crc << 1 ^ 0x04C11DB7 if crc & 0x80000000 else crc << 1) & 0xFFFFFFFF
    return crc


def _ebml(identity: int, body: bytes) -> bytes:
    return identity.to_bytes((identity.bit_length() + 7) // 8, "big") + (1 << 56 | len(body)).to_bytes(8, "big") + body


def _track(number: int) -> bytes:
    numbers = _ebml(0xD7, number.to_bytes(4, "big")) + _ebml(0x73C5, number.to_bytes(4, "big"))
    audio = _ebml(0xE1, _ebml(0xB5, struct.pack(">f", 48_000.0)) + _ebml(0x9F, b"\x01"))
    return numbers + _ebml(0x83, b"\x02") + _ebml(0x86, b"A_PCM/INT/LIT") + audio


def _matroska(body: bytes) -> bytes:
    return _ebml(0x1A45DFA3, _ebml(0x4282, b"matroska")) + _ebml(0x18538067, body)


def _box(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I4s", 8 + len(body), kind) + body


def _mp4_with_tracks(count: int) -> bytes:
    handler = _box(b"hdlr", bytes(8) + b"soun" + bytes(13))
    header = _box(b"mdhd", bytes(12) + struct.pack(">II", 48_000, 48_000) + bytes(4))
    sound = bytes(6) + struct.pack(">H", 1) + bytes(8) + struct.pack(">HHI", 1, 16, 0) + struct.pack(">I", 48_000 << 16)
    table = _box(b"stsd", struct.pack(">II", 0, 1) + _box(b"sowt", sound)) + _box(b"stts", bytes(8))
    table += _box(b"stsc", bytes(8)) + _box(b"stsz", bytes(12)) + _box(b"stco", bytes(8))
    track = _box(b"trak", _box(b"mdia", header + handler + _box(b"minf", _box(b"stbl", table))))
    return _box(b"ftyp", b"M4A \0\0\0\0") + _box(b"moov", track * count) + _box(b"mdat", bytes(64))


def _covers(whole: dict[str, bytes]) -> Iterator[tuple[str, bytes]]:
    """Cover pictures of 60,000 × 60,000 pixels in a few kilobytes."""
    picture = _picture()
    apic = b"\0image/png\0\x03\0" + picture
    frame = b"APIC" + struct.pack(">I", len(apic)) + b"\0\0" + apic
    size = len(frame)
    tag = b"ID3\x03\0\0" + bytes(size >> shift & 0x7F for shift in (21, 14, 7, 0))
    mp3 = whole["mp3"]
    start = 10 + sum((byte & 0x7F) << shift for byte, shift in zip(mp3[6:10], (21, 14, 7, 0), strict=True))
    yield "mp3-cover-bomb", tag + frame + (mp3[start:] if mp3[:3] == b"ID3" else mp3)
    block = (
        struct.pack(">II", 3, 9)
        + b"image/png"
        + struct.pack(">IIIIII", 0, 60_000, 60_000, 24, 0, len(picture))
        + picture
    )
    flac = whole["flac"]
    yield "flac-cover-bomb", flac[:42] + b"\x06" + len(block).to_bytes(3, "big") + block + flac[42:]
    attached = _ebml(
        0x61A7,
        _ebml(0x466E, b"cover.png") + _ebml(0x4660, b"image/png") + _ebml(0x465C, picture) + _ebml(0x46AE, b"\x01"),
    )
    yield "mka-cover-bomb", _matroska(_ebml(0x1941A469, attached) + _ebml(0x1654AE6B, _ebml(0xAE, _track(1))))


def _picture() -> bytes:
    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    pixels = zlib.compressobj(9)
    data = b"".join(pixels.compress(bytes(1 << 20)) for _ in range(64)) + pixels.flush()
    header = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", data) + chunk(b"IEND", b"")


def _bombs() -> Iterator[tuple[str, bytes]]:
    yield "flac-100-hours-of-silence", silent_flac(100 * 3600, known=True)
    yield "flac-100-hours-that-its-header-hides", silent_flac(100 * 3600, known=False)
    for rate in (8_000, 44_100):
        block = _ebml(0xA3, b"\x81\0\0\0" + bytes(64))
        far = _ebml(0xE7, (1 << 55).to_bytes(8, "big"))
        cluster = _ebml(0x1F43B675, _ebml(0xE7, b"\0") + block) + _ebml(0x1F43B675, far + block)
        yield f"mka-gap-of-ages-{rate}", _matroska(_ebml(0x1654AE6B, _ebml(0xAE, _track(1))) + cluster)
        track = _mp4_with_tracks(1)
        many = track.replace(_box(b"stts", bytes(8)), _box(b"stts", struct.pack(">IIII", 0, 1, 2**31 - 1, 2**31 - 1)))
        yield (
            f"mp4-times-without-samples-{rate}",
            many.replace(struct.pack(">I", 48_000 << 16), struct.pack(">I", rate << 16)),
        )


def silent_flac(seconds: int, *, known: bool) -> bytes:
    """Silence at 8 kHz in frames of 65,535 samples and 14 bytes: 6 kB an hour. `known`: its header has the length."""
    block, rate = 65_535, 8_000
    count = -(-seconds * rate // block)
    word = rate << 44 | 15 << 36 | (count * block if known else 0)
    info = struct.pack(">HH", block, block) + bytes(6) + struct.pack(">Q", word) + bytes(16)
    frames = []
    for number in range(count):
        # A 16-bit block size after the header, 8 kHz, one channel, 16 bits; one constant subframe of zeros.
        head = b"\xff\xf8\x74\x08" + _utf8(number) + struct.pack(">H", block - 1)
        head += bytes([_crc(head, 0x07, 8)])
        frame = head + b"\x00\x00\x00"
        frames.append(frame + struct.pack(">H", _crc(frame, 0x8005, 16)))
    return b"fLaC\x80\x00\x00\x22" + info + b"".join(frames)


def _utf8(number: int) -> bytes:
    return chr(number).encode("utf-8", "surrogatepass")


def _crc(data: bytes, polynomial: int, bits: int) -> int:
    crc, top = 0, 1 << bits - 1
    for byte in data:
        crc ^= byte << bits - 8
        for _ in range(8):
            crc = (crc << 1 ^ polynomial if crc & top else crc << 1) & (1 << bits) - 1
    return crc
