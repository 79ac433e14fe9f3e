"""Trains the networks of a run side by side: each lies on disk where folds.py looks for it before it would train it."""

import multiprocessing
from concurrent.futures import ProcessPoolExecutor, as_completed

import torch
from tqdm import tqdm

from folds import FINAL, final_model, fold_model, population_of, trained_on
from learn import teacher

# What the workers share: set before they are forked, so that the features are in memory once.
SHARED = {}


def train(seed, split, number):
    """One network: the `number`th teacher with its own `seed`, or with `number` None the one that is taught."""
    torch.set_num_threads(1)
    bank, runs, recipe = SHARED["bank"], SHARED["runs"], SHARED["recipe"]
    if number is not None:
        speakers = trained_on(bank, split)
        teacher(bank, speakers, population_of(bank, speakers), recipe, split, runs, number, seed, quiet=True)
    elif split == FINAL:
        final_model(bank, runs, seed, recipe, quiet=True)
    else:
        fold_model(bank, runs, split, seed, recipe, quiet=True)


def train_all(bank, runs, seeds, folds, recipe, jobs):
    """Trains every network of these seeds and folds and the final ones, `jobs` at once; teachers first."""
    SHARED.update(bank=bank, runs=runs, recipe=recipe)
    splits = [*folds, FINAL]
    teachers = [(seed, split, i) for split in splits for i in range(len(recipe.teachers)) for seed in recipe.teacher_seeds]
    students = [(seed, split, None) for seed in seeds for split in splits]
    fork = multiprocessing.get_context("fork")
    for kind, tasks in (("teachers", teachers), ("networks", students)):
        with ProcessPoolExecutor(jobs, fork) as pool:
            done = as_completed([pool.submit(train, *task) for task in tasks])
            for one in tqdm(done, desc=kind, total=len(tasks), unit="network"):
                one.result()
