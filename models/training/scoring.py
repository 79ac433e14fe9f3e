"""Scores a corpus as a caller would be heard: calm clips held out as the baseline, the others read.

The protocol: of every speaker up to `held` calm clips (of the reference copy) are taken out of every
test, with the baseline and without, so that the two are scored on the same clips.
"""

from dataclasses import dataclass

import numpy as np

from corpus import CALM
from input import CHANNELS, ENROL_STEPS, MIN_STEPS, WINDOW_STEPS, baseline, gather, normalise

HELD = 4
HOP_STEPS = 25


@dataclass
class Scored:
    """One row a clip: its emotion, speaker, window count, and the mean logits over its windows."""

    emotion: np.ndarray
    speaker: np.ndarray
    name: np.ndarray
    windows: np.ndarray
    classes: np.ndarray
    affect: np.ndarray
    heard: np.ndarray


def held_out(bank, speaker, copy, held=HELD, seed=0):
    """The calm clips of a speaker that make the baseline: neutral first, for it is what a call opens with."""
    calm = np.flatnonzero((bank.speaker == speaker) & (bank.copy == copy) & np.isin(bank.emotion, CALM) & (bank.length >= MIN_STEPS))
    calm = np.random.default_rng(seed).permutation(calm)
    order = np.argsort([CALM.index(e) for e in bank.emotion[calm]], kind="stable")
    return calm[order][:held]


def runs_of(bank, clip):
    """Step indices of the windows in one clip: one every half second, all of it if it is short."""
    steps = np.arange(bank.start[clip], bank.stop[clip])
    ends = range(min(len(steps), WINDOW_STEPS), len(steps) + 1, HOP_STEPS)
    return [steps[max(0, end - WINDOW_STEPS) : end] for end in ends]


def joined_runs(bank, clips):
    """One full window of each pair of clips: the same speaker and emotion, one after the other."""
    run = [bank.steps(clips[i : i + 2]) for i in range(0, len(clips) - 1, 2)]
    return [r for r in run if len(r) >= WINDOW_STEPS]


def score(bank, speakers, population, shrink_steps, read, copy=0, enrolled=True, held=HELD, joined=False, cut=None):
    """Scores the test clips of `speakers` in one copy. `read(x, mask)` gives class and affect logits.

    Clips with less than MIN_STEPS of speech give no reading in a call and are left out. `joined` makes
    full windows of two clips; `cut` (a generator) makes windows of a random length, as after a first word.
    """
    runs, owner, baselines, emotion, voice, names = [], [], [], [], [], []
    mean, sd = population
    for speaker in speakers:
        held_clips = held_out(bank, speaker, copy, held)
        total, counts = np.zeros(len(CHANNELS)), np.zeros(len(CHANNELS))
        if enrolled and len(held_clips):
            total, counts = bank.enrolment(held_clips, ENROL_STEPS)
        b = baseline(total, counts, mean, shrink_steps)
        tested = np.flatnonzero((bank.speaker == speaker) & (bank.copy == copy) & (bank.length >= MIN_STEPS))
        tested = np.setdiff1d(tested, held_clips)
        if joined:
            groups = [(e, "", [r]) for e in np.unique(bank.emotion[tested]) for r in joined_runs(bank, tested[bank.emotion[tested] == e])]
        else:
            groups = [(bank.emotion[clip], bank.name[clip], runs_of(bank, clip)) for clip in tested]
        for label, name, windows in groups:
            owner += [len(emotion)] * len(windows)
            runs += windows
            baselines += [b] * len(windows)
            emotion.append(label)
            voice.append(speaker)
            names.append(name)
    if cut is not None:
        runs = [run[-cut.integers(MIN_STEPS, WINDOW_STEPS + 1) :] for run in runs]
    features, voiced, mask = gather(bank.features, bank.voiced, runs)
    classes, affect = read(normalise(features, voiced, mask, np.array(baselines), sd), mask.astype(np.float32))
    windows = np.bincount(owner, minlength=len(emotion))
    first = np.cumsum(windows) - windows
    average = lambda values: np.add.reduceat(values, first) / windows.reshape(-1, *[1] * (values.ndim - 1))
    return Scored(np.array(emotion), np.array(voice), np.array(names), windows, average(classes), average(affect), average(mask.mean(1)))


def pooled(parts):
    """Several Scored as one."""
    return Scored(*(np.concatenate([getattr(part, name) for part in parts]) for name in Scored.__dataclass_fields__))
