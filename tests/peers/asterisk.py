"""A running Asterisk against the built server, from call to escalation.

    debootstrap --variant=minbase sid sid http://deb.debian.org/debian
    chroot sid apt-get install --yes --no-install-recommends asterisk sip-tester
    python tests/peers/asterisk.py --root sid --undertone target/release/undertone

Without `--root` the Asterisk of this machine is used. It runs on the loopback with a configuration of its own, and
plays the recording on many calls at once, in real time (two minutes): AudioSocket as application and as channel, at
8 and 16 kHz; `chan_websocket`, plain and JSON; RTP by ARI's externalMedia and by `UnicastRTP`; where sipp is
there, a caller over SIP, who is silent for three seconds at the end, and RTP that SIP agreed on, with keys. Between Asterisk and the server something
listens: the server must hear in every call what `analyze` hears in just those bytes, and where Asterisk does not
change samples, they are the recording's. G.722 is decoded by ffmpeg for `analyze`.
"""

import argparse
import asyncio
import base64
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request
import uuid
import wave
from pathlib import Path

import taps
import websockets
from served import FAILED, SAMPLE, Served, check, expected, free_port, same, samples_of

FILES = {
    "asterisk.conf": """
[directories]
astetcdir => {home}/etc
astvarlibdir => {home}/var
astdbdir => {home}/var
astkeydir => {home}/var
astdatadir => /usr/share/asterisk
astagidir => {home}/var
astspooldir => {home}/spool
astrundir => {home}/run
astlogdir => {home}/log
astsbindir => /usr/sbin
astmoddir => {modules}
[options]
documentation_language = en_US
""",
    "modules.conf": "[modules]\nautoload = yes\nnoload = chan_iax2.so\nnoload = pbx_dundi.so\nnoload = res_phoneprov.so\n",
    "logger.conf": "[general]\n[logfiles]\nfull => notice,warning,error,verbose\n",
    "http.conf": "[general]\nenabled = yes\nbindaddr = 127.0.0.1\nbindport = {http}\n",
    "ari.conf": "[general]\nenabled = yes\n[peers]\ntype = user\npassword = peers\n",
    "rtp.conf": "[general]\nrtpstart = {rtp_from}\nrtpend = {rtp_to}\n",
    "pjsip.conf": """
[udp]
type = transport
protocol = udp
bind = 127.0.0.1:{sip}
[anonymous]
type = endpoint
context = peers
disallow = all
allow = ulaw
direct_media = no
[far]
type = endpoint
disallow = all
allow = ulaw
direct_media = no
dtmf_mode = rfc4733
""",
    "websocket_client.conf": """
[undertone]
type = websocket_client
uri = ws://127.0.0.1:{l16}/v1/feed/l16
protocols = media
connection_type = per_call_config
username = undertone
password = {token}
""",
    "extensions.conf": """
[peers]
exten => play,1,Answer()
 same => n,Wait(1.5)
 same => n,Playback({home}/recording)
 same => n,SendDTMF(1)
 same => n,Wait(0.5)
 same => n,Hangup()
exten => application,1,Answer()
 same => n,AudioSocket({uuid0},127.0.0.1:{audiosocket})
exten => channel,1,Answer()
 same => n,Dial(AudioSocket/127.0.0.1:{audiosocket}/{uuid1}/c(slin))
exten => channel16,1,Answer()
 same => n,Dial(AudioSocket/127.0.0.1:{audiosocket}/{uuid2}/c(slin16))
exten => websocket,1,Answer()
 same => n,Dial(WebSocket/undertone/c(slin))
exten => websocketulaw,1,Answer()
 same => n,Dial(WebSocket/undertone/c(ulaw)f(json))
exten => websocket16,1,Answer()
 same => n,Dial(WebSocket/undertone/c(slin16)f(json))
exten => unicast,1,Answer()
 same => n,Dial(UnicastRTP/127.0.0.1:{rtp}/c(alaw))
exten => phone,1,Answer()
 same => n,Dial(PJSIP/far/sip:undertone@127.0.0.1:{far})
exten => sip,1,Answer()
 same => n,AudioSocket({uuid3},127.0.0.1:{audiosocket})
exten => silent,1,Answer()
 same => n,AudioSocket({uuid4},127.0.0.1:{audiosocket})
exten => brief,1,Answer()
 same => n,Wait(3)
 same => n,Hangup()
exten => external,1,Answer()
 same => n,Stasis(peers)
 same => n,Hangup()
""",
}
# By externalMedia: the format, and the payload type that Asterisk gives it.
EXTERNAL = {"ulaw": 0, "slin16": 118, "g722": 9}

