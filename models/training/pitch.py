#!/usr/bin/env python3
"""Trains the pitch decision and writes src/features/pitch/weights.rs.

    cargo build --release --example pitch_evidence
    python pitch.py --data DIR/emodb --evidence ../../target/release/examples/pitch_evidence

Voices with exact pitch come from two places: EmoDB sentences (CC0), analysed and resynthesised by
WORLD with new pitch contours, and a source-filter synthesiser (Rosenberg pulses through moving
formants). Both go through white, pink and babble noise at -2 to 25 dB and, for 85 % of them, through a
telephone line (300-3400 Hz, mu-law, 8 kHz). The extractor itself measures the evidence.

A frame's states are "unvoiced" and its candidates; two small networks are trained by softmax over them.
Five numbers are then set by hand, with an eye on voices that were not trained on (two EmoDB speakers, and
synthetic ones of another seed, whose figures are printed) and on other signals with exact truth: the
costs of the path, the sharpness of the networks, the offset of "unvoiced", and a preference for the higher
of two octaves, without which a nearly sinusoidal voice in noise falls to its lower octave.

Needs numpy, scipy, soundfile, soxr, pandas, torch and pyworld (with setuptools < 81).
"""

import argparse
import pathlib
import subprocess
import warnings

import numpy as np
import pandas as pd
import scipy.signal as ss
import soundfile as sf
import soxr
import torch
from torch.nn import Linear
from torch.nn.functional import cross_entropy

warnings.filterwarnings("ignore", message="pkg_resources")
import pyworld  # noqa: E402

CANDIDATES, FRAME, CANDIDATE = 8, 7, 17
ROW = CANDIDATES + FRAME + CANDIDATES * CANDIDATE
UNITS = 24
OCTAVE = 5  # column of a candidate's octave
LAG = 3  # frames of look-ahead in the path search
LINE = ss.butter(3, [300, 3400], "band", fs=16000, output="sos")
# Formants of eight vowels, Hz (after Peterson & Barney 1952, rounded).
VOWELS = np.array(
    [[730, 1090, 2440], [270, 2290, 3010], [300, 870, 2240], [570, 840, 2410], [530, 1840, 2480], [400, 2000, 2550],
     [640, 1190, 2390], [350, 1300, 2300]]
)  # fmt: skip


def contour(rng, frames):
    """A glide or a vibrato between 66 and 460 Hz, a value every 5 ms."""
    t = np.arange(frames) * 0.005
    if rng.random() < 0.5:
        start, end = np.exp(rng.uniform(np.log(66), np.log(460), 2))
        return start * (end / start) ** (0.5 - 0.5 * np.cos(2 * np.pi * t / t[-1] * rng.uniform(0.4, 1.2)))
    centre, depth, rate = np.exp(rng.uniform(np.log(75), np.log(420))), rng.uniform(0.2, 1.2), rng.uniform(4, 7)
    return centre * 2 ** (depth / 12 * np.sin(2 * np.pi * rate * t + rng.uniform(0, 6)))


def resynthesised(rng, path):
    """An EmoDB sentence with a pitch that is known: samples at 16 kHz and f0 every 5 ms, 0 unvoiced."""
    x, rate = sf.read(path)
    f0, t = pyworld.harvest(x, rate, f0_floor=65, f0_ceil=500, frame_period=5)
    f0 = pyworld.stonemask(x, f0, t, rate)
    envelope, aperiodicity = pyworld.cheaptrick(x, f0, t, rate), pyworld.d4c(x, f0, t, rate)
    voiced = f0 > 0
    if rng.random() < 0.67:
        f0 = contour(rng, len(f0))
    elif voiced.any():
        f0 = f0 * np.exp(rng.uniform(np.log(80), np.log(330))) / np.exp(np.log(f0[voiced]).mean())
    f0 = np.where(voiced, np.clip(f0, 66, 470), 0.0)
    if rng.random() < 0.7:
        aperiodicity = aperiodicity ** rng.uniform(1, 2)
    y = pyworld.synthesize(f0, envelope, aperiodicity, rate, 5.0)[: len(x)]
    return 0.05 * y / (y.std() + 1e-9), f0


