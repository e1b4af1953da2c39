"""Builds the demo's recording: a meeting of three synthetic voices, with its reference transcript and times.

The voices are those of Debian's `flite` (`apt install flite`). The results are committed, so this program is only
needed after a change of the script below:  python demo/build_meeting.py
The sentences are plain on purpose, since the demo's recogniser is a small one.
"""

from __future__ import annotations

import json
import random
import subprocess
import tempfile
import wave
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

HERE = Path(__file__).resolve().parent
RATE_HZ = 16_000
BITRATE = 28_000
#: Every line is scaled to this level, as if all speakers were equally near the microphone.
LEVEL_RMS = 2600.0
PAUSE_S = (0.3, 0.8)
#: The whole recording begins and ends with this much silence.
MARGIN_S = 0.5

VOICES = {"Sarah": "slt", "Robert": "rms", "Alan": "awb"}

SCRIPT: tuple[tuple[str, str], ...] = (
    ("Sarah", "Welcome, everyone, and thank you for coming."),
    ("Sarah", "Today we need a plan for the summer party in the park."),
    ("Sarah", "We have about half an hour, so let us begin."),
    ("Robert", "I looked at the numbers from last year."),
    ("Robert", "More than two hundred people came, and most of them were here before noon."),
    ("Alan", "That is good to know."),
    ("Alan", "Last year we had only one door open, and people had to wait outside in the rain."),
    ("Sarah", "You are right, that was a real problem."),
    ("Sarah", "This year we should have a tent, and music for everyone."),
    ("Robert", "I can be here before nine to get things ready."),
    ("Robert", "I will need two people to help me move the tables."),
    ("Alan", "My brother and his son can help you with that."),
    ("Alan", "They are both strong, and they have a truck."),
    ("Sarah", "Very good."),
    ("Sarah", "The next question is the money."),
    ("Sarah", "How much can we spend this time?"),
    ("Robert", "The town gave us five hundred dollars."),
    ("Robert", "We spent three hundred of that on food and paper last year."),
    ("Alan", "Could we ask the people at the market to give us some bread and fruit?"),
    ("Alan", "They said yes to the school two weeks ago."),
    ("Sarah", "That is a very good idea."),
    ("Sarah", "Please call them on Monday and tell me what they say."),
    ("Alan", "I will call them on Monday."),
    ("Robert", "What about the children?"),
    ("Robert", "Last year they had nothing to do after the first hour."),
    ("Sarah", "We could have a game for the children, with a small prize at the end."),
    ("Alan", "Children love that."),
    ("Alan", "I can bring some old pictures of the town, and they can write about them."),
    ("Robert", "We also have to tell people about the party."),
    ("Robert", "The paper needs the story by the end of next week."),
    ("Sarah", "My sister works for the newspaper, so I will ask her tonight."),
    ("Sarah", "Is there anything else that we should talk about?"),
    ("Alan", "Yes, one more thing."),
    ("Alan", "If it rains again, where do we put the music?"),
    ("Robert", "There is enough room in the school for all of us."),
    ("Robert", "I will talk to the teachers this week."),
    ("Sarah", "Then we have a plan."),
    ("Sarah", "The next meeting is on Friday."),
    ("Robert", "See you on Friday."),
    ("Alan", "Thank you very much. Goodbye."),
)


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the script and its place: seconds from the start of the recording, rounded to milliseconds."""

    speaker: str
    voice: str
    start: float
    end: float
    text: str


def synthesise_line(voice: str, text: str) -> NDArray[np.int16]:
    """A sentence by flite: mono int16 at RATE_HZ, without the silence at both ends, at LEVEL_RMS."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "line.wav")
        subprocess.run(["flite", "-voice", voice, "-t", text, "-o", str(path)], check=True)
        with wave.open(str(path)) as file:
            if (file.getframerate(), file.getnchannels(), file.getsampwidth()) != (RATE_HZ, 1, 2):
                raise SystemExit(f"flite's voice {voice} is not 16-bit mono at {RATE_HZ} Hz")
            samples = np.frombuffer(file.readframes(file.getnframes()), np.int16).astype(np.float64)
    loud = np.flatnonzero(np.abs(samples) > 200)
    samples = samples[loud[0] : loud[-1] + 1]
    samples *= LEVEL_RMS / np.sqrt(np.mean(samples**2))
    return np.clip(np.rint(samples), -32768, 32767).astype(np.int16)


def synthesise_meeting() -> tuple[NDArray[np.int16], list[Line]]:
    """The samples of the meeting (mono int16 at RATE_HZ), and the place of each line."""
    pauses = random.Random(2)
    margin = np.zeros(int(MARGIN_S * RATE_HZ), np.int16)
    blocks, lines, at = [margin], [], len(margin)
    for speaker, text in SCRIPT:
        spoken = synthesise_line(VOICES[speaker], text)
        start, end = round(at / RATE_HZ, 3), round((at + len(spoken)) / RATE_HZ, 3)
        lines.append(Line(speaker, VOICES[speaker], start, end, text))
        pause = np.zeros(int(pauses.uniform(*PAUSE_S) * 1000) * RATE_HZ // 1000, np.int16)
        blocks += [spoken, pause]
        at += len(spoken) + len(pause)
    return np.concatenate([*blocks, margin]), lines


def write_opus(samples: NDArray[np.int16], path: Path) -> None:
    """Write Ogg Opus; the same samples give the same bytes."""

    def frames() -> Iterator[av.AudioFrame]:
        for start in range(0, len(samples), RATE_HZ):
            frame = av.AudioFrame.from_ndarray(samples[None, start : start + RATE_HZ], format="s16", layout="mono")
            frame.sample_rate, frame.pts = RATE_HZ, start
            yield frame

    with av.open(str(path), "w", format="ogg", options={"fflags": "+bitexact"}) as file:
        stream = file.add_stream("libopus", rate=RATE_HZ, layout="mono", options={"application": "voip"})
        stream.bit_rate = BITRATE
        for frame in frames():
            file.mux(stream.encode(frame))
        file.mux(stream.encode(None))


def main() -> None:
    samples, lines = synthesise_meeting()
    write_opus(samples, HERE / "meeting.opus")
    reference = {"duration_s": round(len(samples) / RATE_HZ, 3), "lines": [asdict(line) for line in lines]}
    (HERE / "meeting.json").write_text(json.dumps(reference, indent=1) + "\n")
    (HERE / "meeting.txt").write_text("".join(f"{line.speaker}: {line.text}\n" for line in lines))
    print(f"{reference['duration_s']} s, {len(lines)} lines, {(HERE / 'meeting.opus').stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
