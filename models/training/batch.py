"""Training batches: windows of one emotion, the caller's enrolment, and warps in the feature domain."""

import numpy as np

from corpus import AROUSED, CALM, SUBDUED
from input import CHANNELS, ENROL_STEPS, MEL, MEL_BANDS, MIN_STEPS, WINDOW_STEPS, baseline, gather, normalise
from network import CLASSES

F0 = CHANNELS.index("f0_st")
# No baseline yet; the first seconds of one; a full one; one taken from a caller who was not calm.
ENROLMENT = ("none", "short", "full", "mixed")
# The last copies, of which a pair is drawn that is to hold the bands together.
ANCHORS = 3
# One clip, two or three in a row: cumulated shares.
JOINED = (0.45, 0.85)


def targets(emotions):
    """(class, arousal, anger, distress) of each emotion; -1 where a head is not taught."""
    classes = np.array([CLASSES.index(e) if e in CLASSES else -1 for e in emotions])
    arousal = np.array([1 if e in AROUSED else 0 if e in SUBDUED else -1 for e in emotions])
    anger = np.array([int(e == "anger") for e in emotions])
    distress = np.array([int(e in ("sadness", "fear")) for e in emotions])
    return classes, arousal, anger, distress


def mel_warps(most):
    """Matrices that stretch the mel axis, as a shorter or longer vocal tract does."""
    matrices = []
    for amount in np.linspace(-most, most, 17):
        source = np.clip(np.arange(MEL_BANDS) * (1 + amount), 0, MEL_BANDS - 1)
        low = np.minimum(source.astype(int), MEL_BANDS - 2)
        matrix = np.zeros((MEL_BANDS, MEL_BANDS))
        matrix[np.arange(MEL_BANDS), low] = 1 - (source - low)
        matrix[np.arange(MEL_BANDS), low + 1] = source - low
        matrices.append(matrix)
    return np.array(matrices)


class Batches:
    """Draws batches from the clips of `speakers`: every emotion, speaker and copy as often as any other."""

    def __init__(self, bank, speakers, population, recipe, seed):
        self.bank, self.population, self.recipe = bank, population, recipe
        self.rng = np.random.default_rng(seed)
        self.warps = mel_warps(recipe.mel_warp)
        usable = bank.length >= MIN_STEPS // 2
        # Surprise and calm have no class of their own, and are none the less not anger.
        self.emotions = CLASSES + sorted(set(bank.emotion[np.isin(bank.speaker, speakers)]) - set(CLASSES))
        self.clips = {}
        for copy in np.unique(bank.copy):
            for speaker in speakers:
                here = usable & (bank.copy == copy) & (bank.speaker == speaker)
                self.clips[copy, speaker] = {e: np.flatnonzero(here & (bank.emotion == e)) for e in self.emotions}
        self.copies = np.unique(bank.copy)
        self.anchors = self.copies[-ANCHORS:]
        first = self.copies[0]
        self.named = {(c, s, n): i for i, (c, s, n) in enumerate(zip(bank.copy, bank.speaker, bank.name))}
        self.voices = {e: [s for s in speakers if len(self.clips[first, s][e]) > 0] for e in self.emotions}

    def run_of(self, used, tempo, length, start):
        """Step indices of clips in a row, at a tempo, cut to `length` at `start` (0..1 of what there is)."""
        run = self.bank.steps(used)
        run = run[np.arange(0, len(run), tempo).astype(int)]
        start = int(start * (max(len(run) - length, 0) + 1))
        return run[start : start + length]

    def enrolled(self, clips, used, state):
        """Sums and counts of an enrolment that shares no clip with the window."""
        rng, used = self.rng, set(used)
        emotions = self.emotions if state == "mixed" else CALM
        calm = [] if state == "none" else [c for e in emotions if e in clips for c in clips[e] if c not in used]
        if not calm:
            return np.zeros(len(CHANNELS)), np.zeros(len(CHANNELS))
        calm = rng.permutation(calm)
        if state == "short":
            calm = calm[: rng.integers(1, 5)]
        return self.bank.enrolment(calm, ENROL_STEPS)

    def items(self, emotion, twice):
        """One (run, total, count), or two of the same words over two lines."""
        rng, recipe = self.rng, self.recipe
        any_of = lambda values: values[rng.integers(len(values))]
        copies = self.anchors if twice and recipe.anchored and rng.random() < recipe.anchored else self.copies
        speaker, copy = any_of(self.voices[emotion]), any_of(copies)
        while len(self.clips[copy, speaker][emotion]) == 0:  # lost in the noise of that copy
            speaker, copy = any_of(self.voices[emotion]), any_of(copies)
        clips = self.clips[copy, speaker]
        used = rng.permutation(clips[emotion])[: 1 + int(np.searchsorted(JOINED, rng.random()))]
        cut = (
            rng.uniform(1 - recipe.tempo, 1 + recipe.tempo),
            WINDOW_STEPS if rng.random() < 0.7 else int(rng.integers(MIN_STEPS, WINDOW_STEPS + 1)),
            rng.random(),
        )
        state = ENROLMENT[min(int(np.searchsorted(np.cumsum(recipe.enrolment), rng.random())), 3)]
        yield self.run_of(used, *cut), *self.enrolled(clips, used, state)
        if twice:
            other = any_of(copies)
            again = np.array([self.named.get((other, speaker, self.bank.name[clip]), clip) for clip in used])
            if (self.bank.length[again] < MIN_STEPS // 2).any() or (self.bank.copy[again] != self.bank.copy[again[0]]).any():
                again = used  # not all of them came through: stay on one line
            clips = self.clips[self.bank.copy[again[0]], speaker]
            yield self.run_of(again, *cut), *self.enrolled(clips, again, state)

    def draw(self, size):
        """x [B, 100, 42], mask [B, 100] and the four targets; nothing is masked yet. With consistency rows 2i and 2i+1 are the same words."""
        rng, recipe = self.rng, self.recipe
        times = 2 if recipe.consistency else 1
        emotions = rng.choice(self.emotions, size // times)
        runs, total, counts = zip(*(item for emotion in emotions for item in self.items(emotion, times == 2)))
        emotions, total, counts = np.repeat(emotions, times), np.array(total), np.array(counts)
        features, voiced, mask = gather(self.bank.features, self.bank.voiced, runs)

        # The same voice, another throat: window and enrolment are warped alike.
        warp = self.warps[rng.integers(0, len(self.warps), size // times).repeat(times)].transpose(0, 2, 1)
        shift = rng.uniform(-recipe.f0_shift_st, recipe.f0_shift_st, size // times).repeat(times)
        features[..., MEL] = features[..., MEL] @ warp
        total[:, MEL] = (total[:, None, MEL] @ warp)[:, 0]
        features[..., F0] += shift[:, None]
        total[:, F0] += shift * counts[:, F0]

        mean, sd = self.population
        b = baseline(total, counts, mean, recipe.shrink_steps)
        x = normalise(features, voiced, mask, b, sd)
        if recipe.contrast:
            x *= rng.uniform(1 - recipe.contrast, 1 + recipe.contrast, (size, 1, 1)).astype(np.float32)
        return x, mask.astype(np.float32), targets(emotions)

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
