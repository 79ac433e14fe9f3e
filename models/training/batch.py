"""Training batches: windows of one emotion, the caller's enrolment, and warps in the feature domain."""

import numpy as np

from corpus import AROUSED, CALM, SUBDUED
from input import CHANNELS, ENROL_STEPS, MEL, MEL_BANDS, MIN_STEPS, WINDOW_STEPS, baseline, gather, normalise
from network import CLASSES

F0 = CHANNELS.index("f0_st")
MEL_WARPS = np.linspace(-0.08, 0.08, 17)
F0_SHIFT_ST = 3.0
TEMPO = 0.15
# No baseline yet; the first seconds of one; a full one; one taken from a caller who was not calm.
ENROLMENT = {"none": 0.2, "short": 0.25, "full": 0.45, "mixed": 0.1}


def targets(emotions):
    """(class, arousal, anger, distress) of each emotion; -1 where a head is not taught."""
    classes = np.array([CLASSES.index(e) if e in CLASSES else -1 for e in emotions])
    arousal = np.array([1 if e in AROUSED else 0 if e in SUBDUED else -1 for e in emotions])
    anger = np.array([int(e == "anger") for e in emotions])
    distress = np.array([int(e in ("sadness", "fear")) for e in emotions])
    return classes, arousal, anger, distress


def mel_warps():
    """Matrices that stretch the mel axis, as a shorter or longer vocal tract does."""
    matrices = []
    for amount in MEL_WARPS:
        source = np.clip(np.arange(MEL_BANDS) * (1 + amount), 0, MEL_BANDS - 1)
        low = np.minimum(source.astype(int), MEL_BANDS - 2)
        matrix = np.zeros((MEL_BANDS, MEL_BANDS))
        matrix[np.arange(MEL_BANDS), low] = 1 - (source - low)
        matrix[np.arange(MEL_BANDS), low + 1] = source - low
        matrices.append(matrix)
    return np.array(matrices)


class Batches:
    """Draws batches from the clips of `speakers`: every emotion, speaker and copy as often as any other."""

    def __init__(self, bank, speakers, population, shrink_steps, seed):
        self.bank, self.population, self.shrink = bank, population, shrink_steps
        self.rng = np.random.default_rng(seed)
        self.warps = mel_warps()
        usable = bank.length >= MIN_STEPS // 2
        self.clips = {}
        for copy in np.unique(bank.copy):
            for speaker in speakers:
                here = usable & (bank.copy == copy) & (bank.speaker == speaker)
                self.clips[copy, speaker] = {e: np.flatnonzero(here & (bank.emotion == e)) for e in CLASSES}
        self.copies = np.unique(bank.copy)
        first = self.copies[0]
        self.voices = {e: [s for s in speakers if len(self.clips[first, s][e]) > 0] for e in CLASSES}

    def run_of(self, own):
        """(used clips, step indices): one clip or several in a row, at a tempo, cut at random."""
        rng = self.rng
        used = rng.permutation(own)[: rng.choice([1, 2, 3], p=[0.45, 0.4, 0.15])]
        run = self.bank.steps(used)
        run = run[np.arange(0, len(run), rng.uniform(1 - TEMPO, 1 + TEMPO)).astype(int)]
        length = WINDOW_STEPS if rng.random() < 0.7 else int(rng.integers(MIN_STEPS, WINDOW_STEPS + 1))
        start = int(rng.integers(0, max(len(run) - length, 0) + 1))
        return used, run[start : start + length]

    def enrolled(self, clips, used):
        """Sums and counts of an enrolment that shares no clip with the window."""
        rng, state = self.rng, self.rng.choice(list(ENROLMENT), p=list(ENROLMENT.values()))
        emotions = CLASSES if state == "mixed" else [e for e in CALM if e in clips]
        calm = rng.permutation([c for e in emotions for c in clips[e] if c not in used])
        if state == "none" or len(calm) == 0:
            return np.zeros(len(CHANNELS)), np.zeros(len(CHANNELS))
        if state == "short":
            calm = calm[: rng.integers(1, 5)]
        return self.bank.enrolment(calm, ENROL_STEPS)

    def draw(self, size):
        """x [B, 100, 42], mask [B, 100] and the four targets."""
        rng, runs, enrolments = self.rng, [], []
        emotions = rng.choice(CLASSES, size)
        for emotion in emotions:
            clips = self.clips[rng.choice(self.copies), rng.choice(self.voices[emotion])]
            while len(clips[emotion]) == 0:  # lost in the noise of that copy
                clips = self.clips[rng.choice(self.copies), rng.choice(self.voices[emotion])]
            used, run = self.run_of(clips[emotion])
            runs.append(run)
            enrolments.append(self.enrolled(clips, used))
        total, counts = (np.array(values) for values in zip(*enrolments))
        features, voiced, mask = gather(self.bank.features, self.bank.voiced, runs)

        # The same voice, another throat: window and enrolment are warped alike.
        warp = self.warps[rng.integers(0, len(self.warps), size)].transpose(0, 2, 1)
        shift = rng.uniform(-F0_SHIFT_ST, F0_SHIFT_ST, size)
        features[..., MEL] = features[..., MEL] @ warp
        total[:, MEL] = (total[:, None, MEL] @ warp)[:, 0]
        features[..., F0] += shift[:, None]
        total[:, F0] += shift * counts[:, F0]

        mean, sd = self.population
        x = normalise(features, voiced, mask, baseline(total, counts, mean, self.shrink), sd)
        return self.masked(x), mask.astype(np.float32), targets(emotions)

    def masked(self, x):
        """SpecAugment (Park et al., Interspeech 2019): a band and a stretch of time set to 0, and a little noise."""
        rng = self.rng
        x += 0.1 * rng.standard_normal(x.shape, np.float32) * (x != 0)
        for window in x:
            width, start = rng.integers(0, 7), rng.integers(0, MEL_BANDS - 7)
            window[:, start : start + width] = 0
            width, start = rng.integers(0, 13), rng.integers(0, WINDOW_STEPS - 13)
            window[start : start + width] = 0
            if rng.random() < 0.1:
                window[:, MEL_BANDS + rng.integers(0, len(CHANNELS) - MEL_BANDS)] = 0
        return x