SIPP = """<?xml version="1.0" encoding="UTF-8" ?>
<scenario name="caller">
  <send retrans="500"><![CDATA[
INVITE sip:sip@[remote_ip]:[remote_port] SIP/2.0
Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
From: <sip:anonymous@anonymous.invalid>;tag=[call_number]
To: <sip:sip@[remote_ip]:[remote_port]>
Call-ID: [call_id]
CSeq: 1 INVITE
Contact: <sip:anonymous@[local_ip]:[local_port]>
Max-Forwards: 70
Content-Type: application/sdp
Content-Length: [len]

v=0
o=caller 1 1 IN IP[local_ip_type] [local_ip]
s=-
c=IN IP[media_ip_type] [media_ip]
t=0 0
m=audio [rtpstream_audio_port] RTP/AVP 0
a=rtpmap:0 PCMU/8000
a=ptime:20
]]></send>
  <recv response="100" optional="true"/>
  <recv response="180" optional="true"/>
  <recv response="183" optional="true"/>
  <recv response="200" rtd="true"/>
  <send><![CDATA[
ACK sip:sip@[remote_ip]:[remote_port] SIP/2.0
Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
From: <sip:anonymous@anonymous.invalid>;tag=[call_number]
To: <sip:sip@[remote_ip]:[remote_port]>[peer_tag_param]
Call-ID: [call_id]
CSeq: 1 ACK
Max-Forwards: 70
Content-Length: 0
]]></send>
  <pause milliseconds="1500"/>
  <nop><action><exec rtp_stream="{home}/recording.ul,1,0,PCMU/8000"/></action></nop>
  <pause milliseconds="{milliseconds}"/>
  <send retrans="500"><![CDATA[
BYE sip:sip@[remote_ip]:[remote_port] SIP/2.0
Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
From: <sip:anonymous@anonymous.invalid>;tag=[call_number]
To: <sip:sip@[remote_ip]:[remote_port]>[peer_tag_param]
Call-ID: [call_id]
CSeq: 2 BYE
Max-Forwards: 70
Content-Length: 0
]]></send>
  <recv response="200"/>
</scenario>
"""


# Somebody who answers a call, and names the server's port as the place for its sound.
FAR = """<?xml version="1.0" encoding="UTF-8" ?>
<scenario name="far">
  <recv request="INVITE"/>
  <send retrans="500"><![CDATA[
SIP/2.0 200 OK
[last_Via:]
[last_From:]
[last_To:];tag=[call_number]
[last_Call-ID:]
[last_CSeq:]
Contact: <sip:[local_ip]:[local_port]>
Content-Type: application/sdp
Content-Length: [len]

v=0
o=far 1 1 IN IP4 [local_ip]
s=-
c=IN IP4 [local_ip]
t=0 0
m=audio {rtp} RTP/AVP 0 101
a=rtpmap:0 PCMU/8000
a=rtpmap:101 telephone-event/8000
a=recvonly
]]></send>
  <recv request="ACK"/>
  <recv request="BYE"/>
  <send><![CDATA[
SIP/2.0 200 OK
[last_Via:]
[last_From:]
[last_To:]
[last_Call-ID:]
[last_CSeq:]
Content-Length: 0
]]></send>
</scenario>
"""


