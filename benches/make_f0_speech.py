#!/usr/bin/env python3
"""Makes speech whose pitch is known exactly: real clips, taken apart and put together again by WORLD.

    pip install pyworld==0.3.5 'setuptools<81' numpy scipy soundfile soxr
    python benches/make_f0_speech.py --out F0SPEECH DATA/emodb DATA/ravdess DATA/nemo
    undertone eval f0 F0SPEECH

Each corpus is a folder with a `manifest.csv` (`path`, `speaker`, `duration`, …) and the clips it names. Clips are chosen by
--seed, one corpus and one speaker after the other. Where two pitch trackers (Harvest, DIO) do not agree, or the pitch jumps,
it is interpolated before the spectral envelope is measured, for an envelope taken at half the pitch would carry the harmonics
of the other; clips with more than 5 % of such frames are refused.

What the truth is: the f0 that the synthesis was given, smoothed over 65 ms inside each voiced stretch, every 5 ms. `voiced`
is 1 where the synthesis was given an f0: where Harvest finds one, D4C calls the sound periodic, the level is within 30 dB
of the clip's peak, and this lasts 30 ms. Elsewhere the synthesis is noise. `w` is 0 within 20 ms of a voicing edge.

Written: truth_NAME.csv and audio/NAME_*.flac. `clean_16k`: 16 kHz, noise floor at -95 dBFS. `tel8_*`: 300-3400 Hz
(Butterworth of 4th order, zero-phase), 8 kHz, mu-law coded and decoded; alone, with white noise, and with babble of six
other voices. The noise lies --snr dB under the voiced parts, measured at 16 kHz before the filter.
"""

import argparse
import csv
import itertools
import pathlib
import random

import numpy as np
import pyworld
import scipy.ndimage
import scipy.signal
import soundfile
import soxr

