"""The figures of one scored test: UAR, AUCs, and how well probability matches frequency (ECE)."""

import numpy as np
from sklearn.metrics import recall_score, roc_auc_score

from batch import targets
from network import CLASSES

FIVE = ["anger", "fear", "happiness", "neutral", "sadness"]
CALM = ("neutral", "calm", "boredom")
NAMES = ["uar7", "uar5", "auc_anger_rest", "auc_anger_calm", "auc_arousal", "auc_distress", "ece_anger", "ece_confidence"]


def uar(classes, emotion, among):
    """Unweighted average recall over the emotions of `among` that occur; nothing outside can be answered."""
    kept = np.isin(emotion, among)
    columns = [CLASSES.index(e) for e in among]
    answer = np.array(among)[classes[kept][:, columns].argmax(1)]
    present = sorted(set(emotion[kept]))
    return recall_score(emotion[kept], answer, labels=present, average="macro", zero_division=0)


def auc(score, positive, among=None):
    """Area under the ROC curve; NaN where one side is empty."""
    among = np.ones(len(score), bool) if among is None else among
    if len(set(positive[among])) < 2:
        return float("nan")
    return roc_auc_score(positive[among], score[among])


def ece(probability, happened, bins=10):
    """Expected calibration error over equally wide bins."""
    which = np.minimum((probability * bins).astype(int), bins - 1)
    gaps = [abs(probability[which == b].mean() - happened[which == b].mean()) * (which == b).mean() for b in set(which)]
    return float(sum(gaps))


def measure(emotion, classes, affect):
    """All figures of calibrated readings, by name."""
    _, arousal, anger, distress = targets(emotion)
    calm = np.isin(emotion, CALM)
    right = (affect[:, 1] > 0.5) == (anger == 1)
    return {
        "uar7": uar(classes, emotion, CLASSES),
        "uar5": uar(classes, emotion, FIVE),
        "auc_anger_rest": auc(affect[:, 1], anger),
        "auc_anger_calm": auc(affect[:, 1], anger, calm | (anger == 1)),
        "auc_arousal": auc(affect[:, 0], arousal, arousal >= 0),
        "auc_distress": auc(affect[:, 2], distress),
        "ece_anger": ece(affect[:, 1], anger),
        "ece_confidence": ece(affect[:, 3], right),
    }


def d_prime(one, other):
    """Distance of two groups of scores in their common standard deviations."""
    return float((one.mean() - other.mean()) / np.sqrt((one.var(ddof=1) + other.var(ddof=1)) / 2))