class Asterisk:
    """An Asterisk with a configuration of its own, perhaps in another root."""

    def __init__(self, root, folder, values):
        self.root = root.resolve() if root else None
        # As Asterisk sees it.
        self.home = Path("/") / folder.relative_to(self.root) if self.root else folder
        modules = next((self.root or Path("/")).glob("usr/lib*/**/asterisk/modules"))
        modules = Path("/") / modules.relative_to(self.root or "/")
        self.http = free_port()
        base = 20000 + os.getpid() % 100 * 200
        values |= {"home": self.home, "modules": modules, "http": self.http,
                   "rtp_from": base, "rtp_to": base + 180}
        for name in ["etc", "var", "spool", "run", "log"]:
            (folder / name).mkdir()
        for name, text in FILES.items():
            (folder / "etc" / name).write_text(text.format(**values))
        self.command = ["chroot", self.root] if self.root else []
        self.conf = self.home / "etc" / "asterisk.conf"
        self.process = subprocess.Popen(
            [*self.command, "asterisk", "-f", "-vvv", "-C", self.conf], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        self.log = folder / "log" / "full"
        for _ in range(300):
            if "booted" in self.run("core waitfullybooted"):
                return
            time.sleep(0.1)
        raise RuntimeError("Asterisk does not start")

    def run(self, line):
        done = subprocess.run(
            [*self.command, "asterisk", "-C", self.conf, "-rx", line], capture_output=True, text=True, timeout=30
        )
        return done.stdout + done.stderr

    def ari(self, method, path, **query):
        url = f"http://127.0.0.1:{self.http}/ari/{path}?{urllib.parse.urlencode(query)}"
        request = urllib.request.Request(url, method=method)
        request.add_header("authorization", "Basic " + base64.b64encode(b"peers:peers").decode())
        for patience in reversed(range(50)):
            try:
                with urllib.request.urlopen(request, timeout=10) as answer:
                    text = answer.read().decode()
                return json.loads(text) if text else None
            except urllib.error.HTTPError as error:
                # 422: a channel that was just made is not in the application yet.
                if error.code != 422 or patience == 0:
                    raise
                time.sleep(0.1)

    def stop(self):
        self.run("core stop now")
        try:
            self.process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            self.process.kill()


async def external(asterisk, port, wanted):
    """ARI: each call is snooped on, and what its caller says goes to an externalMedia channel."""
    ports, bridges = {}, []
    url = f"ws://127.0.0.1:{asterisk.http}/ari/events?app=peers&api_key=peers:peers"
    ari = lambda *args, **query: asyncio.to_thread(asterisk.ari, *args, **query)
    async with websockets.connect(url) as events:
        wanted_formats = list(wanted)
        for _ in wanted:
            asterisk.run("channel originate Local/play@peers/n extension external@peers")
        over = 0
        while over < len(wanted):
            event = json.loads(await asyncio.wait_for(events.recv(), 200))
            name = event.get("channel", {}).get("name", "")
            if event["type"] == "StasisStart" and name.startswith("Local/"):
                name = wanted_formats.pop()
                far = await ari("POST", "channels/externalMedia", app="peers", format=name,
                                external_host=f"127.0.0.1:{port}")
                snoop = await ari("POST", f"channels/{event['channel']['id']}/snoop", app="peers", spy="in")
                bridge = await ari("POST", "bridges", type="mixing")
                await ari("POST", f"bridges/{bridge['id']}/addChannel", channel=f"{far['id']},{snoop['id']}")
                local = await ari("GET", f"channels/{far['id']}/variable", variable="UNICASTRTP_LOCAL_PORT")
                ports[name] = int(local["value"])
                bridges.append((event["channel"]["id"], far["id"], bridge["id"]))
            if event["type"] == "StasisEnd" and name.startswith("Local/"):
                over += 1
                for call, far, bridge in bridges:
                    if call == event["channel"]["id"]:
                        await ari("DELETE", f"channels/{far}")
                        await ari("DELETE", f"bridges/{bridge}")
    return ports


# The calls of RTP, by the port that the server sees. Only open calls are listed.
PEERS = {}


async def watch(served):
    while True:
        listed = await asyncio.to_thread(served.get, "/v1/calls")
        for call in listed["calls"]:
            peer = call["labels"].get("peer", "")
            if call["call_id"].startswith("rtp-"):
                PEERS[int(peer.rsplit(":", 1)[1])] = call["call_id"]
        await asyncio.sleep(2)


def wav(folder, name, rate, sound):
    path = folder / f"{name}.wav"
    with wave.open(str(path), "wb") as out:
        out.setparams((1, 2, rate, 0, "NONE", ""))
        out.writeframes(sound)
    return path


def held(name, served, call, undertone, folder, rate, sound, recording=None):
    """A call against `analyze` of what went by, and that against the recording."""
    try:
        seen = served.ended(call)
    except (RuntimeError, urllib.error.HTTPError) as error:
        check(f"{name}: ends as hung up", False, error)
        return
    at_s, points = expected(undertone, wav(folder, name.replace(" ", "-"), rate, sound))
    if "escalation" not in seen:
        check(f"{name}: escalates", False, seen)
        return
    check(f"{name}: as `analyze` hears what went by", same(seen, at_s, points), f"{seen['escalation']['at_s']} and {at_s} s")
    if recording is not None:
        place = sound.find(recording)
        check(f"{name}: the recording, sample for sample", place >= 0, f"from {place / 2 / rate:.3f} s on")


async def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--undertone", type=Path, default=Path("target/release/undertone"))
    arguments.add_argument("--root", type=Path, help="a folder with another Debian that has Asterisk")
    arguments.add_argument("--keep", action="store_true", help="leave logs and what went by behind")
    given = arguments.parse_args()
    undertone = given.undertone.resolve()
    folder = Path(tempfile.mkdtemp(prefix="peers-", dir=given.root / "tmp" if given.root else None)).resolve()
    folder.chmod(0o755)
    served = Served(undertone, folder, '118 = "l16/16000"')
    try:
        await run(given, undertone, folder, served)
    finally:
        served.process.terminate()
        served.process.wait(timeout=20)
        if given.keep:
            print("left in", folder)
        else:
            shutil.rmtree(folder)
    if FAILED:
        sys.exit(f"{len(FAILED)} failed: {FAILED}")


async def run(given, undertone, folder, served):
    samples = samples_of(SAMPLE)
    recording = b"".join(sample.to_bytes(2, "little", signed=True) for sample in samples)
    (folder / "recording.sln").write_bytes(recording)
    riff = SAMPLE.read_bytes()
    # Another ending: of two formats Asterisk would play either.
    (folder / "recording.ul").write_bytes(riff[riff.index(b"data") + 8 :])
    socket = await taps.Stream(served.audiosocket).open()
    l16 = await taps.Stream(served.port).open()
    rtp = await taps.Datagrams(served.rtp).open()
    names = [uuid.uuid4() for _ in range(5)]
    values = {"audiosocket": socket.listens, "l16": l16.listens, "rtp": rtp.listens, "token": served.token, "sip": free_port(), "far": free_port()}
    values |= {f"uuid{n}": name for n, name in enumerate(names)}
    asterisk = await asyncio.to_thread(Asterisk, given.root, folder, values)
    try:
        print(asterisk.run("core show version").strip(), flush=True)
        began = time.monotonic()
        sip = [*asterisk.command, "sipp"]
        has_sipp = shutil.which("sipp", path=f"{given.root}/usr/bin" if given.root else None)
        if has_sipp:
            # Longer than the 2 s after which AudioSocket() takes both sides for gone.
            length = 1000 * len(samples) // 8000 + 4000
            (folder / "caller.xml").write_text(SIPP.replace("{home}", str(asterisk.home)).replace("{milliseconds}", str(length)))
            (folder / "far.xml").write_text(FAR.replace("{rtp}", str(rtp.listens)))
            far = subprocess.Popen(
                [*sip, "-sf", asterisk.home / "far.xml", "-m", "1", "-i", "127.0.0.1", "-p", str(values["far"]), "-nostdin"],
                stdout=(folder / "far.log").open("w"), stderr=subprocess.STDOUT,
            )
            caller = subprocess.Popen(
                [*sip, "-sf", asterisk.home / "caller.xml", "-m", "1", "-i", "127.0.0.1", "-mi", "127.0.0.1",
                 "-p", str(free_port()), f"127.0.0.1:{values['sip']}", "-nostdin"],
                stdout=(folder / "sipp.log").open("w"), stderr=subprocess.STDOUT,
            )
        else:
            print("skip  sipp is not there")
        calls = asyncio.create_task(watch(served))
        # Opened beforehand, with its caller; who hangs up without a sound.
        await asyncio.to_thread(served.post, "/v1/calls", {"call_id": str(names[4])})
        await asyncio.to_thread(asterisk.run, "channel originate Local/brief@peers/n extension silent@peers")
        for extension in ["application", "channel", "channel16", "websocket", "websocketulaw", "websocket16", "unicast", *(["phone"] if has_sipp else [])]:
            await asyncio.to_thread(asterisk.run, f"channel originate Local/play@peers/n extension {extension}@peers")
        ports = await external(asterisk, rtp.listens, EXTERNAL)
        if has_sipp:
            status = await asyncio.to_thread(caller.wait, 60)
            check("the SIP caller hung up, and nobody before", status == 0, status)
            status = await asyncio.to_thread(far.wait, 60)
            check("the called SIP party ended well", status == 0, status)
        await asyncio.sleep(5)
        calls.cancel()
        print(f"      {time.monotonic() - began:.0f} s of calls", flush=True)
        await asyncio.to_thread(look, undertone, folder, served, recording, names, socket, l16, rtp, ports, PEERS)
    finally:
        await asyncio.to_thread(asterisk.stop)


def look(undertone, folder, served, recording, names, socket, l16, rtp, ports, listed):
    hold = lambda *more: held(*more[:1], served, more[1], undertone, folder, *more[2:])
    by_name = {taps.audiosocket(sent)[0]: taps.audiosocket(sent) for sent in socket.sent}
    for name, call, rate, exact in [
        ("AudioSocket()", names[0], 8000, True),
        ("Dial(AudioSocket, slin)", names[1], 8000, True),
        ("Dial(AudioSocket, slin16)", names[2], 16000, False),
        ("AudioSocket() of a SIP caller", names[3], 8000, True),
    ]:
        if call.hex not in by_name:
            check(f"{name}: connects", False)
            continue
        _, kinds, sound = by_name[call.hex]
        print(f"      {name}: kinds and lengths {sorted(set(kinds))}")
        hold(name, str(call), rate, sound, recording if exact else None)
    for sent in l16.sent:
        head, texts, codes, sound = taps.websocket(sent)
        first = texts[0] if texts else ""
        began = [code for code, _ in codes[:3]]
        print(f"      {first}\n      {texts[1:]}, first {began}, last {codes[-1]}, lengths {sorted({n for c, n in codes if c == 2})}")
        values = json.loads(first) if first.startswith("{") else dict(word.split(":", 1) for word in first.split()[1:])
        kind = values["format"]
        rate = 16000 if kind == "slin16" else 8000
        if kind == "ulaw":
            sound = b"".join(taps.linear(code).to_bytes(2, "little", signed=True) for code in sound)
        name = f"Dial(WebSocket, {kind}{', json' if first.startswith('{') else ''})"
        hold(name, values["channel_id"], rate, sound, recording if rate == 8000 else None)
    names_of = {port: name for name, port in ports.items()}
    keys = 6
    for peer, datagrams in rtp.sent.items():
        kinds, sizes, payload = taps.rtp(datagrams)
        by_sip = 101 in kinds
        keys += by_sip
        kind = names_of.get(peer[1], "ulaw" if by_sip else "alaw")
        call = listed.get(rtp.way_of(peer))
        print(f"      RTP {kind}: payload types {kinds}, sizes {sizes}, {len(datagrams)} packets, {taps.jumps(datagrams)} jumps of the clock")
        rate = 8000 if kind in ("ulaw", "alaw") else 16000
        sound = decoded(kind, payload)
        if sound is None:
            print("skip  RTP of G.722: ffmpeg is not there")
            continue
        # A snoop channel leaves out a last frame that is not whole.
        exact = recording if by_sip else recording[: len(recording) // 320 * 320] if kind == "ulaw" else None
        hold(f"RTP {kind}{' by SIP' if by_sip else ''}", call, rate, sound, exact)
    missing = served.counter("undertone_feed_missing_samples_total")
    print(f"      {missing:.0f} samples missing")
    # One key in each call whose protocol tells of keys.
    digits = served.counter("undertone_feed_digits_total")
    check("every key is told, and once", digits == keys, f"{digits:.0f} of {keys}")
    silent = served.get(f"/v1/calls/{names[4]}")
    check("a call that never sounds ends as hung up", silent.get("closed_because") == "hung_up", silent)


def decoded(kind, payload):
    """Samples, little-endian, by somebody else's decoder."""
    if kind == "ulaw":
        return b"".join(taps.linear(code).to_bytes(2, "little", signed=True) for code in payload)
    if kind == "slin16":
        return b"".join(payload[at + 1 : at + 2] + payload[at : at + 1] for at in range(0, len(payload) - 1, 2))
    ffmpeg = shutil.which("ffmpeg")
    if ffmpeg is None:
        return None
    form = ["-f", "g722"] if kind == "g722" else ["-f", "alaw", "-ar", "8000", "-ac", "1"]
    command = [ffmpeg, "-v", "error", *form, "-i", "-", "-f", "s16le", "-c:a", "pcm_s16le", "-"]
    return subprocess.run(command, input=payload, capture_output=True, check=True).stdout


if __name__ == "__main__":
    asyncio.run(main())