def synthetic(rng):
    """The same from pulses and resonators."""
    rate, seconds = 32000, rng.uniform(2, 3.5)
    n, frames = int(seconds * rate), int(seconds * 200) + 2
    f0, voiced, at = contour(rng, frames), np.zeros(frames, bool), 0
    while at < frames:
        length = int(rng.uniform(0.15, 0.9) * 200)
        voiced[at : at + length] = True
        at += length + int(rng.uniform(0.05, 0.45) * 200)
    seconds_at = np.arange(n) / rate
    jitter = 1 + rng.uniform(0, 0.008) * rng.standard_normal(n // 160 + 1).repeat(160)[:n]
    phase = np.cumsum(np.interp(seconds_at, np.arange(frames) * 0.005, f0) * jitter) / rate % 1
    quotient = rng.uniform(0.4, 0.75)
    peak = 0.66 * quotient
    opening = np.sin(np.pi * phase / (2 * peak)) ** 2
    closing = np.cos(np.pi * (phase - peak) / (2 * (quotient - peak)))
    x = np.diff(np.where(phase < peak, opening, np.where(phase < quotient, closing, 0.0)), prepend=0)
    x *= 1 + rng.uniform(0, 0.05) * rng.standard_normal(n // 200 + 1).repeat(200)[:n]
    x += rng.uniform(0, 0.02) * x.std() * rng.standard_normal(n)
    size, length, block = rng.uniform(0.88, 1.25), int(rng.uniform(0.1, 0.3) * rate), rate // 50
    upper = np.array([[3400, 4500]]).repeat(n // length + 3, 0)
    vowels = np.hstack([VOWELS[rng.integers(len(VOWELS), size=n // length + 3)], upper]) * size
    y, memory = np.zeros(n), [np.zeros(2) for _ in range(5)]
    for start in range(0, n, block):
        share, piece = start % length / length, x[start : start + block]
        formants = vowels[start // length] * (1 - share) + vowels[start // length + 1] * share
        for j, hz in enumerate(formants):
            radius = np.exp(-np.pi * (50 + 0.05 * hz) / rate)
            filt = [1, -2 * radius * np.cos(2 * np.pi * hz / rate), radius**2]
            piece, memory[j] = ss.lfilter([sum(filt)], filt, piece, zi=memory[j])
        y[start : start + block] = piece
    gate = np.interp(seconds_at, np.arange(frames) * 0.005, ss.lfilter(np.ones(4) / 4, 1, voiced.astype(float)))
    y *= gate
    b, a = ss.butter(2, [rng.uniform(0.1, 0.2), rng.uniform(0.3, 0.45)], "band")
    some = (rng.random(n // 3200 + 1) < 0.5).repeat(3200)[:n]
    y += ss.lfilter(b, a, rng.standard_normal(n)) * y.std() * rng.uniform(0, 1) * some * (1 - gate)
    y = soxr.resample(y, rate, 16000)
    return 0.05 * y / (y.std() + 1e-9), np.where(voiced, f0, 0.0)


def mulaw(x):
    y = np.sign(x) * np.log1p(255 * np.abs(np.clip(x, -1, 1))) / np.log(256)
    q = np.round((y + 1) * 127.5) / 127.5 - 1
    return np.sign(q) * (256 ** np.abs(q) - 1) / 255


def on_a_line(rng, clips, clip):
    """Noise and, mostly, a telephone: samples, rate, kind of noise."""
    y, f0 = clip
    kind = rng.choice(["clean", "white", "pink", "babble", "babble"])
    if kind == "babble":
        noise = np.zeros(len(y))
        for j in rng.choice(len(clips), rng.choice([1, 2, 3, 4, 6, 6, 6])):
            other = np.roll(clips[j][0], rng.integers(len(clips[j][0])))
            noise += np.resize(other, len(y)) * 10 ** rng.uniform(-0.15, 0.15)
    else:
        noise = rng.standard_normal(len(y))
        if kind == "pink":
            noise = ss.lfilter([1], [1, -0.9], noise)
    if kind != "clean":
        voiced = np.resize((f0 > 0).repeat(80), len(y))
        power = (y[voiced] ** 2).mean() if voiced.any() else (y**2).mean()
        y = y + noise * np.sqrt(power / ((noise**2).mean() + 1e-12)) * 10 ** (-rng.uniform(-2, 25) / 20)
    if rng.random() < 0.85:
        y = soxr.resample(ss.sosfiltfilt(LINE, y), 16000, 8000)
        return mulaw(y * 10 ** rng.uniform(-1, 0.4)), 8000, kind
    return y + 1e-5 * rng.standard_normal(len(y)), 16000, kind


class Clip:
    """Evidence and truth of one clip."""

    def __init__(self, binary, line, f0):
        samples, rate, self.kind = line
        out = subprocess.run([binary, str(rate)], input=samples.astype("<f4").tobytes(), capture_output=True, check=True)
        rows = np.frombuffer(out.stdout, "<f4").reshape(-1, ROW)
        # Frame i is centred 5 + 10 i ms into the clip, f0 is known every 5 ms.
        rows = rows[: (len(f0) - 1) // 2]
        self.truth = f0[2 * np.arange(len(rows)) + 1]
        self.f0, self.frame = rows[:, :CANDIDATES], rows[:, CANDIDATES : CANDIDATES + FRAME]
        self.candidates = rows[:, CANDIDATES + FRAME :].reshape(-1, CANDIDATES, CANDIDATE)
        with np.errstate(divide="ignore"):
            off = np.abs(np.log2(self.f0 / self.truth[:, None]))
        best = np.where((self.f0 > 0) & (self.truth > 0)[:, None], off, np.inf)
        self.state = np.where(self.truth > 0, 1 + best.argmin(1), 0)
        # Voiced, but no candidate within a semitone: nothing to learn from.
        self.known = (self.truth == 0) | (best.min(1) < 0.09)


def voices(seed, data, speakers, sentences, synthetics, binary):
    rng = np.random.default_rng(seed)
    manifest = pd.read_csv(data / "manifest.csv")
    manifest = manifest[manifest.speaker.isin(speakers) & (manifest.duration > 1.2)]
    chosen = manifest.path.sample(sentences, replace=sentences > len(manifest), random_state=seed)
    made = []
    for clips in ([resynthesised(rng, data / path) for path in chosen], [synthetic(rng) for _ in range(synthetics)]):
        made += [Clip(binary, on_a_line(rng, clips, clip), clip[1]) for clip in clips]
    return made


class Net(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.direct, self.into, self.out = Linear(CANDIDATE, 1), Linear(CANDIDATE, UNITS), Linear(UNITS, 1)
        self.frame_into, self.frame_out = Linear(FRAME, 8), Linear(8, 1)

    def forward(self, frame, candidates):
        voiced = (self.direct(candidates) + self.out(torch.relu(self.into(candidates)))).squeeze(-1)
        return torch.cat([self.frame_out(torch.relu(self.frame_into(frame))), voiced], -1)


def train(clips, epochs, seed):
    torch.manual_seed(seed)
    take = lambda part: torch.tensor(np.concatenate([part(c)[c.known] for c in clips]))  # noqa: E731
    frame, candidates, state = take(lambda c: c.frame), take(lambda c: c.candidates), take(lambda c: c.state)
    absent = torch.nn.functional.pad(take(lambda c: c.f0) == 0, (1, 0))
    net, batch = Net(), 4096
    optimiser = torch.optim.Adam(net.parameters())
    steps = epochs * -(-len(state) // batch)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, 1e-2, total_steps=steps)
    for epoch in range(epochs):
        total = 0.0
        for some in torch.randperm(len(state)).split(batch):
            scores = net(frame[some], candidates[some]).masked_fill(absent[some], -1e4)
            loss = cross_entropy(scores, state[some])
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            schedule.step()
            total += loss.item() * len(some) / len(state)
        if epoch % 10 == 9:
            print(f"epoch {epoch + 1}: cross-entropy {total:.4f} over {len(state)} frames", flush=True)
    return net


def decide(scores, f0, jump, change):
    """The online path search of src/features/pitch/path.rs."""
    states = np.hstack([np.zeros((len(f0), 1)), f0])
    log = np.log2(np.maximum(states, 1))
    present = np.hstack([np.ones((len(f0), 1), bool), f0 > 0])
    scores = np.where(present, scores, -1e9)
    score, back, decided = scores[0], np.zeros((len(f0), 9), int), np.zeros(len(f0))
    for i in range(1, len(f0)):
        cost = jump * np.abs(log[i - 1][:, None] - log[i])
        cost[0, :], cost[:, 0], cost[0, 0] = change, change, 0
        paths = score[:, None] - cost
        back[i] = paths.argmax(0)
        score = paths.max(0) + scores[i]
        score = score - score.max()
        if i >= LAG:
            at = score.argmax()
            for step in range(LAG):
                at = back[i - step][at]
            decided[i - LAG] = states[i - LAG][at]
    return decided


def figures(clips, net, sharpness, offset, jump, change):
    """GPE and VDE, %, of each kind of noise."""
    sums = {}
    for clip in clips:
        with torch.no_grad():
            scores = net(torch.tensor(clip.frame), torch.tensor(clip.candidates)).numpy() * sharpness
        scores[:, 0] += offset
        f0 = decide(scores, clip.f0, jump, change)
        both = (f0 > 0) & (clip.truth > 0)
        gross = np.abs(f0[both] / clip.truth[both] - 1) > 0.2
        now = np.array([gross.sum(), both.sum(), ((f0 > 0) != (clip.truth > 0)).sum(), len(f0)])
        sums[clip.kind] = sums.get(clip.kind, 0) + now
    return {kind: (100 * s[0] / s[1], 100 * s[2] / s[3]) for kind, s in sorted(sums.items())}


def rust(net, sharpness, offset, jump, change):
    def number(x):
        text = f"{x:.6g}"
        return text if any(c in text for c in ".e") else text + ".0"

    def vector(v):
        return "[" + ", ".join(number(float(x)) for x in v) + "]"

    def matrix(m):
        return "[" + ", ".join(vector(row) for row in m) + "]"

    p = {name: value.detach().numpy() for name, value in net.named_parameters()}
    return f"""//! The weights of the pitch decision. Written by `models/training/pitch.py`; not by hand.

use super::evidence::{{CANDIDATE_EVIDENCE, FRAME_EVIDENCE}};

pub const CANDIDATE_UNITS: usize = {len(p["into.bias"])};
pub const FRAME_UNITS: usize = {len(p["frame_into.bias"])};
/// Log odds per octave of change between two voiced frames.
pub const OCTAVE_JUMP_COST: f32 = {number(jump)};
/// Log odds of a change between voiced and unvoiced.
pub const VOICING_CHANGE_COST: f32 = {number(change)};
pub const CANDIDATE_BIAS: f32 = {number(sharpness * float(p["direct.bias"][0] + p["out.bias"][0]))};
pub const FRAME_BIAS: f32 = {number(sharpness * float(p["frame_out.bias"][0]) + offset)};
pub const CANDIDATE_DIRECT: [f32; CANDIDATE_EVIDENCE] = {vector(sharpness * p["direct.weight"][0])};
pub const CANDIDATE_IN_BIAS: [f32; CANDIDATE_UNITS] = {vector(p["into.bias"])};
pub const CANDIDATE_OUT: [f32; CANDIDATE_UNITS] = {vector(sharpness * p["out.weight"][0])};
pub const CANDIDATE_IN: [[f32; CANDIDATE_EVIDENCE]; CANDIDATE_UNITS] = {matrix(p["into.weight"])};
pub const FRAME_IN_BIAS: [f32; FRAME_UNITS] = {vector(p["frame_into.bias"])};
pub const FRAME_OUT: [f32; FRAME_UNITS] = {vector(sharpness * p["frame_out.weight"][0])};
pub const FRAME_IN: [[f32; FRAME_EVIDENCE]; FRAME_UNITS] = {matrix(p["frame_into.weight"])};
"""


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=pathlib.Path, required=True, help="folder with EmoDB's manifest.csv")
    parser.add_argument("--evidence", required=True, help="the example pitch_evidence, built with --release")
    parser.add_argument("--epochs", type=int, default=120)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--sharpness", type=float, default=0.5, help="factor of all log odds")
    parser.add_argument("--offset", type=float, default=-0.4, help="log odds added to unvoiced")
    parser.add_argument("--octave", type=float, default=0.15, help="log odds per octave upwards")
    parser.add_argument("--jump", type=float, default=10.0, help="cost of an octave between frames")
    parser.add_argument("--change", type=float, default=3.0, help="cost of a voicing change")
    parser.add_argument("--out", type=pathlib.Path, default=pathlib.Path(__file__).parents[2] / "src/features/pitch/weights.rs")
    options = parser.parse_args()
    speakers = sorted(pd.read_csv(options.data / "manifest.csv").speaker.unique())
    held_out = speakers[::5]
    others = [s for s in speakers if s not in held_out]
    clips = voices(options.seed, options.data, others, 260, 320, options.evidence)
    checks = voices(options.seed + 1, options.data, held_out, 40, 40, options.evidence)
    net = train(clips, options.epochs, options.seed)
    with torch.no_grad():
        net.direct.weight[0, OCTAVE] += options.octave / options.sharpness
    chosen = options.sharpness, options.offset, options.jump, options.change
    for kind, (gpe, vde) in figures(checks, net, *chosen).items():
        print(f"  {kind}: GPE {gpe:.2f} %, VDE {vde:.1f} %")
    options.out.write_text(rust(net, *chosen))
    subprocess.run(["rustfmt", "--edition", "2024", options.out], check=True)


if __name__ == "__main__":
    main()