RATE = 16000
FRAME_MS = 5.0
HOP = int(RATE * FRAME_MS / 1000)
FLOOR_HZ, CEILING_HZ = 60.0, 500.0
VOICES_OF_BABBLE = 6


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpora", nargs="+", type=pathlib.Path, metavar="CORPUS")
    parser.add_argument("--out", type=pathlib.Path, required=True)
    parser.add_argument("--name", default="world", help="prefix of the files (default: world)")
    parser.add_argument("--clips", type=int, default=25)
    parser.add_argument("--snr", type=float, nargs="+", default=[10.0], metavar="DB")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()

    dice = random.Random(options.seed)
    noise = np.random.default_rng(options.seed)
    queue = in_turn([clips_of(corpus) for corpus in options.corpora], dice)
    pieces, speakers = [], set()
    for row in queue:
        made = resynthesise(read(row["file"]))
        if made is not None:
            pieces.append(made)
            speakers.add(row["speaker"])
            print(f"{row['file']}  {len(made[0]) / RATE:.2f} s, {(made[1] > 0).mean():.0%} voiced")
        if len(pieces) == options.clips:
            break
    else:
        parser.error(f"only {len(pieces)} of {options.clips} clips can be used: name more corpora, or fewer --clips")
    speech, f0 = joined(pieces, dice)
    babble = babble_of(queue, speakers, len(speech))

    audio = options.out / "audio"
    audio.mkdir(parents=True, exist_ok=True)
    write_truth(options.out / f"truth_{options.name}.csv", f0)

    def write(condition, samples, rate):
        soundfile.write(audio / f"{options.name}_{condition}.flac", samples, rate, subtype="PCM_16")

    white = noise.standard_normal(len(speech))
    write("clean_16k", speech + 10 ** (-95 / 20) * white, RATE)
    write("tel8_clean", telephone(speech), RATE // 2)
    voiced_rms = rms(speech[np.repeat(f0 > 0, HOP)[: len(speech)]])
    for kind, sound in [("white", white), ("babble", babble)]:
        for snr in options.snr:
            scale = voiced_rms / rms(sound) * 10 ** (-snr / 20)
            write(f"tel8_{kind}{snr:g}", telephone(speech + scale * sound), RATE // 2)
    print(f"{len(pieces)} clips of {len(speakers)} speakers, {len(speech) / RATE:.1f} s, {(f0 > 0).mean():.0%} voiced, "
          f"{f0[f0 > 0].min():.0f}-{f0.max():.0f} Hz")


def clips_of(corpus):
    """The rows of a manifest that hold whole speech of a usable length."""
    with open(corpus / "manifest.csv", newline="", encoding="utf-8") as file:
        rows = [dict(row, file=corpus / row["path"]) for row in csv.DictReader(file)]
    return [row for row in rows if row.get("set") != "cut2s" and 1.2 <= float(row["duration"]) <= 4.0]


def in_turn(corpora, dice):
    """One clip of each corpus after the other, and in a corpus one of each speaker after the other."""
    def by_speaker(rows):
        speakers = {}
        for row in dice.sample(rows, len(rows)):
            speakers.setdefault(row["speaker"], []).append(row)
        names = dice.sample(sorted(speakers), len(speakers))
        return [row for turn in itertools.zip_longest(*(speakers[name] for name in names)) for row in turn if row]

    turns = itertools.zip_longest(*(by_speaker(rows) for rows in corpora))
    return iter([row for turn in turns for row in turn if row])


def read(path):
    samples, rate = soundfile.read(path, always_2d=True)
    return np.ascontiguousarray(soxr.resample(samples[:, 0], rate, RATE))


def resynthesise(x):
    """(samples, f0 every 5 ms) or None: the clip as WORLD speaks it, and the f0 it was given."""
    f0, times = pyworld.harvest(x, RATE, f0_floor=FLOOR_HZ, f0_ceil=CEILING_HZ, frame_period=FRAME_MS)
    f0 = pyworld.stonemask(x, f0, times, RATE)
    coarse, _ = pyworld.dio(x, RATE, f0_floor=FLOOR_HZ, f0_ceil=CEILING_HZ, frame_period=FRAME_MS)
    aperiodicity = pyworld.d4c(x, f0, times, RATE)
    periodic = aperiodicity[:, 1] < 0.5
    level = np.array([rms(x[max(0, i * HOP - 200) : i * HOP + 200]) for i in range(len(f0))])
    voiced = (f0 >= FLOOR_HZ) & (f0 <= CEILING_HZ) & periodic & (level > level.max() * 10 ** (-30 / 20))
    doubted = voiced & (coarse > 0) & (np.abs(f0 / np.maximum(coarse, 1) - 1) > 0.2)
    smooth = np.zeros(len(f0))
    for first, end in runs(voiced):
        if end - first < 6:
            continue
        stretch = np.log2(f0[first:end])
        jumped = np.abs(stretch - scipy.ndimage.median_filter(stretch, 15, mode="nearest")) > 0.2
        doubted[first:end] |= jumped
        sure = np.flatnonzero(~doubted[first:end])
        if not len(sure):
            return None
        stretch = np.interp(np.arange(end - first), sure, stretch[sure])
        weights = np.hanning(15)[1:-1]
        smooth[first:end] = 2 ** np.convolve(np.pad(stretch, 6, "edge"), weights / weights.sum(), "valid")
    if (smooth > 0).mean() < 0.3 or doubted.sum() > 0.05 * voiced.sum():
        return None
    # The parts of speech that are not voiced are noise altogether, so that the truth has no third state.
    envelope = pyworld.cheaptrick(x, np.where(smooth > 0, smooth, f0), times, RATE)
    aperiodicity[smooth == 0] = 1.0
    y = pyworld.synthesize(smooth, envelope, aperiodicity, RATE, FRAME_MS)
    frames = min(len(smooth), len(y) // HOP)
    y = y[: frames * HOP]
    return y * (10 ** (-26 / 20) / rms(y[np.repeat(smooth[:frames] > 0, HOP)])), smooth[:frames]


def runs(flags):
    """First and end of each run of true values."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], flags.astype(int), [0]])))
    return zip(edges[::2], edges[1::2])


def joined(pieces, dice):
    """The pieces with pauses of 0.1-0.5 s, each at its own level within 6 dB: samples and f0."""
    samples, f0 = [], []
    for y, truth in pieces:
        pause = dice.randint(20, 100)
        samples += [np.zeros(pause * HOP), y * 10 ** (dice.uniform(-3, 3) / 20)]
        f0 += [np.zeros(pause), truth]
    samples, f0 = np.concatenate(samples), np.concatenate(f0)
    return samples * min(1.0, 0.9 / np.abs(samples).max()), f0


def babble_of(queue, taken, length):
    """The sum of six voices that are not in the speech, or at least not the same clips, equally loud."""
    waiting = {}
    for row in queue:
        waiting.setdefault(row["speaker"], []).append(row)
    names = sorted(waiting, key=lambda name: name in taken)[:VOICES_OF_BABBLE]
    total = np.zeros(length)
    for name in names:
        voice = np.zeros(0)
        for row in itertools.cycle(waiting[name][:40]):
            clip = read(row["file"])
            voice = np.concatenate([voice, clip / max(rms(clip), 1e-6)])
            if len(voice) >= length:
                break
        total += voice[:length]
    return total


def telephone(x):
    """300-3400 Hz without delay, 8 kHz, through mu-law (ITU-T G.711) and back."""
    sos = scipy.signal.butter(4, [300, 3400], "bandpass", fs=RATE, output="sos")
    y = scipy.signal.resample_poly(scipy.signal.sosfiltfilt(sos, x), 1, 2)
    pcm = np.clip(np.round(y * 32768), -32635, 32635)
    magnitude = np.abs(pcm).astype(int) + 132
    exponent = np.floor(np.log2(magnitude)).astype(int) - 7
    mantissa = (magnitude >> (exponent + 3)) & 15
    decoded = ((2 * mantissa + 33) << (exponent + 2)) - 132
    return np.sign(pcm) * decoded / 32768


def write_truth(path, f0):
    voiced = f0 > 0
    near = np.zeros(len(f0), bool)
    for edge in np.flatnonzero(np.diff(voiced.astype(int))):
        near[max(0, edge - 3) : edge + 5] = True
    with open(path, "w", newline="") as file:
        out = csv.writer(file)
        out.writerow(["time_s", "f0_hz", "voiced", "w"])
        for i, (hz, on, skip) in enumerate(zip(f0, voiced, near)):
            out.writerow([f"{i * FRAME_MS / 1000:.4f}", f"{hz:.4f}", int(on), int(not skip)])


def rms(x):
    return float(np.sqrt(np.mean(np.square(x)))) if len(x) else 0.0


if __name__ == "__main__":
    main()
