"""A running rtpengine forks a call to the built server.

    chroot sid apt-get install --yes --no-install-recommends rtpengine-daemon
    python tests/peers/rtpengine.py --root sid --undertone target/release/undertone

Without `--root` the rtpengine of this machine is used; its kernel module is not. A call is offered and answered as a
SIP proxy does it, then somebody subscribes to the caller's voice with the server's port as the place to send it to.
`undertone call --as rtp` speaks for the caller, in real time. What rtpengine passes on must be the recording, and heard
as the file is.
"""

import argparse
import asyncio
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import taps
from served import FAILED, SAMPLE, Served, check, expected, free_port, same, samples_of

SDP = """v=0
o=- 1 1 IN IP4 127.0.0.1
s=-
c=IN IP4 127.0.0.1
t=0 0
m=audio {port} RTP/AVP 0 101
a=rtpmap:0 PCMU/8000
a=rtpmap:101 telephone-event/8000
a={way}
"""


def bencoded(value):
    if isinstance(value, dict):
        return b"d" + b"".join(bencoded(key) + bencoded(value[key]) for key in sorted(value)) + b"e"
    if isinstance(value, list):
        return b"l" + b"".join(map(bencoded, value)) + b"e"
    text = value.encode()
    return b"%d:%s" % (len(text), text)


def decoded(text, at=0):
    kind = text[at : at + 1]
    if kind == b"i":
        end = text.index(b"e", at)
        return int(text[at + 1 : end]), end + 1
    if kind in (b"d", b"l"):
        values, at = [], at + 1
        while text[at : at + 1] != b"e":
            value, at = decoded(text, at)
            values.append(value)
        return (dict(zip(values[::2], values[1::2])) if kind == b"d" else values), at + 1
    colon = text.index(b":", at)
    end = colon + 1 + int(text[at:colon])
    return text[colon + 1 : end].decode(), end


class Control:
    """rtpengine's protocol `ng`."""

    def __init__(self, port):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.connect(("127.0.0.1", port))
        self.socket.settimeout(2)
        self.cookie = 0

    def ask(self, command, **more):
        self.cookie += 1
        body = {"command": command} | {key.replace("_", "-"): value for key, value in more.items()}
        self.socket.send(b"%d " % self.cookie + bencoded(body))
        answer, _ = decoded(self.socket.recv(65536).split(b" ", 1)[1])
        if answer.get("result") not in ("ok", "pong"):
            raise RuntimeError(f"{command}: {answer}")
        return answer


def port_of(sdp):
    return next(int(line.split()[1]) for line in sdp.splitlines() if line.startswith("m=audio"))


async def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--undertone", type=Path, default=Path("target/release/undertone"))
    arguments.add_argument("--root", type=Path, help="a folder with another Debian that has rtpengine")
    given = arguments.parse_args()
    undertone = given.undertone.resolve()
    ng = free_port()
    command = ["chroot", given.root] if given.root else []
    command += ["rtpengine", "--foreground", "--table=-1", "--interface=127.0.0.1", f"--listen-ng=127.0.0.1:{ng}",
                "--log-stderr", "--log-level=5", "--port-min=31000", "--port-max=31100"]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        engine = subprocess.Popen(command, stderr=(folder / "rtpengine.log").open("w"))
        served = Served(undertone, folder)
        try:
            await run(undertone, served, Control(ng))
        except Exception:
            print((folder / "rtpengine.log").read_text()[-2000:])
            raise
        finally:
            served.process.terminate()
            engine.terminate()
            served.process.wait(timeout=20)
            engine.wait(timeout=20)
    if FAILED:
        sys.exit(f"{len(FAILED)} failed: {FAILED}")


async def run(undertone, served, control):
    for _ in range(50):
        try:
            control.ask("ping")
            break
        except (OSError, TimeoutError):
            time.sleep(0.1)
    rtp = await taps.Datagrams(served.rtp).open()
    names = {"call_id": "fork-1"}
    caller, callee = SDP.format(port=free_port(), way="sendrecv"), SDP.format(port=free_port(), way="sendrecv")
    control.ask("offer", from_tag="caller", sdp=caller, **names)
    answer = control.ask("answer", from_tag="caller", to_tag="callee", sdp=callee, **names)
    fork = control.ask("subscribe request", from_tag="caller", **names)
    print("      " + fork["sdp"].replace("\n", "\n      ").strip(), flush=True)
    there = SDP.format(port=rtp.listens, way="recvonly")
    control.ask("subscribe answer", to_tag=fork["to-tag"], sdp=there, **names)
    player = await asyncio.create_subprocess_exec(
        undertone, "call", "--as", "rtp", "--to", f"127.0.0.1:{port_of(answer['sdp'])}", SAMPLE, stdout=subprocess.DEVNULL
    )
    calls = {}
    while player.returncode is None:
        listed = await asyncio.to_thread(served.get, "/v1/calls")
        calls |= {call["call_id"]: call for call in listed["calls"]}
        try:
            await asyncio.wait_for(player.wait(), 1)
        except TimeoutError:
            pass
    control.ask("delete", from_tag="caller", **names)
    check("rtpengine: one call", len(calls) == 1, list(calls))
    for peer, datagrams in rtp.sent.items():
        kinds, sizes, payload = taps.rtp(datagrams)
        print(f"      payload types {kinds}, sizes {sizes}, {len(datagrams)} packets, {taps.jumps(datagrams)} jumps of the clock")
        # µ-law has two zeros, and the player writes one of them.
        passed = [taps.linear(code) for code in payload]
        check("rtpengine: the recording, sample for sample", passed == samples_of(SAMPLE), f"{len(passed)} samples")
    at_s, points = expected(undertone)
    for call in calls:
        seen = await asyncio.to_thread(served.ended, call)
        check("rtpengine: as the file", same(seen, at_s, points), f"{seen['escalation']['at_s']} and {at_s} s")


if __name__ == "__main__":
    asyncio.run(main())
