"""All kept steps of a corpus in one array, and which clip each run of them belongs to."""

import numpy as np

from input import CHANNELS, MEL, VOICED_ONLY, level_free, sums

COLUMNS = ["start", "stop", "speaker", "emotion", "fold", "copy", "name"]


class Bank:
    """`features` [n, 42], `voiced` [n]; per clip: start, stop, speaker, emotion, fold, copy, name, sums."""

    def __init__(self):
        self.features, self.voiced, self.rows, self.size = [], [], [], 0

    def add(self, features, voiced, speaker, emotion, fold, copy, name):
        """Appends one clip's kept steps."""
        self.features.append(features)
        self.voiced.append(voiced)
        self.rows.append((self.size, self.size + len(features), speaker, emotion, fold, copy, name))
        self.size += len(features)

    def close(self):
        """Turns the lists into arrays; no clip can be added after it."""
        self.features, self.voiced = np.concatenate(self.features), np.concatenate(self.voiced)
        for column, values in zip(COLUMNS, zip(*self.rows)):
            setattr(self, column, np.array(values))
        self.length = self.stop - self.start
        per_clip = [sums(self.features[a:b], self.voiced[a:b]) for a, b in zip(self.start, self.stop)]
        self.total, self.count = (np.array(values) for values in zip(*per_clip))
        return self

    def save(self, path):
        """Writes the arrays as npz; a write that is cut short leaves nothing behind under `path`."""
        part = path.with_suffix(".part.npz")
        np.savez(part, features=self.features, voiced=self.voiced, **{c: getattr(self, c) for c in COLUMNS})
        part.rename(path)

    @classmethod
    def load(cls, path):
        """Reads what `save` wrote."""
        bank, stored = cls(), np.load(path)
        bank.features, bank.voiced = [stored["features"]], [stored["voiced"]]
        bank.rows = list(zip(*(stored[c] for c in COLUMNS)))
        return bank.close()

    @classmethod
    def joined(cls, banks):
        """Several banks as one, in their order."""
        whole = cls()
        for bank in banks:
            whole.features.append(bank.features)
            whole.voiced.append(bank.voiced)
            for row in zip(*(getattr(bank, c) for c in COLUMNS)):
                whole.rows.append((row[0] + whole.size, row[1] + whole.size, *row[2:]))
            whole.size += len(bank.features)
        return whole.close()

    def only(self, chosen):
        """The clips where `chosen` [clips] is true, in their order."""
        part = Bank()
        for index in np.flatnonzero(chosen):
            a, b = self.start[index], self.stop[index]
            part.add(self.features[a:b], self.voiced[a:b], *(getattr(self, c)[index] for c in COLUMNS[2:]))
        return part.close()

    def steps(self, clips):
        """Indices of the steps of these clips, one clip after another."""
        return np.concatenate([np.arange(self.start[c], self.stop[c]) for c in clips])

    def enrolment(self, clips, limit):
        """Sums and counts over whole clips until `limit` steps are reached."""
        used = clips[: int(np.searchsorted(np.cumsum(self.length[clips]), limit)) + 1]
        return self.total[used].sum(0), self.count[used].sum(0)

    def population(self, calm, everyone):
        """(P, sd): the mean of `calm` clips, level-free, and the spread of `everyone` about it."""
        mean = level_free(self.total[calm].sum(0) / np.maximum(self.count[calm].sum(0), 1))
        index = self.steps(everyone)
        values = self.features[index].astype(np.float64)
        # Every clip at its own level, as the window is at its own.
        for a, b in zip(np.cumsum(self.length[everyone]) - self.length[everyone], np.cumsum(self.length[everyone])):
            values[a:b, MEL] -= values[a:b, MEL].mean() if b > a else 0.0
        spread = np.sqrt(((values - mean) ** 2).mean(0))
        voiced = self.voiced[index]
        spread[VOICED_ONLY] = np.sqrt(((values[voiced][:, VOICED_ONLY] - mean[VOICED_ONLY]) ** 2).mean(0))
        assert spread.shape == (len(CHANNELS),)
        return mean, spread
