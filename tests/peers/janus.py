"""A running Janus forwards a room of its AudioBridge to the built server.

    chroot sid apt-get install --yes --no-install-recommends janus
    python tests/peers/janus.py --root sid --undertone target/release/undertone

Without `--root` the Janus of this machine is used. The caller comes as a plain RTP participant, played by ffmpeg in real
time; `rtp_forward` sends the room's mix as PCMU. A mix is not the caller's bytes any more, so the server must hear what
`analyze` hears in what went by.
"""

import argparse
import asyncio
import json
import subprocess
import sys
import tempfile
import time
import urllib.request
import wave
from pathlib import Path

import taps
from served import FAILED, SAMPLE, Served, check, expected, free_port, same

FILES = {
    "janus.jcfg": 'general: {{ debug_level = 3 }}\nplugins: {{ disable = "libjanus_sip.so,libjanus_nosip.so" }}\n',
    "janus.plugin.audiobridge.jcfg": 'general: {{ local_ip = "127.0.0.1" }}\n',
    "janus.transport.http.jcfg": 'general: {{ json = "compact" base_path = "/janus" http = true ip = "127.0.0.1" port = {port} https = false }}\n'
    "admin: {{ admin_http = false }}\n",
}


class Room:
    """Janus' HTTP interface, in one session with one handle."""

    def __init__(self, port):
        self.base = f"http://127.0.0.1:{port}/janus"
        self.path = ""
        for _ in range(100):
            try:
                self.path = f"/{self.ask(janus='create')['data']['id']}"
                break
            except OSError:
                time.sleep(0.1)
        self.session = self.path
        self.path += f"/{self.ask(janus='attach', plugin='janus.plugin.audiobridge')['data']['id']}"

    def ask(self, **body):
        data = json.dumps(body | {"transaction": "t"}).encode()
        request = urllib.request.Request(self.base + self.path, data=data, headers={"content-type": "application/json"})
        with urllib.request.urlopen(request, timeout=10) as answer:
            return json.load(answer)

    def say(self, **body):
        return self.ask(janus="message", body=body)

    def event(self):
        """What Janus says next; asked for often, it also keeps the session."""
        with urllib.request.urlopen(f"{self.base}{self.session}?maxev=1", timeout=60) as answer:
            return json.load(answer)


async def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--undertone", type=Path, default=Path("target/release/undertone"))
    arguments.add_argument("--root", type=Path, help="a folder with another Debian that has Janus")
    given = arguments.parse_args()
    undertone = given.undertone.resolve()
    with tempfile.TemporaryDirectory(dir=given.root / "tmp" if given.root else None) as name:
        folder, port = Path(name).resolve(), free_port()
        for file, text in FILES.items():
            (folder / file).write_text(text.format(port=port))
        seen_there = Path("/tmp") / folder.name if given.root else folder
        command = ["chroot", given.root] if given.root else []
        log = (folder / "janus.log").open("w")
        janus = subprocess.Popen([*command, "janus", "-F", seen_there], stdout=log, stderr=log)
        served = Served(undertone, folder)
        try:
            room = await asyncio.to_thread(Room, port)
            await run(undertone, served, room, folder)
        except Exception:
            print((folder / "janus.log").read_text()[-2000:])
            raise
        finally:
            served.process.terminate()
            janus.terminate()
            served.process.wait(timeout=20)
            janus.wait(timeout=20)
    if FAILED:
        sys.exit(f"{len(FAILED)} failed: {FAILED}")


async def run(undertone, served, room, folder):
    rtp = await taps.Datagrams(served.rtp).open()
    source = free_port()
    room.say(request="create", room=77, sampling_rate=8000, allow_rtp_participants=True)
    room.say(request="rtp_forward", room=77, host="127.0.0.1", port=rtp.listens, codec="pcmu", ptype=0)
    room.say(request="join", room=77, codec="pcmu", rtp={"ip": "127.0.0.1", "port": source, "payload_type": 0})
    joined = await asyncio.to_thread(room.event)
    there = joined["plugindata"]["data"]["rtp"]
    to = f"rtp://{there['ip']}:{there['port']}?pkt_size=172&localrtpport={source}"
    player = await asyncio.create_subprocess_exec(
        "ffmpeg", "-loglevel", "error", "-re", "-i", SAMPLE, "-c:a", "pcm_mulaw", "-payload_type", "0", "-f", "rtp", to,
        stdout=subprocess.DEVNULL,
    )
    calls = {}
    while player.returncode is None:
        listed = await asyncio.to_thread(served.get, "/v1/calls")
        calls |= {call["call_id"]: call for call in listed["calls"]}
        await asyncio.to_thread(room.ask, janus="keepalive")
        try:
            await asyncio.wait_for(player.wait(), 5)
        except TimeoutError:
            pass
    room.say(request="leave")
    room.say(request="destroy", room=77)
    check("Janus: one call", len(calls) == 1 and len(rtp.sent) == 1, list(calls))
    (datagrams,) = rtp.sent.values()
    kinds, sizes, payload = taps.rtp(datagrams)
    print(f"      payload types {kinds}, sizes {sizes}, {len(datagrams)} packets, {taps.jumps(datagrams)} jumps of the clock")
    with wave.open(str(folder / "mix.wav"), "wb") as out:
        out.setparams((1, 2, 8000, 0, "NONE", ""))
        out.writeframes(b"".join(taps.linear(code).to_bytes(2, "little", signed=True) for code in payload))
    at_s, points = await asyncio.to_thread(expected, undertone, folder / "mix.wav")
    seen = await asyncio.to_thread(served.ended, *calls)
    check("Janus: as `analyze` hears what went by", same(seen, at_s, points), f"{seen['escalation']['at_s']} and {at_s} s")


if __name__ == "__main__":
    asyncio.run(main())
