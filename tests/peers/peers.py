"""Real third-party clients against the built server, and third-party readers against our own client.

    python tests/peers/peers.py --undertone target/release/undertone

streamdouble plays Twilio (one track, two tracks, loss and jitter), ffmpeg and GStreamer send RTP, the
codec of asterisk-ai-voice-agent frames AudioSocket, Twilio's own library signs, pipecat's serializer
reads what `undertone call` sends. The same recording must give what `undertone analyze` gives in the
file: where nothing was lost, the same escalation at the same `at_s` and the same curve, to the digits
that the command line prints. Needs requirements.txt, ffmpeg and GStreamer (Debian: gstreamer1.0-tools,
gstreamer1.0-plugins-base, gstreamer1.0-plugins-good). All calls run at once, in real time.
"""

import argparse
import asyncio
import importlib.metadata
import importlib.util
import shutil
import subprocess
import sys
import tempfile
import time
import uuid
import wave
from pathlib import Path

import websockets
from pipecat.frames.frames import InputAudioRawFrame, StartFrame
from pipecat.serializers.twilio import TwilioFrameSerializer
from served import AUTH_TOKEN, FAILED, SAMPLE, Served, check, expected, free_port, same, samples_of
from twilio.request_validator import RequestValidator


async def upgrade(url, headers):
    """The status of an upgrade."""
    try:
        async with websockets.connect(url, additional_headers=headers):
            return 101
    except websockets.exceptions.InvalidStatus as refused:
        return refused.response.status_code


async def signatures(served):
    """Twilio's own library signs every form of the address that a TwiML may have."""
    validator = RequestValidator(AUTH_TOKEN)
    url = f"ws://127.0.0.1:{served.port}/v1/feed/twilio"
    host = {"X-Forwarded-Host": "engine.example.com"}
    for scheme in ["wss", "https"]:
        for port in ["", ":443"]:
            for slash in ["", "/"]:
                signed = f"{scheme}://engine.example.com{port}/v1/feed/twilio{slash}"
                headers = {"X-Twilio-Signature": validator.compute_signature(signed, {}), **host}
                status = await upgrade(url, headers)
                check(f"signed for {signed}", status == 101, status)
    for signed, token in [
        ("wss://other.example.com/v1/feed/twilio", AUTH_TOKEN),
        ("wss://engine.example.com/v1/feed/twilio", "54321"),
    ]:
        signature = RequestValidator(token).compute_signature(signed, {})
        status = await upgrade(url, {"X-Twilio-Signature": signature, **host})
        check(f"refused: {signed} with {token}", status == 401, status)


async def read_by_pipecat(undertone, samples, folder):
    """What `undertone call` sends, read by pipecat's serializer, sample for sample."""
    short = folder / "short.wav"
    with wave.open(str(short), "wb") as out:
        out.setparams((1, 2, 8000, 0, "NONE", ""))
        out.writeframes(b"".join(sample.to_bytes(2, "little", signed=True) for sample in samples[: 8000 * 5]))
    heard = bytearray()
    done = asyncio.Event()

    async def listen(connection):
        serializer = TwilioFrameSerializer(
            stream_sid="x", params=TwilioFrameSerializer.InputParams(auto_hang_up=False)
        )
        await serializer.setup(StartFrame(audio_in_sample_rate=8000, audio_out_sample_rate=8000))
        async for message in connection:
            frame = await serializer.deserialize(message)
            if isinstance(frame, InputAudioRawFrame):
                heard.extend(frame.audio)
        done.set()

    port = free_port()
    async with websockets.serve(listen, "127.0.0.1", port):
        player = await asyncio.create_subprocess_exec(
            undertone, "call", "--as", "twilio", "--to", f"ws://127.0.0.1:{port}", str(short),
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )
        await asyncio.wait_for(player.wait(), 60)
        await asyncio.wait_for(done.wait(), 10)
    source = short.read_bytes()[44:]
    check("pipecat reads what `undertone call --as twilio` sends", bytes(heard) == source, f"{len(heard)} bytes")


def audiosocket_codec():
    """The one file of asterisk-ai-voice-agent that is needed; the package asks for much more."""
    files = importlib.metadata.files("asterisk-ai-voice-agent")
    path = next(file for file in files if file.name == "audiosocket.py").locate()
    spec = importlib.util.spec_from_file_location("audiosocket", path)
    module = importlib.util.module_from_spec(spec)
    sys.modules["audiosocket"] = module
    spec.loader.exec_module(module)
    return module


