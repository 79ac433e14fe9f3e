#!/usr/bin/env python3
"""What a telephone line leaves of jitter, shimmer, HNR and CPP, and how they agree with Praat.

    pip install numpy scipy soundfile praat-parselmouth
    python benches/quality.py [SPEECH_FOLDER] [--undertone target/release/undertone] [--clips 120]

The first table needs no data: made voices whose jitter, shimmer and HNR are known, over four lines. With a
folder of speech (16 kHz or more), two more tables hold the engine against Praat, clip by clip, at 16 kHz and
after a telephone line of 300-3400 Hz, 8 kHz, G.711 mu-law.
"""

import argparse
import csv
import pathlib
import subprocess
import tempfile

import numpy as np
import soundfile as sf
from scipy import signal

RATE = 16_000
OVER = 8  # the voices are made at 128 kHz, so that a pulse may fall between two samples
ACTIVE = 0.68  # of a second are sound, see `phrases`
COLUMNS = "f0_hz,voiced,speech,snr_db,jitter,shimmer,hnr_db,cpp_db,jitter_ok,shimmer_ok,hnr_ok,cpp_ok"


def narrow(x):
    """300-3400 Hz at 8 kHz."""
    sos = signal.butter(4, [300, 3400], "bandpass", fs=RATE, output="sos")
    return signal.resample_poly(signal.sosfilt(sos, x), 1, 2)


def mulaw(x):
    """Through G.711 and back (the continuous law, rounded to 8 bits)."""
    code = np.sign(x) * np.log1p(255 * np.abs(np.clip(x, -1, 1))) / np.log(256)
    code = np.round(code * 127) / 127
    return np.sign(code) * np.expm1(np.abs(code) * np.log(256)) / 255


def noisy(x, snr_db, rng):
    """White noise in the band, `snr_db` under the sound where there is sound."""
    noise = signal.sosfilt(signal.butter(4, [300, 3400], "bandpass", fs=8000, output="sos"), rng.standard_normal(len(x)))
    return x + noise * np.sqrt(np.mean(x**2) / ACTIVE / np.mean(noise**2)) * 10 ** (-snr_db / 20)


LINES = {
    "16 kHz": lambda x, rng: (x, RATE),
    "band, mu-law": lambda x, rng: (mulaw(narrow(x)), 8000),
    "band, mu-law, 25 dB": lambda x, rng: (mulaw(noisy(narrow(x), 25, rng)), 8000),
    "band, mu-law, 20 dB": lambda x, rng: (mulaw(noisy(narrow(x), 20, rng)), 8000),
    "band, mu-law, 10 dB": lambda x, rng: (mulaw(noisy(narrow(x), 10, rng)), 8000),
}


