"""Ears between a media server and Undertone: what went by, byte for byte, while it went by."""

import asyncio
import struct

from served import linear


class Stream:
    """A TCP port that passes everything on to `port`, and keeps what each connection sent."""

    def __init__(self, port):
        self.port, self.sent = port, []

    async def open(self):
        server = await asyncio.start_server(self.pass_on, "127.0.0.1", 0)
        self.listens = server.sockets[0].getsockname()[1]
        return self

    async def pass_on(self, reader, writer):
        kept = bytearray()
        self.sent.append(kept)
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self.port)
        await asyncio.gather(
            carry(reader, far_writer, kept), carry(far_reader, writer, bytearray()), return_exceptions=True
        )


async def carry(reader, writer, kept):
    try:
        while block := await reader.read(65536):
            kept.extend(block)
            writer.write(block)
            await writer.drain()
        writer.write_eof()
    except OSError:
        writer.close()


class Datagrams(asyncio.DatagramProtocol):
    """A UDP port that passes everything on to `port`, each sender by a port of its own."""

    def __init__(self, port):
        self.port, self.sent, self.out = port, {}, {}

    async def open(self):
        self.loop = asyncio.get_running_loop()
        transport, _ = await self.loop.create_datagram_endpoint(lambda: self, ("127.0.0.1", 0))
        self.listens = transport.get_extra_info("sockname")[1]
        return self

    def datagram_received(self, data, peer):
        self.sent.setdefault(peer, []).append(data)
        if peer not in self.out:
            self.out[peer] = []
            self.loop.create_task(self.connect(peer))
        way = self.out[peer]
        way.append(data) if isinstance(way, list) else way.sendto(data)

    async def connect(self, peer):
        transport, _ = await self.loop.create_datagram_endpoint(
            asyncio.DatagramProtocol, remote_addr=("127.0.0.1", self.port)
        )
        for data in self.out[peer]:
            transport.sendto(data)
        self.out[peer] = transport

    def way_of(self, peer):
        """The port by which the server knows a sender."""
        return self.out[peer].get_extra_info("sockname")[1]


def audiosocket(sent):
    """The call's UUID, the rate, the samples, and the kinds of messages in their order."""
    at, kinds, sound, name = 0, [], bytearray(), ""
    while at + 3 <= len(sent):
        kind, length = struct.unpack_from(">BH", sent, at)
        body = bytes(sent[at + 3 : at + 3 + length])
        at += 3 + length
        kinds.append((kind, length))
        if kind == 1:
            name = body.hex()
        if 0x10 <= kind <= 0x18:
            sound += body
    return name, kinds, bytes(sound)


def websocket(sent):
    """The request's head, the texts, the samples, and the codes of the frames in their order."""
    head, rest = bytes(sent).split(b"\r\n\r\n", 1)
    texts, sound, codes, at = [], bytearray(), [], 0
    while at + 2 <= len(rest):
        code, length = rest[at] & 15, rest[at + 1] & 127
        masked, at = rest[at + 1] >> 7, at + 2
        if length >= 126:
            size = 2 if length == 126 else 8
            length, at = int.from_bytes(rest[at : at + size], "big"), at + size
        mask, at = (rest[at : at + 4], at + 4) if masked else (bytes(4), at)
        body = bytes(byte ^ mask[i % 4] for i, byte in enumerate(rest[at : at + length]))
        at += length
        codes.append((code, length))
        if code == 1:
            texts.append(body.decode())
        if code == 2:
            sound += body
    return head.decode(), texts, codes, bytes(sound)


def rtp(datagrams):
    """Payload types in their order, sizes, and all payload of sound."""
    kinds, sizes, payload = [], set(), bytearray()
    for data in datagrams:
        control = 192 <= data[1] <= 223
        kind = data[1] if control else data[1] & 127
        if not control and kind not in (13, 101):
            sizes.add(len(data) - 12)
            payload += data[12:]
        if not kinds or kinds[-1] != kind:
            kinds.append(kind)
    return kinds, sizes, bytes(payload)


def jumps(datagrams):
    """How often the clock does not go on by one packet from one packet to the next."""
    clocks = [int.from_bytes(data[4:8], "big") for data in datagrams]
    steps = [(after - before) % 2**32 for before, after in zip(clocks, clocks[1:])]
    usual = max(set(steps), key=steps.count)
    return sum(step != usual for step in steps)
