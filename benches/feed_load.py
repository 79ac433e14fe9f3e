#!/usr/bin/env python3
"""How a server fares with more and more calls on this machine.

    python benches/feed_load.py [--undertone target/release/undertone] [--calls 100 200 300 400 500 600]
                                [--seconds 120] [--plot docs/feed-load.png] [samples/became-angry.wav]

For each number of calls a server is started, with the store in a temporary folder and `undertone call --as l16`
as its callers on the same cores, who play the recording over and over in real time. After a settling time the
metrics are read twice, --seconds apart, and the difference is written as a row of a table: how long blocks and
readings took (from the buckets of the histograms: an upper bound), what was left out, what was lost, and memory.
Needs matplotlib for --plot alone.
"""

import argparse
import pathlib
import re
import secrets
import socket
import struct
import subprocess
import tempfile
import time
import urllib.request

SETTLING_S = 20
SAMPLE = re.compile(r"^(\w+)(?:\{(.*)\})? ([-+.\dEeInf]+)$")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Server:
    """A server of its own, and what it counts."""

    def __init__(self, undertone, folder, calls):
        port, self.token = free_port(), secrets.token_urlsafe(32)
        digest = __import__("hashlib").sha256(self.token.encode()).hexdigest()
        config = folder / "undertone.toml"
        config.write_text(
            f'[server]\nlisten = "127.0.0.1:{port}"\nnotice = "A machine listens."\nmax_calls = {2 * calls}\n'
            f'max_connections = {2 * calls + 50}\n[store]\npath = "{folder / "undertone.db"}"\n[feed.l16]\n[[token]]\n'
            f'name = "load"\nsha256 = "{digest}"\nscopes = ["calls:write", "calls:read", "metrics:read"]\n'
        )
        self.log = (folder / "server.log").open("wb")
        self.process = subprocess.Popen([undertone, "serve", "--config", str(config)], stdout=self.log, stderr=self.log)
        self.address = f"127.0.0.1:{port}"
        for _ in range(100):
            try:
                urllib.request.urlopen(f"http://{self.address}/readyz", timeout=1).read()
                return
            except OSError:
                time.sleep(0.1)
        raise SystemExit(f"the server did not start; see {self.log.name}")

    def counts(self):
        request = urllib.request.Request(f"http://{self.address}/metrics")
        request.add_header("Authorization", f"Bearer {self.token}")
        text = urllib.request.urlopen(request, timeout=30).read().decode()
        rows = (SAMPLE.match(line) for line in text.splitlines())
        return {(row[1], row[2] or ""): float(row[3]) for row in rows if row}

    def memory_mib(self):
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+)", status)[1]) / 1024

    def cpu_s(self):
        fields = pathlib.Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / 100

    def stop(self):
        self.process.terminate()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()


def total(counts, name):
    return sum(value for (found, _), value in counts.items() if found == name)


def bound_ms(before, after, name, share):
    """The upper edge of the bucket in which the share is reached, milliseconds."""
    edges = {}
    for (found, labels), value in after.items():
        if found == f"{name}_bucket":
            edge = re.search(r'le="([^"]+)"', labels)[1]
            edges[float("inf") if edge == "+Inf" else float(edge)] = value - before.get((found, labels), 0.0)
    wanted = share * edges.get(float("inf"), 0.0)
    return next((1e3 * edge for edge in sorted(edges) if edges[edge] >= wanted and wanted > 0), float("nan"))