async def audiosocket(served, samples, undertone, folder):
    """AudioSocket both ways: framed by another's codec, and our frames read by it."""
    codec = audiosocket_codec()
    call = uuid.uuid4()
    pcm = b"".join(sample.to_bytes(2, "little", signed=True) for sample in samples)
    _, writer = await asyncio.open_connection("127.0.0.1", served.audiosocket)
    writer.write(codec.Frame(codec.FrameType.UUID, call.bytes).encode())
    for at in range(0, len(pcm), codec.FRAME_BYTES):
        writer.write(codec.audio_frame(pcm[at : at + codec.FRAME_BYTES]).encode())
        await writer.drain()
        # Faster than real time, and no faster than it is heard.
        if at % (codec.FRAME_BYTES * 50) == 0:
            await asyncio.sleep(0.05)
    writer.close()
    heard, name = bytearray(), []
    done = asyncio.Event()

    async def listen(reader, _):
        try:
            while frame := await codec.Frame.read(reader):
                if frame.type == codec.FrameType.UUID:
                    name.append(codec.parse_uuid(frame.payload))
                if frame.type == codec.FrameType.AUDIO:
                    heard.extend(frame.payload)
        except asyncio.IncompleteReadError:
            done.set()

    port = free_port()
    short = folder / "short.wav"
    async with await asyncio.start_server(listen, "127.0.0.1", port):
        player = await asyncio.create_subprocess_exec(
            undertone, "call", "--as", "audiosocket", "--to", f"127.0.0.1:{port}", str(short),
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )
        await asyncio.wait_for(player.wait(), 60)
        await asyncio.wait_for(done.wait(), 10)
    same = bytes(heard) == short.read_bytes()[44:] and len(name) == 1
    check("another's codec reads what `undertone call --as audiosocket` sends", same, f"{len(heard)} bytes, {name}")
    return str(call)


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--undertone", type=Path, default=Path("target/release/undertone"))
    undertone = arguments.parse_args().undertone.resolve()
    at_s, points = expected(undertone)
    samples = samples_of(SAMPLE)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        # streamdouble reads no µ-law: the same samples in 16 bits, which it codes again.
        caller = folder / "caller.wav"
        with wave.open(str(caller), "wb") as out:
            out.setparams((1, 2, 8000, 0, "NONE", ""))
            out.writeframes(b"".join(sample.to_bytes(2, "little", signed=True) for sample in samples))
        served = Served(undertone, folder)
        try:
            run(undertone, served, folder, caller, samples, at_s, points)
        finally:
            served.process.terminate()
            served.process.wait(timeout=20)
    if FAILED:
        sys.exit(f"{len(FAILED)} failed: {FAILED}")


def run(undertone, served, folder, caller, samples, at_s, points):
    asyncio.run(signatures(served))
    url = f"ws://127.0.0.1:{served.port}/v1/feed/twilio"
    double = Path(sys.executable).with_name("streamdouble")

    def streamdouble(call, *more):
        command = [double, "call", url, "--audio", caller, "--fork", "--param", f"call_id={call}",
                   "--param", f"token={served.token}", *more]
        return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    # The agent's leg has an angry voice, and is not read.
    both = ["--track", "both", "--agent-audio", caller]
    peers = {
        "one-track": streamdouble("one-track"),
        "two-tracks": streamdouble("two-tracks", *both),
        "lossy": streamdouble("lossy", "--packet-loss", "0.05", "--jitter", "30", "--chaos-seed", "7"),
    }
    ffmpeg = shutil.which("ffmpeg")
    rtp = f"rtp://127.0.0.1:{served.rtp}?pkt_size=%d&localrtpport=%d"
    ports = {}
    if ffmpeg:
        for name, codec in [
            ("ffmpeg pcmu", ["-c:a", "pcm_mulaw", "-payload_type", "0"]),
            ("ffmpeg l16", ["-c:a", "pcm_s16be", "-payload_type", "118"]),
        ]:
            ports[name] = free_port()
            to = rtp % (172 if name == "ffmpeg pcmu" else 332, ports[name])
            command = [ffmpeg, "-loglevel", "error", "-re", "-i", caller, *codec, "-f", "rtp", to]
            peers[name] = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    else:
        print("skip  ffmpeg is not there")
    gst = shutil.which("gst-launch-1.0")
    if gst:
        ports["gst"] = free_port()
        command = [gst, "-q", "filesrc", f"location={caller}", "!", "wavparse", "!", "mulawenc", "!",
                   "rtppcmupay", "min-ptime=20000000", "max-ptime=20000000", "!", "udpsink", "host=127.0.0.1",
                   f"port={served.rtp}", f"bind-port={ports['gst']}"]
        peers["gst pcmu"] = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    else:
        print("skip  GStreamer is not there")
    asyncio.run(read_by_pipecat(undertone, samples, folder))
    socket_call = asyncio.run(audiosocket(served, samples, undertone, folder))
    seen = served.ended(socket_call)
    check("AudioSocket by another's codec: as the file", same(seen, at_s, points), seen["escalation"]["at_s"])
    calls = {}
    for _ in range(100):
        listed = served.get("/v1/calls")["calls"]
        by_port = {call["labels"].get("peer", "").rsplit(":", 1)[-1]: call["call_id"] for call in listed}
        calls = {name: by_port[str(port)] for name, port in ports.items() if str(port) in by_port}
        if len(calls) == len(ports):
            break
        time.sleep(0.1)
    for name, process in peers.items():
        status = process.wait(timeout=300)
        check(f"{name} ended well", status == 0, status)
    for call in ["one-track", "two-tracks"]:
        seen = served.ended(call)
        check(f"streamdouble {call}: as the file", same(seen, at_s, points), seen["escalation"]["at_s"])
    seen = served.ended("lossy")
    length_s = len(samples) / 8000
    check("streamdouble with 5 % loss: no time is lost", abs(seen["at_s"] - length_s) < 0.1, f"{seen['at_s']} of {length_s} s")
    missing = served.counter('undertone_feed_missing_samples_total{feed="twilio"}')
    share = missing / len(samples)
    check("streamdouble with 5 % loss: it is told", 0.03 < share < 0.07, f"{share:.3f} missing")
    check("streamdouble with 5 % loss: still escalates", seen["escalation"]["trigger"] == "sentiment", seen["escalation"]["at_s"])
    check("every RTP sender is a call", len(calls) == len(ports), calls)
    for name, call in calls.items():
        seen = served.ended(call)
        check(f"RTP of {name}: as the file", same(seen, at_s, points), seen["escalation"]["at_s"])
    if ports:
        missing = served.counter('undertone_feed_missing_samples_total{feed="rtp"}')
        check("RTP: nothing is missing", missing == 0, missing)


if __name__ == "__main__":
    main()
