"""How far a caller's angry speech lies from the same caller's calm speech: d' for 1, 2, 3 and 6 s.

Clips of one speaker and emotion stand one after another, in four random orders; every `seconds` of them make
one reading, the mean of the windows in it, as a call is read. Eight clips of every speaker are out of all
tests: four calm ones, which are the usual enrolment, and four angry ones, which are the wrong one.

    python within.py --model ../affect-open.onnx --data DIR --corpora ravdess ased nemo

prints the table of a finished model, whose card lies beside it; evaluate.py makes that of all networks of a run.
"""

import argparse
import tomllib
from pathlib import Path

import numpy as np

from corpus import CALM
from input import CHANNELS, ENROL_STEPS, MIN_STEPS, WINDOW_STEPS, baseline, gather, normalise
from scoring import HELD, HOP_STEPS, held_out

SECONDS = (1, 2, 3, 6)
ENROLMENTS = ("calm", "none", "any", "angry")
ORDERS = 4
STEPS_A_SECOND = 50


def held_angry(bank, speaker, copy, seed=0):
    """The angry clips of a speaker that make the wrong baseline."""
    angry = np.flatnonzero((bank.speaker == speaker) & (bank.copy == copy) & (bank.emotion == "anger") & (bank.length >= MIN_STEPS))
    return np.random.default_rng(seed).permutation(angry)[:HELD]


def pieces(bank, clips, length, rng):
    """Runs of `length` steps from these clips in a random order; what is left over at the end is dropped."""
    run = bank.steps(rng.permutation(clips)) if len(clips) else np.zeros(0, int)
    return [run[at : at + length] for at in range(0, len(run) - length + 1, length)]


def readings(bank, speakers, population, shrink_steps, read, mix, seconds, enrolment, copy=0):
    """(anger logit by the calibration's `mix` [3], whether angry, speaker) of every piece of `seconds`."""
    length, mean, sd = seconds * STEPS_A_SECOND, *population
    runs, owner, baselines, angry, voice = [], [], [], [], []
    for speaker in speakers:
        rng = np.random.default_rng(1)
        calm_held, angry_held = held_out(bank, speaker, copy), held_angry(bank, speaker, copy)
        used = {"calm": calm_held, "none": [], "any": np.r_[calm_held[:2], angry_held[:2]], "angry": angry_held}[enrolment]
        total, counts = np.zeros(len(CHANNELS)), np.zeros(len(CHANNELS))
        if len(used):
            total, counts = bank.enrolment(np.asarray(used), ENROL_STEPS)
        b = baseline(total, counts, mean, shrink_steps)
        own = (bank.speaker == speaker) & (bank.copy == copy) & (bank.length >= MIN_STEPS // 2)
        for label, among in ((True, ["anger"]), (False, CALM)):
            clips = np.setdiff1d(np.flatnonzero(own & np.isin(bank.emotion, among)), np.r_[calm_held, angry_held])
            for _ in range(ORDERS):
                for piece in pieces(bank, clips, length, rng):
                    ends = range(min(length, WINDOW_STEPS), length + 1, HOP_STEPS)
                    windows = [piece[max(0, end - WINDOW_STEPS) : end] for end in ends]
                    runs += windows
                    owner += [len(angry)] * len(windows)
                    baselines += [b] * len(windows)
                    angry.append(label)
                    voice.append(speaker)
    if not runs:
        return np.zeros(0), np.zeros(0, bool), np.zeros(0, str)
    features, voiced, mask = gather(bank.features, bank.voiced, runs)
    _, affect = read(normalise(features, voiced, mask, np.array(baselines), sd), mask.astype(np.float32))
    z = np.bincount(owner, affect @ mix) / np.bincount(owner)
    return z, np.array(angry), np.array(voice)


def d_primes(z, angry, voice, least=3):
    """(within, pooled, speakers): over the speakers' own spread, and over all readings as they are.

    Within: the mean over speakers of the difference of their means, in the root of their mean variance.
    """
    gaps, spreads = [], []
    for speaker in sorted(set(voice)):
        one, other = z[(voice == speaker) & angry], z[(voice == speaker) & ~angry]
        if min(len(one), len(other)) >= least:
            gaps.append(one.mean() - other.mean())
            spreads.append((one.var(ddof=1) + other.var(ddof=1)) / 2)
    if not gaps:
        return float("nan"), float("nan"), 0
    pooled = (z[angry].mean() - z[~angry].mean()) / np.sqrt((z[angry].var(ddof=1) + z[~angry].var(ddof=1)) / 2)
    return float(np.mean(gaps) / np.sqrt(np.mean(spreads))), float(pooled), len(gaps)


def reader(onnx):
    """(read, population, shrink_steps) of a finished model and its card."""
    import export

    run, card = export.session(onnx), tomllib.loads(onnx.with_suffix(".toml").read_text())["input"]

    def read(x, mask):
        parts = [run.run(None, {"x": x[a : a + 512], "mask": mask[a : a + 512]}) for a in range(0, len(x), 512)]
        classes, affect = (np.concatenate(values).astype(np.float64) for values in zip(*parts))
        p = np.clip(affect[:, :3], 1e-7, 1 - 1e-7)
        return np.log(np.maximum(classes, 1e-9)), np.log(p / (1 - p))

    return read, (np.array(card["population_mean"]), np.array(card["population_sd"])), card["shrink_steps"]


def main():
    from render import render

    here = Path(__file__).parent
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", type=Path, default=here / "../affect-open.onnx")
    parser.add_argument("--data", type=Path, required=True, help="the folder of the corpora")
    parser.add_argument("--corpora", nargs="+", default=["ravdess", "ased", "nemo"])
    parser.add_argument("--undertone", type=Path, default=here / "../../target/release/undertone")
    parser.add_argument("--runs", type=Path, default=here / "runs")
    options = parser.parse_args()
    read, population, shrink_steps = reader(options.model)
    for corpus in options.corpora:
        bank = render(options.data / corpus, options.undertone, 1, options.runs, crop=False)
        for enrolment in ENROLMENTS:
            row = []
            for seconds in SECONDS:
                found = readings(bank, sorted(set(bank.speaker)), population, shrink_steps, read, np.array([0.0, 1.0, 0.0]), seconds, enrolment)
                row.append("{:.2f} ({:.2f}, {})".format(*d_primes(*found)))
            print(f"| {corpus}, enrolment {enrolment} | " + " | ".join(row) + " |", flush=True)


if __name__ == "__main__":
    main()
