"""The server with its feeds on free ports, and what must come of a recording."""

import json
import socket
import subprocess
import tempfile
import time
import urllib.request
from pathlib import Path

SAMPLE = Path("samples/became-angry.wav")
AUTH_TOKEN = "12345"
FAILED = []
# The recording escalates in its middle, so that what is lost of it may cost some seconds; and the agent, whom the command
# line does not hear, says nothing of the caller.
DECISION = "[operating_point]\nfalse_alarms_per_call_hour = 4.0\n[signs]\nturn_taking_sd = 0.0\n"


def check(name, holds, seen=""):
    print(("ok    " if holds else "FAIL  ") + name + (f": {seen}" if seen != "" else ""), flush=True)
    if not holds:
        FAILED.append(name)


def free_port():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


def linear(code):
    """ITU-T G.711 µ-law."""
    code = ~code & 0xFF
    size = ((((code & 15) << 3) + 132) << (code >> 4 & 7)) - 132
    return -size if code & 128 else size


def samples_of(path):
    """The recording's µ-law bytes as 16-bit samples."""
    riff = path.read_bytes()
    data = riff.index(b"data")
    return [linear(code) for code in riff[data + 8 :]]


class Served:
    """The server with every feed, on free ports."""

    def __init__(self, undertone, folder, payload_types='118 = "l16/8000"'):
        made = subprocess.run([undertone, "token", "peers"], check=True, capture_output=True, text=True)
        self.token = made.stderr.strip()
        self.port, self.rtp, self.audiosocket = free_port(), free_port(), free_port()
        config = folder / "undertone.toml"
        config.write_text(
            f'[server]\nlisten = "127.0.0.1:{self.port}"\nnotice = "A machine listens."\nshed_after_ms = 0\n'
            f'[store]\npath = "{folder / "calls.db"}"\n'
            f'[feed.twilio]\nauth_tokens = ["{AUTH_TOKEN}"]\n'
            f'[feed.l16]\n[feed.audiosocket]\nlisten = "127.0.0.1:{self.audiosocket}"\n'
            f'[feed.rtp]\nlisten = "127.0.0.1:{self.rtp}"\ngone_after_s = 3.0\n'
            f'payload_types = {{ {payload_types} }}\n{DECISION}{made.stdout}',
            encoding="utf-8",
        )
        self.log = folder / "serve.log"
        self.process = subprocess.Popen(
            [undertone, "serve", "--config", config], stderr=self.log.open("w"), stdout=subprocess.DEVNULL
        )
        for _ in range(200):
            try:
                self.get("/readyz")
                return
            except OSError:
                time.sleep(0.1)
        raise RuntimeError(self.log.read_text())

    def get(self, path):
        return self.post(path, None)

    def post(self, path, body):
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}{path}", data=json.dumps(body).encode() if body is not None else None,
            headers={"authorization": f"Bearer {self.token}", "content-type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=5) as answer:
            text = answer.read().decode()
        return json.loads(text) if text.startswith("{") else text

    def ended(self, call):
        for _ in range(300):
            seen = self.get(f"/v1/calls/{call}")
            if seen.get("closed_because") == "hung_up":
                return seen
            time.sleep(0.1)
        raise RuntimeError(f"{call} did not end: {seen}")

    def counter(self, name):
        lines = [line for line in self.get("/metrics").splitlines() if line.startswith(name)]
        return sum(float(line.rsplit(" ", 1)[1]) for line in lines)


def expected(undertone, recording=SAMPLE):
    """Where the file escalates, and the curve as the server shows it."""
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder) / "decision.toml"
        config.write_text(DECISION, encoding="utf-8")
        command = [undertone, "analyze", "--format", "jsonl", "--config", config, recording]
        out = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    at_s, points = None, []
    for line in out.splitlines():
        event = json.loads(line)
        if event["type"] == "escalation" and at_s is None:
            at_s = event["at_s"]
        if event["type"] == "trajectory" and (not points or event["at_s"] - points[-1][0] >= 1.0):
            points.append([event["at_s"], event["sentiment"]])
    return at_s, points[-60:]


def same(seen, at_s, points):
    """Whether a call was heard as the file was; the command line rounds what it prints."""
    if abs(seen["escalation"]["at_s"] - at_s) > 5e-4 or len(seen["points"]) != len(points):
        return False
    pairs = zip(seen["points"], points)
    return all(abs(a[0] - b[0]) < 5e-4 and abs(a[1] - b[1]) < 5e-4 for a, b in pairs)
