#!/usr/bin/env python3
"""Whether a server whose callers are killed, over and over, stops growing.

    python benches/killed_callers.py [--undertone target/release/undertone] [--calls 15000] [--at-once 100]
                                     [--plot killed-callers.png] [samples/became-angry.wav]

A server is started with its store in a temporary folder. Then, again and again, `undertone call --as l16` brings
--at-once callers who leave out one frame in twenty, is killed with all its sockets open after a second or two, and the
calls it left are closed as a telephone system would. Every thousand calls a row is written: memory (resident), files
and calls that the server holds. At the end: the growth a call over the second half, by a straight line. A server that
keeps something of every call shows it there, whatever that is. Needs matplotlib for --plot alone.
"""

import argparse
import json
import pathlib
import random
import subprocess
import tempfile
import time
import urllib.request

from feed_load import Server

ROW_EVERY = 1000


def files(server):
    return len(list(pathlib.Path(f"/proc/{server.process.pid}/fd").iterdir()))


def ask(server, path, body=None):
    request = urllib.request.Request(f"http://{server.address}{path}", data=body)
    request.add_header("Authorization", f"Bearer {server.token}")
    request.add_header("Content-Type", "application/json")
    return json.loads(urllib.request.urlopen(request, timeout=30).read() or "null")


def open_calls(server):
    return [call["call_id"] for call in ask(server, "/v1/calls")["calls"]]


def slope(points):
    """Least squares, of the second by the first."""
    xs, ys = zip(*points)
    x, y = sum(xs) / len(xs), sum(ys) / len(ys)
    spread = sum((a - x) ** 2 for a in xs)
    return sum((a - x) * (b - y) for a, b in points) / spread if spread else float("nan")


def one_round(options, server):
    """Callers that come, are killed and leave their calls behind; how many came."""
    command = [options.undertone, "call", "--as", "l16", "--to", f"ws://{server.address}/v1/feed/l16"]
    command += ["--token", server.token, "--calls", str(options.at_once), "--lose-one-in", "20"]
    callers = subprocess.Popen(command + [options.recording], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    time.sleep(random.uniform(1.0, 2.0))
    callers.kill()
    callers.wait()
    left = open_calls(server)
    for call in left:
        ask(server, f"/v1/calls/{call}/close", b"{}")
    return len(left)


def draw(rows, path):
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(7, 3.2), layout="constrained")
    axes.plot([row[0] for row in rows], [row[1] for row in rows], marker="o", markersize=3)
    axes.set(xlabel="calls whose callers were killed", ylabel="resident memory, MiB", ylim=(0, None))
    axes.grid(alpha=0.3)
    figure.savefig(path, dpi=120)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--undertone", default="target/release/undertone")
    parser.add_argument("--calls", type=int, default=15000, help="callers killed in all")
    parser.add_argument("--at-once", type=int, default=100)
    parser.add_argument("--plot", type=pathlib.Path)
    parser.add_argument("recording", nargs="?", default="samples/became-angry.wav")
    options = parser.parse_args()
    rows, killed = [], 0
    with tempfile.TemporaryDirectory() as folder:
        server = Server(options.undertone, pathlib.Path(folder), options.at_once)
        print("| calls killed | resident MiB | files | calls open |\n|---|---|---|---|", flush=True)
        while killed < options.calls:
            if killed >= ROW_EVERY * len(rows):
                time.sleep(1.0)
                rows.append((killed, server.memory_mib(), files(server)))
                print(f"| {killed} | {rows[-1][1]:.1f} | {rows[-1][2]} | {len(open_calls(server))} |", flush=True)
            came = one_round(options, server)
            if came == 0:
                raise SystemExit(f"no caller got through; see what `{options.undertone} call` says")
            killed += came
        server.stop()
    half = [(row[0], row[1] * 1024) for row in rows if row[0] >= killed / 2]
    print(f"\ngrowth over the second half: {slope(half):.2f} KiB a call")
    if options.plot:
        draw(rows, options.plot)


if __name__ == "__main__":
    main()
