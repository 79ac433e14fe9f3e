"""Scores the networks of a model on corpora that no weight ever saw, and caller by caller.

    python evaluate.py --data DIR --undertone ../../target/release/undertone
    python evaluate.py --model affect-research --data DIR --undertone ../../target/release/undertone

Run it after train.py. Nothing is trained or calibrated here. Writes cross.json and within.json of the model's runs.
"""

import argparse
import csv
import json
from functools import partial
from pathlib import Path

import numpy as np
import torch

import calibrate
import release
from corpus import CALM
from folds import corpus_of, final_model, fold_model
from input import MIN_STEPS, SHRINK_STEPS
from learn import logits
from metrics import measure
from plan import PLANS
from render import render
from scoring import score
from train import bank_of
from within import ENROLMENTS, SECONDS, d_primes, readings

HERE = Path(__file__).parent
FIGURES = ["auc_anger_calm", "auc_anger_rest", "auc_arousal", "auc_distress", "uar5", "ece_anger"]


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", choices=list(PLANS), default="affect-open")
    parser.add_argument("--data", type=Path, required=True, help="the folder of the corpora, emodb among them")
    parser.add_argument("--corpora", nargs="+", help="of the corpora that the model was not trained on; all of them without it")
    parser.add_argument("--noisy", nargs="*", help="of these, the ones that are also read at 15 dB of noise; all of them without it")
    parser.add_argument("--undertone", type=Path, default=HERE / "../../target/release/undertone")
    parser.add_argument("--runs", type=Path, default=HERE / "runs")
    parser.add_argument("--out", type=Path, default=HERE / "../candidate")
    return parser.parse_args()


def genders(folder):
    """Speaker → f or m."""
    with (folder / "manifest.csv").open(newline="", encoding="utf-8") as handle:
        return {row["speaker"]: row["gender"][:1] for row in csv.DictReader(handle)}


def false_anger(scored, affect, gender):
    """{gender: share of calm clips, and of all clips that are not angry, read as anger}."""
    taken = affect[:, 1] > 0.5
    own = np.array([gender[s] for s in scored.speaker])
    share = lambda kept: round(float(taken[kept].mean()), 4) if kept.any() else None
    others, calm = scored.emotion != "anger", np.isin(scored.emotion, CALM)
    return {g: {"calm": share(calm & (own == g)), "others": share(others & (own == g))} for g in sorted(set(own))}


def networks(bank, runs, facts, recipe):
    """Every trained network: (name, population, network), the released one first."""
    for seed in facts["seeds"]:
        yield f"final, seed {seed}", *final_model(bank, runs, seed, recipe)
    for seed in facts["seeds"]:
        for fold in facts["folds"]:
            population, network, _, _ = fold_model(bank, runs, fold, seed, recipe)
            yield f"fold {fold}, seed {seed}", population, network


def callers(name, corpus, line, bank, speakers, population, network, mix):
    """d' of these speakers for every length and enrolment."""
    for enrolment in ENROLMENTS:
        for seconds in SECONDS:
            z, angry, voice = readings(bank, speakers, population, SHRINK_STEPS, partial(logits, network), mix, seconds, enrolment)
            within, pooled, count = d_primes(z, angry, voice)
            row = {"network": name, "corpus": corpus, "line": line, "enrolment": enrolment, "seconds": seconds}
            yield {**row, "within": within, "pooled": pooled, "callers": count, "readings": len(z)}


def main():
    options = arguments()
    plan, own = PLANS[options.model], options.runs / options.model
    torch.set_num_threads(1)
    facts = json.loads((own / "facts.json").read_text())
    mix = np.array(facts["calibration"]["affect_mix"][1])
    trained = bank_of(plan, options.data, options.undertone, options.runs)
    names = [name for name in plan.tests if not options.corpora or name in options.corpora]
    test = lambda name, lines="": render(options.data / name, options.undertone, 1, options.runs, crop=False, lines=lines)
    tests = {name: test(name) for name in names}
    noisy = {name: test(name, "noise") for name in names if options.noisy is None or name in options.noisy}
    gender = {name: genders(options.data / name) for name in (*names, *plan.corpora)}
    cross, within = [], []
    for name, population, network in networks(trained, own, facts, plan.recipe):
        for corpus, bank in tests.items():
            speakers = sorted(set(bank.speaker))
            for enrolled in (True, False):
                scored = score(bank, speakers, population, SHRINK_STEPS, partial(logits, network), enrolled=enrolled)
                classes, affect = calibrate.apply(facts["calibration"], scored)
                figures = measure(scored.emotion, classes, affect)
                row = {"network": name, "corpus": corpus, "baseline": enrolled, "clips": len(scored.emotion)}
                row |= {"too_short": float(np.mean(bank.length < MIN_STEPS)), **{key: figures[key] for key in FIGURES}}
                print(" ".join(f"{k}={v:.3f}" if isinstance(v, float) else f"{k}={v}" for k, v in row.items()), flush=True)
                cross.append({**row, "false_anger": false_anger(scored, affect, gender[corpus])})
            if name.startswith("final"):
                within += callers(name, corpus, "mu-law", bank, speakers, population, network, mix)
            if name == f"final, seed {facts['seeds'][0]}" and corpus in noisy:
                within += callers(name, corpus, "mu-law, noise 15 dB", noisy[corpus], speakers, population, network, mix)
    # The training corpora: each fold's network on the speakers it has not heard.
    for seed in facts["seeds"]:
        for fold in facts["folds"]:
            population, network, _, held = fold_model(trained, own, fold, seed, plan.recipe)
            for corpus in plan.corpora:
                speakers = [speaker for speaker in held if corpus_of(speaker) == corpus]
                within += callers(f"fold {fold}, seed {seed}", corpus, "mu-law", trained, speakers, population, network, mix)
    (own / "cross.json").write_text(json.dumps(cross, indent=1))
    (own / "within.json").write_text(json.dumps(within, indent=1))
    release.release(plan, options.runs, options.out)


if __name__ == "__main__":
    main()
