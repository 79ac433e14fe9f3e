"""The tables: RESULTS.md and the card's [measured], both from the records of the runs."""

from pathlib import Path

import numpy as np

from metrics import ece

HEADINGS = {
    "uar7": "UAR 7",
    "uar5": "UAR 5",
    "auc_anger_calm": "AUC anger/calm",
    "auc_anger_rest": "AUC anger/rest",
    "auc_arousal": "AUC arousal",
    "auc_distress": "AUC distress",
    "ece_anger": "ECE anger",
    "ece_confidence": "ECE confidence",
}
EVALUATE = "python evaluate.py --data DIR --corpora ravdess nemo ased --undertone ../../target/release/undertone"


def spread(values):
    """Mean and sample standard deviation."""
    values = [v for v in values if not np.isnan(v)]
    return float(np.mean(values)), float(np.std(values, ddof=1)) if len(values) > 1 else 0.0


def cell(values):
    """`.95 ± .03`"""
    return " ± ".join(f"{v:.2f}".replace("0.", ".", 1) if v < 1 else f"{v:.2f}" for v in spread(values))


def rows(title, columns, lines):
    """A Markdown table."""
    head = f"| {title} | " + " | ".join(columns) + " |\n|---" * 1 + "|---" * len(columns) + "|\n"
    return head + "".join("| " + " | ".join(line) + " |\n" for line in lines)


def fold_table(folds):
    """Mean ± sd over folds and seeds."""
    lines = []
    for condition in folds[0]["figures"]:
        taken = [record["figures"][condition] for record in folds]
        clips = sum(t["clips"] for t, record in zip(taken, folds) if record["seed"] == folds[0]["seed"])
        lines.append([condition, str(clips)] + [cell([t[key] for t in taken]) for key in HEADINGS] + [f"{pooled_ece(folds, condition):.3f}"])
    return rows("EmoDB, test speakers", ["readings", *HEADINGS.values(), "ECE anger, pooled"], lines)


def pooled_ece(folds, condition):
    """ECE of anger over the readings of all folds and seeds: of 100 clips in ten bins chance alone makes several points."""
    taken = [record["readings"][condition] for record in folds]
    return ece(np.concatenate([t["p"] for t in taken]), np.concatenate([t["anger"] for t in taken]))


def by_fold_table(folds):
    """The reference line with the baseline, fold by fold."""
    lines = []
    for record in folds:
        figures = record["figures"]["mu-law, with baseline"]
        lines.append([f"fold {record['fold']}, seed {record['seed']}"] + [f"{figures[key]:.3f}" for key in HEADINGS])
    return rows("mu-law, with baseline", list(HEADINGS.values()), lines)


def cross_table(cross):
    """Per corpus: the released network, and all fold networks as mean ± sd."""
    keys = [key for key in HEADINGS if key in cross[0]]
    lines = []
    for corpus in dict.fromkeys(record["corpus"] for record in cross):
        for baseline in (True, False):
            own = [r for r in cross if r["corpus"] == corpus and r["baseline"] == baseline]
            label = f"{corpus}, {'with baseline' if baseline else 'without'}"
            lines.append([label, "released", str(own[0]["clips"])] + [f"{own[0][key]:.3f}" for key in keys])
            folds = [r for r in own if r["network"].startswith("fold")]
            lines.append([label, f"{len(folds)} fold networks", str(own[0]["clips"])] + [cell([r[key] for r in folds]) for key in keys])
    return rows("corpus", ["network", "clips", *(HEADINGS[key] for key in keys)], lines)


def measured(folds, cross):
    """The card's [measured]: {what: {figure: [mean, sd]}} with what it was measured on."""
    table = {
        "on": "EmoDB test speakers, 5 speaker-disjoint folds and all seeds, [mean, sd]; 8 kHz, 300-3400 Hz, mu-law; baseline: 4 calm clips that are not scored",
    }
    for condition, name in [("mu-law, with baseline", "emodb_with_baseline"), ("mu-law, without", "emodb_without_baseline")]:
        taken = [record["figures"][condition] for record in folds]
        table[name] = {key: [round(v, 3) for v in spread([t[key] for t in taken])] for key in HEADINGS}
        table[name]["ece_anger_pooled"] = round(pooled_ece(folds, condition), 3)
    if cross:
        table["cross_on"] = "corpora never trained on, the released network, same line and baseline; evaluation only"
    for record in cross:
        if record["network"] == cross[0]["network"]:
            name = f"{record['corpus']}_{'with' if record['baseline'] else 'without'}_baseline"
            table[name] = {key: round(record[key], 3) for key in HEADINGS if key in record}
    return table


def write(folds, cross, facts, command):
    """Writes RESULTS.md beside this file."""
    text = "# Results\n\nWritten by `results.py` from the runs. Do not edit by hand: notes stand in README.md.\n"
    text += f"\n    {command}\n    {EVALUATE}\n"
    text += "\n## EmoDB, speaker-disjoint\n\n"
    text += (
        "Five folds of two speakers: three train, one calibrates, one is the test. Mean ± sd over folds and seeds "
        f"({', '.join(map(str, facts['seeds']))}). Clips cut to 2 s, one random level a speaker, +- 3 dB a clip, 8 kHz, 300-3400 Hz, mu-law. "
        "Of every speaker four calm clips are held out of all tests; `with baseline` uses them. "
        f"{facts['short_clips']:.1%} of all clips over all copies have less than 1 s of speech and give no reading.\n\n"
    )
    text += fold_table(folds) + "\n" + by_fold_table(folds)
    if cross:
        text += "\n## Corpora never trained on\n\nEvaluation only: nothing was trained or calibrated on them; README.md tells of the one look that touched a choice. calm = neutral, calm, boredom. Clips with less than 1 s of speech give no reading and are left out.\n\n"
        text += cross_table(cross)
    (Path(__file__).parent / "RESULTS.md").write_text(text)
