"""Estimates `shrink_steps` from the training corpus: how many steps of a caller's speech the population is worth.

    python shrinkage.py --data DIR/emodb --undertone ../../target/release/undertone

Empirical Bayes, one-way random effects: the mean of a calm clip is the caller's own mean on that line
(variance t between callers and lines) plus a deviation (variance w between the clips of one caller).
A clip of n steps therefore weighs like n w / t steps of prior, per channel.
"""

import argparse
from pathlib import Path

import numpy as np

from corpus import CALM
from input import CHANNELS, MIN_STEPS, VOICED_ONLY, level_free
from render import render

HERE = Path(__file__).parent


def shrink_steps(bank):
    """One estimate a channel, in steps."""
    calm = np.isin(bank.emotion, CALM) & (bank.length >= MIN_STEPS) & (bank.count[:, VOICED_ONLY[0]] > 0)
    means = level_free(bank.total[calm] / bank.count[calm])
    caller = np.array([f"{s}/{c}" for s, c in zip(bank.speaker[calm], bank.copy[calm])])
    _, group = np.unique(caller, return_inverse=True)
    size = np.bincount(group)
    own = np.array([np.bincount(group, column) / size for column in means.T]).T
    within = ((means - own[group]) ** 2).sum(0) / (len(means) - len(size))
    between = own.var(0, ddof=1) - within / size.mean()
    return bank.length[calm].mean() * within / between


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--undertone", type=Path, default=HERE / "../../target/release/undertone")
    parser.add_argument("--runs", type=Path, default=HERE / "runs")
    parser.add_argument("--copies", type=int, default=14)
    options = parser.parse_args()
    estimate = shrink_steps(render(options.data, options.undertone, options.copies, options.runs))
    for name, steps in zip(CHANNELS, estimate):
        print(f"{name:18} {steps:6.0f}")
    print(f"median {np.median(estimate):.0f}, from {estimate.min():.0f} to {estimate.max():.0f}")


if __name__ == "__main__":
    main()
