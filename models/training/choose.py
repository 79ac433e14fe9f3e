"""Compares recipes on EmoDB alone: validation speakers, over kinds of lines that no training copy has.

    python choose.py --data DIR/emodb --recipes "first" "wide lines" --seeds 0

Anger against calm is near 1.0 on EmoDB, so recipes are told apart by d' under bad lines, and by what a network
that heard one gender alone makes of the other. Writes runs/choose.json; no other corpus is read.
"""

import argparse
import csv
import json
from functools import partial
from pathlib import Path

import numpy as np
import torch

import calibrate
from batch import targets
from corpus import CALM
from folds import FOLDS, calibration_set, population_of, speakers_of
from input import SHRINK_STEPS
from learn import learn, logits
from metrics import auc, d_prime
from recipe import RECIPES
from render import render
from scoring import pooled, score
from train import joined

HERE = Path(__file__).parent
KINDS = 6


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="EmoDB: a folder with manifest.csv and audio/")
    parser.add_argument("--undertone", type=Path, default=HERE / "../../target/release/undertone")
    parser.add_argument("--runs", type=Path, default=HERE / "runs")
    parser.add_argument("--recipes", nargs="+", default=list(RECIPES))
    parser.add_argument("--splits", nargs="+", default=["fold0", "fold1", "fold2", "fold3", "fold4"])
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    return parser.parse_args()


def splits(bank, data):
    """(name, training speakers, validation speakers, others): the five folds, and each gender from the other."""
    for fold in range(FOLDS):
        validation, test = (fold + 1) % FOLDS, fold
        yield f"fold{fold}", speakers_of(bank, set(range(FOLDS)) - {validation, test}), speakers_of(bank, [validation]), speakers_of(bank, [test])
    with (data / "manifest.csv").open(newline="", encoding="utf-8") as handle:
        gender = {row["speaker"]: row["gender"] for row in csv.DictReader(handle)}
    first = sorted(set(gender.values()))[0]
    women, men = (sorted(s for s in gender if (gender[s] == first) == side) for side in (True, False))
    yield "women to men", women, men, []
    yield "men to women", men, women, []


def figures(bank, speakers, population, network, enrolled, mix):
    """What a recipe is judged by, over all unseen kinds of line; `mix` [3] weighs the affect logits for anger, or is None."""
    read = partial(logits, network)
    scored = pooled([score(bank, speakers, population, SHRINK_STEPS, read, copy=c, enrolled=enrolled) for c in range(KINDS)])
    anger, calm = scored.emotion == "anger", np.isin(scored.emotion, CALM)
    _, arousal, *_ = targets(scored.emotion)
    z = scored.affect[:, 1]
    mixed = {}
    if mix is not None:
        y = scored.affect @ mix
        mixed = {"d_mixed": d_prime(y[anger], y[calm]), "calm_mixed": auc(y, anger, anger | calm), "rest_mixed": auc(y, anger)}
    return mixed | {
        "d_calm": d_prime(z[anger], z[calm]),
        "calm": auc(z, anger, anger | calm),
        "rest": auc(z, anger),
        "arousal": auc(scored.affect[:, 0], arousal, arousal >= 0),
    }


def stays(bands, speakers, population, network, calibration):
    """Share of clips whose anger probability moves less than .05 from 16 kHz to 8 kHz mu-law, with the baseline."""
    read = partial(logits, network)
    scored = [score(bands, speakers, population, SHRINK_STEPS, read, copy=copy) for copy in (0, 2)]
    first, other = (dict(zip(s.name, calibrate.apply(calibration, s)[1][:, 1])) for s in scored)
    return float(np.mean([abs(first[name] - other[name]) < 0.05 for name in first if name in other]))


def main():
    options = arguments()
    torch.set_num_threads(1)
    unseen = render(options.data, options.undertone, KINDS, options.runs, lines="unseen")
    bands = render(options.data, options.undertone, 3, options.runs, lines="grid")
    file = options.runs / "choose.json"
    for name in options.recipes:
        recipe = RECIPES[name]
        bank = joined([[render(options.data, options.undertone, copies, options.runs, lines=lines)] for lines, copies in recipe.copies])
        for seed in options.seeds:
            for split, (part, train, held, others) in enumerate(splits(bank, options.data)):
                population = population_of(bank, train)
                kept = options.runs / "choose" / f"{name}-{part}-{seed}.pt".replace(" ", "_")
                known = json.loads(file.read_text()) if file.exists() else {}
                key = f"{name}/{part}/{seed}"
                if key in known or part not in options.splits:
                    continue
                network = learn(bank, train, population, recipe, seed * 100 + split, kept, key)
                # The calibration's mix, from readings of speakers that are neither trained on nor judged by.
                readings = calibration_set(bank, others, population, partial(logits, network), seed) if others else None
                calibration = calibrate.fit(readings) if others else None
                mix = np.array(calibration["affect_mix"][1]) if others else None
                row = {str(enrolled): figures(unseen, held, population, network, enrolled, mix) for enrolled in (True, False)}
                if others:
                    row["True"]["stays"] = stays(bands, held, population, network, calibration)
                known = json.loads(file.read_text()) if file.exists() else {}
                file.write_text(json.dumps({**known, key: row}, indent=1))
        show(json.loads(file.read_text()), name)


def show(known, name):
    """One line a recipe and baseline."""
    for enrolled in ("True", "False"):
        taken = [row[enrolled] for key, row in known.items() if key.startswith(f"{name}/")]
        shown = {figure: [t[figure] for t in taken if figure in t] for figure in taken[0]} if taken else {}
        print(f"{name}, baseline {enrolled}: " + " ".join(f"{k} {np.mean(v):.3f}" for k, v in shown.items() if v), flush=True)


if __name__ == "__main__":
    main()
