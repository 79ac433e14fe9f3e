"""Reads a corpus: its manifest, and its clips trimmed, cropped and brought to one active level.

A corpus is a folder with manifest.csv (path, speaker, emotion, fold, ...) and the clips it names.
"""

import csv
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile
import soxr

RATE = 16000
LONGEST_S = 2.0
SOURCE_LEVEL_DB = -26.0
CALM = ("neutral", "calm", "boredom")
AROUSED = ("anger", "happiness", "fear")
SUBDUED = ("neutral", "calm", "boredom", "sadness")


@dataclass(frozen=True)
class Clip:
    """One line of a manifest."""

    file: Path
    corpus: str
    speaker: str
    emotion: str
    fold: int


def read_manifest(folder):
    """All clips of a corpus, sorted by path so that a seed means the same everywhere."""
    folder = Path(folder)
    path = folder / "manifest.csv"
    if not path.exists():
        raise SystemExit(f"{path}: not found; give the folder that holds manifest.csv")
    with path.open(newline="", encoding="utf-8") as handle:
        rows = sorted(csv.DictReader(handle), key=lambda row: row["path"])
    return [Clip(folder / r["path"], r["corpus"], r["speaker"], r["emotion"], int(r["fold"])) for r in rows]


def frame_levels(samples, length=RATE // 100):
    """Level of each 10 ms, dB."""
    frames = samples[: len(samples) // length * length].reshape(-1, length)
    return 10 * np.log10((frames**2).mean(1) + 1e-12)


def trim(samples, keep=6):
    """Takes the silence off both ends, all but 60 ms."""
    level = frame_levels(samples)
    loud = np.flatnonzero(level > max(level.max() - 35, min(np.percentile(level, 5) + 6, level.max() - 20)))
    return samples[max(0, loud[0] - keep) * 160 : (loud[-1] + keep + 1) * 160]


def active_level(samples):
    """RMS of the frames within 20 dB of the loudest, dB: near enough to ITU-T P.56 for clean clips."""
    level = frame_levels(samples)
    return 10 * np.log10((10 ** (level[level > level.max() - 20] / 10)).mean())


def read_clip(clip, crop=True):
    """The clip at 16 kHz and SOURCE_LEVEL_DB.

    EmoDB is cut to its first 2 s: three of its emotions exist only so, and length must not tell them.
    """
    samples, rate = soundfile.read(clip.file, dtype="float64", always_2d=True)
    samples = samples.mean(1)
    if rate != RATE:
        samples = soxr.resample(samples, rate, RATE)
    if crop:
        samples = samples[: int(LONGEST_S * RATE)]
    samples = trim(samples - samples.mean())
    return samples * 10 ** ((SOURCE_LEVEL_DB - active_level(samples)) / 20)
