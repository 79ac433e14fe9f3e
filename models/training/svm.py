"""The standard baseline on the same folds and band: a linear SVM on the engine's own functionals.

    python svm.py --data DIR --undertone ../../target/release/undertone

Every clip goes alone over the reference line. Level and duration are left out. With the baseline the mean of the
speaker's held-out calm clips is subtracted. The scaler and the SVM see the training speakers alone; C is not searched.
One machine set for the corpora of each model, on the same folds. Writes runs/svm.json.
"""

import argparse
import csv
import json
import subprocess
import tempfile
from itertools import product
from pathlib import Path

import numpy as np
import soundfile
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVC
from tqdm import tqdm

import augment
from batch import targets
from corpus import CALM, RATE, read_clip, read_manifest
from folds import FOLDS
from metrics import FIVE, auc
from plan import PLANS
from render import LEAD_S, seeded
from scoring import HELD

HERE = Path(__file__).parent
# Duration and level tell EmoDB's classes and gains, not the voice.
LEFT_OUT = ("file", "level", "loudness", "equivalent", "duration", "speech_s", "time")
REGULARISATION = 0.003


def functionals(folder, binary, cache, crop):
    """(features [n, k], clips) of a corpus over the reference line; kept in `cache`."""
    clips, kept = read_manifest(folder), Path(cache) / f"{Path(folder).name}-functionals.npz"
    if not kept.exists():
        with tempfile.TemporaryDirectory() as scratch:
            rows = []
            for first in tqdm(range(0, len(clips), 200), desc=f"functionals of {Path(folder).name}"):
                files = []
                for index, clip in enumerate(clips[first : first + 200], first):
                    rng = seeded(clip.corpus, clip.speaker, "functionals")
                    line = augment.reference_line(rng)
                    pause = np.zeros(int(LEAD_S * RATE))
                    call = augment.transmit(rng, np.concatenate([pause, read_clip(clip, crop), pause]), line)
                    files.append(Path(scratch) / f"{index:06}.wav")
                    soundfile.write(files[-1], call, line.rate, subtype="PCM_16")
                rows += table_of(binary, files)
        names = [n for n in rows[0] if not any(word in n.lower() for word in LEFT_OUT)]
        values = np.array([[float(row[n] or "nan") for n in names] for row in rows])
        np.savez(kept, values=values, names=names)
    stored = np.load(kept)
    return stored["values"], clips


def table_of(binary, files):
    """One row a file, in their order."""
    command = [str(binary), "features", "--functionals", "--quiet", "--jobs", "1", *map(str, files)]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        raise SystemExit(f"{binary} features failed ({done.returncode}): {done.stderr.strip()}")
    rows = {Path(row["file"]).stem: row for row in csv.DictReader(done.stdout.splitlines())}
    return [rows[file.stem] for file in files]


class Corpus:
    """Functionals with the labels, and the calm clips that are held out of every test."""

    def __init__(self, values, clips):
        self.values = values
        self.emotion, self.speaker = np.array([c.emotion for c in clips]), np.array([c.speaker for c in clips])
        self.fold = np.array([c.fold for c in clips])
        self.held = np.zeros(len(clips), bool)
        for speaker in sorted(set(self.speaker)):
            calm = np.flatnonzero((self.speaker == speaker) & np.isin(self.emotion, CALM))
            calm = np.random.default_rng(0).permutation(calm)
            order = np.argsort([CALM.index(e) for e in self.emotion[calm]], kind="stable")
            self.held[calm[order][:HELD]] = True

    def inputs(self, baseline):
        """Functionals, less each speaker's own calm mean if `baseline`; holes are 0 after scaling."""
        values = self.values.copy()
        if baseline:
            for speaker in set(self.speaker):
                own = self.speaker == speaker
                values[own] -= np.nanmean(values[own & self.held], axis=0)
        return values


def fit(values, labels):
    """A scaler and a linear SVM, as one function of raw values."""
    fill = np.nanmean(values, axis=0)
    whole = lambda v: np.where(np.isfinite(v), v, fill)
    scaler = StandardScaler().fit(whole(values))
    # A ratio of a spread to a mean near zero has no bound.
    scaled = lambda v: np.clip(scaler.transform(whole(v)), -4, 4)
    machine = LinearSVC(C=REGULARISATION, class_weight="balanced", max_iter=20000, random_state=0).fit(scaled(values), labels)
    return machine, lambda v: machine.decision_function(scaled(v))


# What each binary machine tells apart, by figure: the place of its labels among `targets`.
BINARY = {"auc_arousal": 1, "auc_anger_rest": 2, "auc_distress": 3}


def machines(values, emotion):
    """({figure: decision}, decision over classes, classes) trained on these clips."""
    binary = {}
    for figure, place in BINARY.items():
        label = targets(emotion)[place]
        binary[figure] = fit(values[label >= 0], label[label >= 0])[1]
    machine, decide = fit(values, emotion)
    return binary, decide, list(machine.classes_)


def measured(trained, values, emotion):
    """AUCs and five-class UAR of clips that these machines have not seen."""
    binary, decide, classes = trained
    figures = {}
    for figure, place in BINARY.items():
        label = targets(emotion)[place]
        figures[figure] = auc(binary[figure](values), label, label >= 0)
    angry = emotion == "anger"
    figures["auc_anger_calm"] = auc(binary["auc_anger_rest"](values), angry, angry | np.isin(emotion, CALM))
    kept = np.isin(emotion, FIVE)
    answer = np.array(FIVE)[decide(values[kept])[:, [classes.index(e) for e in FIVE]].argmax(1)]
    present = sorted(set(emotion[kept]))
    figures["uar5"] = float(np.mean([(answer[emotion[kept] == e] == e).mean() for e in present]))
    return figures


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="the folder of the corpora")
    parser.add_argument("--undertone", type=Path, default=HERE / "../../target/release/undertone")
    parser.add_argument("--runs", type=Path, default=HERE / "runs")
    options = parser.parse_args()
    options.runs.mkdir(parents=True, exist_ok=True)
    names = dict.fromkeys(name for plan in PLANS.values() for name in (*plan.corpora, *plan.tests))
    corpora = {name: Corpus(*functionals(options.data / name, options.undertone, options.runs, name == "emodb")) for name in names}
    records = []
    for plan, baseline in product(PLANS.values(), (True, False)):
        inputs = {name: corpora[name].inputs(baseline) for name in (*plan.corpora, *plan.tests)}
        for fold in range(FOLDS):
            train = {name: ~np.isin(corpora[name].fold, [fold, (fold + 1) % FOLDS]) for name in plan.corpora}
            joined = lambda column: np.concatenate([column[name][train[name]] for name in plan.corpora])
            trained = machines(joined(inputs), joined({name: corpora[name].emotion for name in plan.corpora}))
            for name in inputs:
                corpus = corpora[name]
                test = ~corpus.held & ((corpus.fold == fold) if name in plan.corpora else True)
                row = {"model": plan.name, "corpus": name, "fold": fold, "baseline": baseline}
                row |= measured(trained, inputs[name][test], corpus.emotion[test])
                records.append(row)
                print(" ".join(f"{k}={v:.3f}" if isinstance(v, float) else f"{k}={v}" for k, v in row.items()), flush=True)
    (options.runs / "svm.json").write_text(json.dumps(records, indent=1))


if __name__ == "__main__":
    main()