def repeated(recording, seconds, path):
    """The recording over and over, as a file: a WAV whose last chunk is its samples."""
    whole = pathlib.Path(recording).read_bytes()
    at = whole.index(b"data") + 8
    size = struct.unpack("<I", whole[at - 4 : at])[0]
    bytes_a_second = struct.unpack("<I", whole[whole.index(b"fmt ") + 16 :][:4])[0]
    data = whole[at : at + size]
    data *= -(-seconds * bytes_a_second // len(data))
    head = bytearray(whole[:at])
    head[4:8] = struct.pack("<I", len(head) - 8 + len(data))
    head[at - 4 : at] = struct.pack("<I", len(data))
    path.write_bytes(bytes(head) + data)
    return path


def measure(options, calls):
    with tempfile.TemporaryDirectory() as folder:
        length = SETTLING_S + options.seconds + 10
        recording = repeated(options.recording, length, pathlib.Path(folder) / "call.wav")
        server = Server(options.undertone, pathlib.Path(folder), calls)
        empty = server.memory_mib()
        command = [options.undertone, "call", "--as", "l16", "--to", f"ws://{server.address}/v1/feed/l16"]
        command += ["--token", server.token, "--calls", str(calls), "--format", "json"]
        callers = subprocess.Popen(command + [str(recording)], stdout=subprocess.PIPE, text=True)
        time.sleep(SETTLING_S)
        before, cpu, first = server.counts(), server.cpu_s(), server.memory_mib()
        time.sleep(options.seconds)
        after, cpu, last = server.counts(), server.cpu_s() - cpu, server.memory_mib()
        server.stop()
        callers.kill()
        callers.communicate()
    grew = lambda name: total(after, name) - total(before, name)
    read, shed = grew("undertone_batch_windows_sum"), grew("undertone_readings_shed_total")
    readings = grew("undertone_audio_to_event_seconds_count")
    row = {
        "calls": calls,
        "cores": cpu / options.seconds,
        "block_p50_ms": bound_ms(before, after, "undertone_audio_to_feature_seconds", 0.5),
        "block_p99_ms": bound_ms(before, after, "undertone_audio_to_feature_seconds", 0.99),
        "event_p50_ms": bound_ms(before, after, "undertone_audio_to_event_seconds", 0.5),
        "event_p99_ms": bound_ms(before, after, "undertone_audio_to_event_seconds", 0.99),
        "windows": read / max(grew("undertone_batch_windows_count"), 1),
        "shed": shed / max(shed + readings, 1),
        "lost": grew("undertone_audio_samples_lost_total") / 8 / max(grew("undertone_audio_milliseconds_total"), 1),
        "kib_a_call": (first - empty) * 1024 / calls,
        "grew_mib": last - first,
    }
    return row


def draw(rows, path):
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, (upper, lower) = pyplot.subplots(2, 1, figsize=(7, 6), sharex=True)
    calls = [row["calls"] for row in rows]
    for key, name in (("block_p99_ms", "block heard"), ("event_p99_ms", "reading's events out")):
        upper.plot(calls, [row[key] for row in rows], marker="o", label=f"{name}, 99 % within")
    upper.axhline(60, color="grey", linewidth=0.8, linestyle="--")
    upper.set(ylabel="ms from a block's arrival", yscale="log")
    upper.legend()
    for key, name in (("shed", "readings left out"), ("lost", "sound lost")):
        lower.plot(calls, [100 * row[key] for row in rows], marker="o", label=name)
    lower.set(xlabel="calls at once", ylabel="%")
    lower.legend()
    figure.tight_layout()
    figure.savefig(path, dpi=110)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("recording", nargs="?", default="samples/became-angry.wav")
    parser.add_argument("--undertone", default="target/release/undertone")
    parser.add_argument("--calls", type=int, nargs="+", default=[100, 200, 300, 400, 500, 600])
    parser.add_argument("--seconds", type=int, default=120)
    parser.add_argument("--plot", type=pathlib.Path)
    options = parser.parse_args()

    print("| calls | server, cores | block heard, ms: 50 %, 99 % within | events out, ms: 50 %, 99 % within | windows a batch | readings left out | sound lost | KiB a call | grew, MiB |")
    print("|---|---|---|---|---|---|---|---|---|")
    rows = []
    for calls in options.calls:
        row = measure(options, calls)
        rows.append(row)
        print(
            f"| {calls} | {row['cores']:.2f} | {row['block_p50_ms']:g}, {row['block_p99_ms']:g} | {row['event_p50_ms']:g}, "
            f"{row['event_p99_ms']:g} | {row['windows']:.1f} | {100 * row['shed']:.1f} % | {100 * row['lost']:.2f} % | "
            f"{row['kib_a_call']:.0f} | {row['grew_mib']:+.1f} |",
            flush=True,
        )
    if options.plot:
        draw(rows, options.plot)


if __name__ == "__main__":
    main()
