"""Trains one network on some speakers, and keeps it on disk so that a run can be taken up again."""

import numpy as np
import torch
from torch.nn import functional
from tqdm import tqdm

from batch import Batches
from network import Network
from recipe import RECIPES

BATCH = 64
# Soft labels of the classes are those of logits this much flatter (Hinton, Vinyals, Dean 2015).
FLATTER = 2.0
AFFECT_WEIGHT = 0.3
WEIGHT_DECAY = 0.02
AVERAGING = 0.995
DEVICE = "cuda" if torch.cuda.is_available() else "cpu"
# Calm speech taken for anger costs a caller most: it counts this much more.
CALM_WEIGHT = 1.5
CALM_CLASSES = (1, 5)  # boredom, neutral


def loss_of(classes, affect, target, recipe):
    """Cross-entropy of the classes plus binary cross-entropies of arousal, anger and distress."""
    label, arousal, anger, distress = (torch.from_numpy(values).to(classes.device) for values in target)
    loss = functional.cross_entropy(classes, label, ignore_index=-1, label_smoothing=recipe.smoothing)
    bce = functional.binary_cross_entropy_with_logits
    taught = arousal >= 0
    loss = loss + bce(affect[taught, 0], arousal[taught].float())
    calm = (label == CALM_CLASSES[0]) | (label == CALM_CLASSES[1])
    weight = torch.where(calm, CALM_WEIGHT, 1.0)
    loss = loss + bce(affect[:, 1], anger.float(), weight=weight)
    loss = loss + bce(affect[:, 2], distress.float())
    if recipe.consistency:
        loss = loss + recipe.consistency * ((affect[0::2] - affect[1::2]) ** 2).mean()
    return loss


@torch.no_grad()
def taught(teachers, x, mask):
    """Mean logits of the teachers, who hear the whole window: nothing is masked for them."""
    return [torch.stack(outputs).mean(0) for outputs in zip(*(teacher(x, mask) for teacher in teachers))]


def distance(classes, affect, soft):
    """How far a student is from its teachers' mean: divergence of the classes, squared difference of the affect logits."""
    wanted, own = functional.softmax(soft[0] / FLATTER, 1), functional.log_softmax(classes / FLATTER, 1)
    divergence = functional.kl_div(own, wanted, reduction="batchmean") * FLATTER**2
    return divergence + AFFECT_WEIGHT * ((affect - soft[1]) ** 2).mean()


def teacher(bank, speakers, population, recipe, split, folder, number, seed, quiet=False):
    """The `number`th network that `recipe` names, trained on the lines of its own recipe."""
    own = RECIPES[recipe.teachers[number]]
    lines = bank.only(bank.copy < sum(copies for _, copies in own.copies))
    kept = folder / f"teacher{number}-seed{seed}-split{split}.pt"
    return learn(lines, speakers, population, own, seed * 100 + split, kept, kept.stem, quiet)


def teachers_of(bank, speakers, population, recipe, split, folder, quiet):
    """All teachers; students of all seeds have the same ones."""
    for number in range(len(recipe.teachers)):
        for seed in recipe.teacher_seeds:
            yield teacher(bank, speakers, population, recipe, split, folder, number, seed, quiet).to(DEVICE)


def learn(bank, speakers, population, recipe, seed, kept, name, quiet=False):
    """The averaged network after `recipe.steps` batches; read from `kept` if that file is there. `seed` % 100 numbers the split."""
    network = Network(recipe.width, recipe.dropout)
    if kept.exists():
        network.load_state_dict(torch.load(kept, weights_only=True))
        return network.eval()
    teachers = list(teachers_of(bank, speakers, population, recipe, seed % 100, kept.parent, quiet))
    torch.manual_seed(seed)
    network = Network(recipe.width, recipe.dropout).to(DEVICE)
    average = torch.optim.swa_utils.AveragedModel(
        network, multi_avg_fn=torch.optim.swa_utils.get_ema_multi_avg_fn(AVERAGING), use_buffers=True
    )
    batches = Batches(bank, speakers, population, recipe, seed)
    optimiser = torch.optim.AdamW(network.parameters(), lr=recipe.peak_rate, weight_decay=WEIGHT_DECAY)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, recipe.peak_rate, total_steps=recipe.steps)
    bar, smooth = tqdm(range(recipe.steps), desc=name, unit="batch", mininterval=5, disable=quiet), None
    for _ in bar:
        x, mask, target = batches.draw(BATCH)
        whole, mask = torch.tensor(x, device=DEVICE), torch.tensor(mask, device=DEVICE)
        answers = network(torch.tensor(batches.masked(x), device=DEVICE), mask)
        loss = loss_of(*answers, target, recipe)
        if teachers:
            loss = (1 - recipe.soft) * loss + recipe.soft * distance(*answers, taught(teachers, whole, mask))
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 5.0)
        optimiser.step()
        schedule.step()
        average.update_parameters(network)
        smooth = loss.item() if smooth is None else 0.98 * smooth + 0.02 * loss.item()
        bar.set_postfix(loss=f"{smooth:.3f}", refresh=False)
    kept.parent.mkdir(parents=True, exist_ok=True)
    learnt, part = average.module.cpu().eval(), kept.with_suffix(".part")
    # A write that is cut short leaves nothing behind under the name.
    torch.save(learnt.state_dict(), part)
    part.rename(kept)
    return learnt


@torch.no_grad()
def logits(network, x, mask):
    """Class logits [n, 7] and affect logits [n, 3] of many windows."""
    parts = [
        [out.numpy() for out in network(torch.from_numpy(x[a : a + 512]), torch.from_numpy(mask[a : a + 512]))]
        for a in range(0, len(x), 512)
    ]
    return tuple(np.concatenate(values) for values in zip(*parts))
