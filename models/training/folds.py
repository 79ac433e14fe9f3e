"""The speaker-disjoint folds: train on three, calibrate on one, test on one; and the final network on all."""

import json
from functools import partial

import numpy as np

import calibrate
from corpus import CALM
from input import SHRINK_STEPS
from learn import learn, logits
from metrics import measure
from scoring import pooled, score

FOLDS = 5
# The split of the final network, which leaves nobody out.
FINAL = 99
# Tested on these readings of the test speakers. Copy 0 is the reference line.
CONDITIONS = {
    "mu-law, with baseline": dict(copy=0, enrolled=True),
    "mu-law, without": dict(copy=0, enrolled=False),
    "mu-law, 2 s windows, with baseline": dict(copy=0, enrolled=True, joined=True),
    "mu-law, 2 s windows, without": dict(copy=0, enrolled=False, joined=True),
}
# Copies on random lines that calibration and the test on random lines read.
RANDOM_COPIES = 13


def speakers_of(bank, folds):
    """Speakers of these folds, sorted."""
    return sorted(set(bank.speaker[np.isin(bank.fold, list(folds))]))


def trained_on(bank, split):
    """The speakers that a fold trains on, or all of them for the final network."""
    kept = set(range(FOLDS)) - ({split, (split + 1) % FOLDS} if split != FINAL else set())
    return speakers_of(bank, kept)


def population_of(bank, speakers):
    """(P, sd) of these speakers over all copies: the mean of their calm speech, the spread of all of it."""
    own = np.isin(bank.speaker, speakers)
    return bank.population(np.flatnonzero(own & np.isin(bank.emotion, CALM)), np.flatnonzero(own))


def copies_read(bank):
    """Copy 0 and the first random ones."""
    return [copy for copy in np.unique(bank.copy) if copy <= RANDOM_COPIES]


def calibration_set(bank, speakers, population, read, seed):
    """Readings to calibrate on: many copies, with and without baseline, whole and cut windows."""
    rng = np.random.default_rng(seed)
    parts = [
        score(bank, speakers, population, SHRINK_STEPS, read, copy=copy, enrolled=enrolled, cut=cut)
        for copy in copies_read(bank)
        for enrolled in (True, False)
        for cut in (None, rng)
    ]
    return pooled(parts)


def fold_model(bank, runs, fold, seed, recipe, quiet=False):
    """(population, network, validation speakers, test speakers) of one fold."""
    validation, test = (fold + 1) % FOLDS, fold
    speakers = trained_on(bank, fold)
    population = population_of(bank, speakers)
    name = f"fold{fold}-seed{seed}"
    network = learn(bank, speakers, population, recipe, seed * 100 + fold, runs / f"{name}.pt", name, quiet)
    return population, network, speakers_of(bank, [validation]), speakers_of(bank, [test])


def run_fold(bank, runs, fold, seed, recipe):
    """(figures by condition, calibrated anger readings by condition, held-out readings to calibrate on).

    With more than one corpus in the bank every condition stands for each of them.
    """
    population, network, validation, test = fold_model(bank, runs, fold, seed, recipe)
    read = partial(logits, network)
    calibration = calibrate.fit(calibration_set(bank, validation, population, read, seed))
    corpora = sorted({corpus_of(speaker) for speaker in test})
    noisy = [dict(copy=copy, enrolled=True) for copy in copies_read(bank) if copy > 0]
    figures, readings = {}, {}
    for corpus in corpora:
        own = [speaker for speaker in test if corpus_of(speaker) == corpus]
        for condition, options in [(n, [o]) for n, o in CONDITIONS.items()] + [("random lines, with baseline", noisy)]:
            scored = pooled([score(bank, own, population, SHRINK_STEPS, read, **o) for o in options])
            classes, affect = calibrate.apply(calibration, scored)
            key = condition if len(corpora) == 1 else f"{corpus}, {condition}"
            figures[key] = {"clips": len(scored.emotion), **measure(scored.emotion, classes, affect)}
            readings[key] = {"p": affect[:, 1].round(4).tolist(), "anger": (scored.emotion == "anger").tolist()}
    return figures, readings, calibration_set(bank, test, population, read, seed)


def corpus_of(speaker):
    """Speakers are named CORPUS_NAME in the manifests."""
    return str(speaker).split("_")[0]


def run_folds(bank, runs, seeds, folds, recipe):
    """Runs these folds with every seed; writes folds.json and gives the released calibration."""
    records, held_out = [], []
    for seed in seeds:
        for fold in folds:
            figures, readings, scored = run_fold(bank, runs, fold, seed, recipe)
            records.append({"fold": fold, "seed": seed, "figures": figures, "readings": readings})
            held_out.append(scored)
            for condition, shown in figures.items():
                if condition.endswith("mu-law, with baseline"):
                    print(f"fold {fold} seed {seed}, {condition}: " + " ".join(f"{k} {v:.3f}" for k, v in shown.items()), flush=True)
    (runs / "folds.json").write_text(json.dumps(records, indent=1))
    return calibrate.fit(pooled(held_out))


def final_model(bank, runs, seed, recipe, quiet=False):
    """(population, network) trained on all folds with the recipe that the folds fixed."""
    speakers = trained_on(bank, FINAL)
    population = population_of(bank, speakers)
    name = f"final-seed{seed}"
    return population, learn(bank, speakers, population, recipe, seed * 100 + FINAL, runs / f"{name}.pt", name, quiet)