def voice(f0, jitter, shimmer, rng, seconds=4.0):
    """Pulses through four formants; the local jitter and shimmer that came out, as ratios."""
    rate = RATE * OVER
    count = int(seconds * f0)
    # Of independent normal deviates with standard deviation s, neighbours differ by 2 s / sqrt(pi).
    periods = (1 + jitter * np.sqrt(np.pi) / 2 * rng.standard_normal(count)) / f0
    gains = 1 + shimmer * np.sqrt(np.pi) / 2 * rng.standard_normal(count)
    at = np.cumsum(periods) * rate
    x = np.zeros(int(at[-1]) + rate // 10)
    whole = at.astype(int)
    np.add.at(x, whole, gains * (1 - at + whole))
    np.add.at(x, whole + 1, gains * (at - whole))
    x = signal.lfilter([1], [1, -0.995], x)  # the glottal slope
    for hz, width in [(620, 80), (1180, 90), (2500, 120), (3500, 180)]:
        r = np.exp(-np.pi * width / rate)
        a = [1, -2 * r * np.cos(2 * np.pi * hz / rate), r * r]
        x = signal.lfilter([sum(a)], a, x)
    x = phrases(signal.resample_poly(np.diff(x), 1, OVER))
    local = lambda v: np.mean(np.abs(np.diff(v))) / np.mean(v)
    return 0.25 * x / np.max(np.abs(x)), local(periods), local(gains)


def phrases(x):
    """0.7 s of sound, 0.3 s of pause: a level over the noise needs a pause to be known."""
    t = np.arange(len(x)) / RATE % 1.0
    return x * np.clip(np.minimum(t, 0.7 - t) / 0.02, 0, 1)


def tables(undertone, sounds, folder):
    """The feature table of each sound, as arrays by column."""
    folder = pathlib.Path(folder)
    for name, (x, rate) in sounds.items():
        sf.write(folder / f"{name}.wav", x, rate, subtype="PCM_16")
    (folder / "out").mkdir()
    command = [undertone, "features", str(folder), "--out", str(folder / "out"), "--columns", COLUMNS, "--quiet", "--jobs", "1"]
    subprocess.run(command, check=True)
    found = {}
    for name in sounds:
        with open(folder / "out" / f"{name}.csv", newline="") as file:
            rows = list(csv.DictReader(file))
        found[name] = {k: np.array([float(r[k]) if r[k] else np.nan for r in rows]) for k in rows[0]}
    return found


def ours(table, measure, column):
    ok = (table[f"{measure}_ok"] > 0) & (table["voiced"] > 0)
    return (np.mean(table[column][ok]) if ok.sum() >= 10 else np.nan), ok.sum() / max((table["voiced"] > 0).sum(), 1)


def praat_local(x, rate):
    """Praat's local jitter and shimmer of a whole sound."""
    import parselmouth
    from parselmouth.praat import call

    sound = parselmouth.Sound(x, sampling_frequency=rate)
    pulses = call(sound, "To PointProcess (periodic, cc)", 62, 500)
    return {
        "jitter": call(pulses, "Get jitter (local)", 0, 0, 0.0001, 0.02, 1.3),
        "shimmer": call([sound, pulses], "Get shimmer (local)", 0, 0, 0.0001, 0.02, 1.3, 1.6),
    }


def made(undertone):
    rng = np.random.default_rng(1)
    print("### Made voices: read for made (share of voiced frames that are reported)\n")
    cases = [("jitter %", j, 0.0) for j in (0.0, 0.005, 0.01, 0.02, 0.04)] + [("shimmer %", 0.0, s) for s in (0.0, 0.03, 0.06, 0.12)]
    print("| measure | made | F0 | " + " | ".join(LINES) + " | Praat, 16 kHz | Praat, band, mu-law |\n" + "|---" * (len(LINES) + 5) + "|")
    for measure, jitter, shimmer in cases:
        for f0 in (110, 210, 290):
            x, true_jitter, true_shimmer = voice(f0, jitter, shimmer, rng)
            sounds = {f"l{i}": line(x, rng) for i, line in enumerate(LINES.values())}
            with tempfile.TemporaryDirectory() as folder:
                found = tables(undertone, sounds, folder)
            name = measure.split()[0]
            cells = []
            for key in sounds:
                value, share = ours(found[key], name, name)
                cells.append(f"{100 * value:.2f} ({share:.0%})")
            for key in ("l0", "l1"):
                cells.append(f"{100 * praat_local(*sounds[key])[name]:.2f}")
            truth = true_jitter if name == "jitter" else true_shimmer
            print(f"| {measure} | {100 * truth:.2f} | {f0} | " + " | ".join(cells) + " |")
    print("\n### Made voices with white noise: HNR in the band, dB\n")
    print("| made | F0 | HNR read | reported | CPP dB |\n|---|---|---|---|---|")
    for f0 in (90, 140, 210, 320):
        for hnr in (0, 5, 10, 15, 20, 25, 30):
            x = narrow(voice(f0, 0, 0, rng)[0])
            breath = noisy(x, hnr, rng) - x
            # Noise of the voice pauses with the voice, and a line lies 40 dB under both.
            gate = signal.resample_poly(phrases(np.ones(2 * len(x))), 1, 2)[: len(x)]
            x = noisy(x + breath * np.clip(gate, 0, 1), 40, rng)
            with tempfile.TemporaryDirectory() as folder:
                table = tables(undertone, {"x": (x, 8000)}, folder)["x"]
            voiced = table["voiced"] > 0
            value, share = ours(table, "hnr", "hnr_db")
            cpp = ours(table, "cpp", "cpp_db")[0]
            print(f"| {hnr} | {f0} | {np.mean(table['hnr_db'][voiced]):.1f} | {value:.1f} ({share:.0%}) | {cpp:.1f} |")


def praat(x, rate, moments):
    """Praat's figures: over the whole sound, and over the periods before each (time, F0) of ours."""
    import parselmouth
    from parselmouth.praat import call

    sound = parselmouth.Sound(x, sampling_frequency=rate)
    pulses = call(sound, "To PointProcess (periodic, cc)", 62, 500)
    harmonicity = call(sound, "To Harmonicity (ac)", 0.01, 62, 0.1, 4.5)
    cepstrum = call(sound, "To PowerCepstrogram", 62, 0.01, 3400.0, 50)
    cpp = call(cepstrum, "Get CPPS", "no", 0.02, 0.0005, 62, 500, 0.05, "parabolic", 0.002, 0.016, "straight", "robust")
    spans = [(t - min(0.5, 21 / f0) if f0 > 0 else t, t) for t, f0 in moments]
    hnr = np.array([call(harmonicity, "Get value at time", t, "nearest") for t, _ in moments])
    return {
        "jitter": np.array([call(pulses, "Get jitter (local)", *span, 0.0001, 0.02, 1.3) for span in spans]),
        "shimmer": np.array([call([sound, pulses], "Get shimmer (local)", *span, 0.0001, 0.02, 1.3, 1.6) for span in spans]),
        "hnr": np.where(hnr > -100, hnr, np.nan),
        "cpp": np.array([cpp]),
    }


def speech(undertone, folder, limit):
    rng = np.random.default_rng(1)
    paths = sorted(p for p in pathlib.Path(folder).rglob("*") if p.suffix.lower() in {".wav", ".flac"})
    paths = paths[:: max(1, len(paths) // limit)][:limit]
    lines = {"16k": {}, "tel": {}}
    for path in paths:
        x, rate = sf.read(path, always_2d=True)
        x = signal.resample_poly(x.mean(1), RATE, rate) * 0.5
        lines["16k"][path.stem] = (x, RATE)
        lines["tel"][path.stem] = LINES["band, mu-law"](x, rng)
    columns = {"jitter": "jitter", "shimmer": "shimmer", "hnr": "hnr_db", "cpp": "cpp_db"}
    read, clips, share = {}, {}, {}
    for line, sounds in lines.items():
        with tempfile.TemporaryDirectory() as scratch:
            found = tables(undertone, sounds, scratch)
        values = {(who, m): [] for who in ("ours", "Praat") for m in columns}
        counts = {m: [] for m in columns}
        for name, sound in sounds.items():
            table = found[name]
            for m, column in columns.items():
                ok = (table[f"{m}_ok"] > 0) & (table["voiced"] > 0)
                counts[m].append([ok.sum(), (table["voiced"] > 0).sum()])
                value = np.where(ok, table[column], np.nan)
                # CPPS is a figure of a recording in Praat; the others are compared every 50 ms.
                value = np.array([np.nanmean(value) if ok.any() else np.nan]) if m == "cpp" else value[::5]
                values["ours", m].append(value)
            moments = list(zip(table["time_s"][::5] , table["f0_hz"][::5]))
            for m, value in praat(*sound, moments).items():
                values["Praat", m].append(value)
        for (who, m), value in values.items():
            read[who, line, m] = np.concatenate(value)
            clips[who, line, m] = value
        for m in columns:
            share[line, m] = np.divide(*np.sum(counts[m], 0))
    print(f"\n### {len(paths)} clips of speech: r (of the clips' means), median difference, median absolute difference\n")
    print("| measure | ours : Praat, 16 kHz | ours : Praat, line | ours: line : 16 kHz | Praat: line : 16 kHz | reported 16 kHz, line | medians of ours and Praat, 16 kHz; line |")
    print("|---|---|---|---|---|---|---|")
    for m in columns:
        scale = 100 if m in ("jitter", "shimmer") else 1
        get = lambda who, line: scale * read[who, line, m]

        def both(a, b):
            kept = np.isfinite(a) & np.isfinite(b)
            return a[kept], b[kept]

        def agree(one, other):
            a, b = both(get(*one), get(*other))
            pairs = [both(*pair) for pair in zip(clips[*one, m], clips[*other, m])]
            means = np.array([[np.mean(v) for v in pair] for pair in pairs if len(pair[0])])
            over = f" ({np.corrcoef(means.T)[0, 1]:.2f})" if m != "cpp" else ""
            return f"{np.corrcoef(a, b)[0, 1]:.2f}{over}, {np.median(a - b):+.2f}, {np.median(np.abs(a - b)):.2f}"

        medians = [both(get("ours", line), get("Praat", line)) for line in lines]
        cells = [
            agree(("ours", "16k"), ("Praat", "16k")),
            agree(("ours", "tel"), ("Praat", "tel")),
            agree(("ours", "tel"), ("ours", "16k")),
            agree(("Praat", "tel"), ("Praat", "16k")),
            ", ".join(f"{share[line, m]:.0%}" for line in lines),
            "; ".join(f"{np.median(a):.2f}, {np.median(b):.2f}" for a, b in medians),
        ]
        print(f"| {m}{' %' if scale == 100 else ' dB'} | " + " | ".join(cells) + " |")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", nargs="?", type=pathlib.Path)
    parser.add_argument("--undertone", default="target/release/undertone")
    parser.add_argument("--clips", type=int, default=120)
    options = parser.parse_args()
    made(options.undertone)
    if options.data:
        speech(options.undertone, options.data, options.clips)


if __name__ == "__main__":
    main()
