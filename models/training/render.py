"""Makes one long call of each speaker and copy, has the engine extract its features, keeps the steps.

The extractor adapts (noise floor, active level), so clips are heard as in a call: one after another,
with 0.3-0.6 s between them, over one line.
"""

import subprocess
import tempfile
import zlib
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
import pyarrow.parquet
import soundfile
import soxr
from tqdm import tqdm

import augment
import input as model_input
from bank import Bank
from corpus import RATE, read_clip, read_manifest

LEAD_S = 0.6
GAP_S = (0.3, 0.6)
CLIP_JITTER_DB = 3.0


def seeded(*parts):
    """A generator that depends on its parts alone, not on the order of work."""
    return np.random.default_rng(zlib.crc32("/".join(map(str, parts)).encode()))


def plain_lines(rng, copy):
    """Copy 0 is the reference line; one copy in seven after it is wideband."""
    return augment.reference_line(rng) if copy == 0 else augment.random_line(rng, wideband=copy % 7 == 0)


def wide_lines(rng, copy):
    """The same with the wider lines."""
    return augment.reference_line(rng) if copy == 0 else augment.wide_line(rng, wideband=copy % 7 == 0)


# How the copies of a corpus are drawn: by `render(..., lines=)`.
LINES = {
    "": plain_lines,
    "wide": wide_lines,
    "unseen": augment.unseen_line,
    # Clean, and the same call over all of them.
    "bands": augment.grid_line,
    "grid": augment.grid_line,
    "noise": lambda rng, _: augment.grid_line(rng, list(augment.GRID).index("mu-law, noise 15 dB")),
}
# So many clips of a speaker make one copy of a training corpus that is larger than EmoDB.
MOST_CLIPS = 120


def call_of(clips, rng, line, crop, most):
    """(samples, spans): at most `most` clips in random order, each span (clip index, from s, to s)."""
    parts, spans, at = [np.zeros(int(LEAD_S * RATE))], [], LEAD_S
    for index in rng.permutation(len(clips))[:most]:
        samples = read_clip(clips[index], crop)
        if line.speed != 1.0:
            samples = soxr.resample(samples, RATE * line.speed, RATE)
        samples = samples * 10 ** (rng.uniform(-CLIP_JITTER_DB, CLIP_JITTER_DB) / 20)
        gap = np.zeros(int(rng.uniform(*GAP_S) * RATE))
        parts += [samples, gap]
        spans.append((index, at, at + len(samples) / RATE))
        at += (len(samples) + len(gap)) / RATE
    parts.append(np.zeros(int(LEAD_S * RATE)))
    return augment.transmit(rng, np.concatenate(parts), line), spans


def extract(binary, files, out):
    """Runs the engine's own extractor: one parquet a WAV."""
    command = [str(binary), "features", *map(str, files), "--format", "parquet", "--columns", "all"]
    command += ["--jobs", "1", "--quiet", "--out", str(out)]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        raise SystemExit(f"{binary} features failed ({done.returncode}): {done.stderr.strip()}")


def kept_steps(parquet, spans):
    """(clip index, features, voiced) of each clip: its kept steps, hang-over after it included."""
    table = pyarrow.parquet.read_table(parquet)
    columns = {name: table[name].to_numpy(zero_copy_only=False) for name in table.column_names}
    features, voiced, kept = model_input.steps(columns)
    if not np.isfinite(features).all():
        raise SystemExit(f"{parquet}: a feature is not finite")
    times = np.asarray(columns["time_s"], np.float64)[: 2 * len(kept)].reshape(-1, 2).mean(1)
    for index, start, stop in spans:
        inside = kept & (times >= start - 0.05) & (times < stop + 0.15)
        yield index, features[inside], voiced[inside]


def render_speaker(own, binary, copies, crop, lines=""):
    """The Bank of one speaker's clips in all copies."""
    corpus, speaker = own[0].corpus, own[0].speaker
    bank = Bank()
    with tempfile.TemporaryDirectory() as scratch:
        files, spans = [], []
        for copy in range(copies):
            # In the grid all copies are one call over several lines.
            rng = seeded(corpus, speaker, 0 if lines in ("grid", "bands") else copy, *([lines] if lines else []))
            line = LINES[lines](rng, copy)
            samples, where = call_of(own, rng, line, crop, MOST_CLIPS if lines == "wide" and copy > 0 else len(own))
            files.append(Path(scratch) / f"{speaker}-{copy:02}.wav")
            soundfile.write(files[-1], samples, line.rate, subtype="PCM_16")
            spans.append(where)
        extract(binary, files, scratch)
        for copy, (file, where) in enumerate(zip(files, spans)):
            for index, features, voiced in kept_steps(file.with_suffix(".parquet"), where):
                clip = own[index]
                bank.add(features, voiced, speaker, clip.emotion, clip.fold, copy, clip.file.name)
    return bank.close()


def render_to(file, *what):
    """Makes the Bank of one speaker and keeps it, unless it is there."""
    if not file.exists():
        render_speaker(*what).save(file)
    return file


def render(folder, binary, copies, cache, crop=True, lines="", jobs=1):
    """The Bank of a corpus in `copies` copies. Every speaker is made once and kept in `cache`, `jobs` of them at once."""
    clips = read_manifest(folder)
    kept = Path(cache) / "-".join(filter(None, [Path(folder).name, str(copies), lines]))
    kept.mkdir(parents=True, exist_ok=True)
    speakers = sorted({clip.speaker for clip in clips})
    own = [[clip for clip in clips if clip.speaker == speaker] for speaker in speakers]
    with ProcessPoolExecutor(jobs) as pool:
        made = [pool.submit(render_to, kept / f"{s}.npz", o, binary, copies, crop, lines) for s, o in zip(speakers, own)]
        files = [one.result() for one in tqdm(made, desc=f"features of {kept.name}", unit="speaker")]
    return Bank.joined([Bank.load(file) for file in files])
