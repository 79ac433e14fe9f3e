"""The model's input, as the engine builds it. README.md tells the same in words.

Takes the rows of `undertone features` (10 ms); gives x [100, 42] and mask [100].
"""

import numpy as np

MEL_BANDS = 36
CHANNELS = [f"mel_{band:02}" for band in range(MEL_BANDS)] + [
    "f0_st",
    "voicing",
    "spectral_tilt_db",
    "alpha_ratio_db",
    "flux_db",
    "hnr_db",
]
MEL = slice(0, MEL_BANDS)
# Channels that exist in voiced steps only.
VOICED_ONLY = [CHANNELS.index("f0_st"), CHANNELS.index("hnr_db")]

WINDOW_STEPS = 100
MIN_STEPS = 50
ENROL_STEPS = 1250
SHRINK_STEPS = 60
CLIP_SD = 5.0


def steps(table):
    """Rows of 10 ms → steps of 20 ms: (features [n, 42], voiced [n], kept [n]).

    `table` maps column names to arrays. Rows 2i and 2i+1 make step i; an odd last row is dropped.
    """
    n = len(table["time_s"]) // 2
    pair = lambda name: np.asarray(table[name], np.float64)[: 2 * n].reshape(n, 2)

    voiced = pair("voiced") > 0
    any_voiced = voiced.any(1)
    over_voiced = lambda values: (values * voiced).sum(1) / np.maximum(voiced.sum(1), 1)
    f0 = pair("f0_hz")
    semitones = 12 * np.log2(np.where(f0 > 0, f0, 100.0) / 100.0)

    columns = [pair(name).mean(1) for name in CHANNELS[MEL]]
    columns += [over_voiced(semitones)]
    columns += [pair(name).mean(1) for name in ("voicing", "spectral_tilt_db", "alpha_ratio_db", "flux_db")]
    columns += [over_voiced(pair("hnr_db"))]
    kept = (pair("speech") > 0).any(1) & ~(pair("lost") > 0).any(1)
    return np.stack(columns, 1).astype(np.float32), any_voiced, kept


def sums(features, voiced):
    """What a baseline needs of kept steps: per-channel sums [42] and counts [42]."""
    counts = np.full(len(CHANNELS), len(features), np.float64)
    counts[VOICED_ONLY] = voiced.sum()
    total = features.astype(np.float64).sum(0)
    total[VOICED_ONLY] = features[voiced][:, VOICED_ONLY].astype(np.float64).sum(0)
    return total, counts


def baseline(total, counts, population_mean, shrink_steps=SHRINK_STEPS):
    """The caller's baseline b [42], shrunk toward the population: (n m + k P) / (n + k).

    `total`, `counts` [42] come from the caller's first ENROL_STEPS kept steps; n is their number.
    A channel that was never heard (no voiced step) has m = P.
    """
    n = counts[..., :1]
    mean = level_free(total / np.maximum(counts, 1))
    mean = np.where(counts > 0, mean, population_mean)
    return (n * mean + shrink_steps * population_mean) / (n + shrink_steps)


def level_free(mean):
    """Takes the across-band mean off the mel channels of `mean` [..., 42]."""
    mean = np.array(mean, np.float64)
    mean[..., MEL] -= mean[..., MEL].mean(-1, keepdims=True)
    return mean


def gather(features, voiced, runs):
    """Windows from runs of step indices: features [B, 100, 42], voiced [B, 100], mask [B, 100].

    Of each run the last WINDOW_STEPS count; a shorter one leaves the front empty.
    """
    index = np.full((len(runs), WINDOW_STEPS), -1)
    for row, run in zip(index, runs):
        run = run[-WINDOW_STEPS:]
        row[WINDOW_STEPS - len(run) :] = run
    mask = index >= 0
    return features[index].astype(np.float64), voiced[index] & mask, mask


def normalise(features, voiced, mask, b, sd):
    """Raw windows → the model's x [B, 100, 42], float32, against the baselines `b` [B, 42]."""
    x = features * mask[..., None]
    level = x[..., MEL].mean(-1).sum(-1) / mask.sum(-1)
    x[..., MEL] -= level[:, None, None]
    x = np.clip((x - b[:, None]) / sd, -CLIP_SD, CLIP_SD)
    x[..., VOICED_ONLY] *= voiced[..., None]
    return (x * mask[..., None]).astype(np.float32)
