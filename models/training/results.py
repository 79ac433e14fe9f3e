"""The tables: RESULTS.md and the card's [measured], both from the records of the runs."""

import json
from pathlib import Path

import numpy as np

from metrics import ece
from plan import PLANS
from recipe import RECIPES

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


def spread(values):
    """Mean and sample standard deviation."""
    values = [v for v in values if not np.isnan(v)]
    if not values:
        return float("nan"), float("nan")
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
    return rows("unseen speakers", ["readings", *HEADINGS.values(), "ECE anger, pooled"], lines)


def pooled_ece(folds, condition):
    """ECE of anger over the readings of all folds and seeds: of 100 clips in ten bins chance alone makes several points."""
    taken = [record["readings"][condition] for record in folds]
    return ece(np.concatenate([t["p"] for t in taken]), np.concatenate([t["anger"] for t in taken]))


def by_fold_table(folds):
    """The reference line with the baseline, fold by fold."""
    lines = []
    for record in folds:
        for condition, figures in record["figures"].items():
            if condition.endswith("mu-law, with baseline"):
                where = condition.removesuffix("mu-law, with baseline").rstrip(", ")
                label = f"fold {record['fold']}, seed {record['seed']}" + (f", {where}" if where else "")
                lines.append([label] + [f"{figures[key]:.3f}" for key in HEADINGS])
    return rows("mu-law, with baseline", list(HEADINGS.values()), lines)


def cross_table(cross):
    """Per corpus: the released network, the final networks of all seeds, and all fold networks as mean ± sd."""
    keys = [key for key in HEADINGS if key in cross[0]]
    lines = []
    for corpus in dict.fromkeys(record["corpus"] for record in cross):
        for baseline in (True, False):
            own = [r for r in cross if r["corpus"] == corpus and r["baseline"] == baseline]
            label, clips = f"{corpus}, {'with baseline' if baseline else 'without'}", str(own[0]["clips"])
            lines.append([label, "released", clips] + [f"{own[0][key]:.3f}" for key in keys])
            for start, what in (("final", "final networks"), ("fold", "fold networks")):
                taken = [r for r in own if r["network"].startswith(start)]
                lines.append([label, f"{len(taken)} {what}", clips] + [precise([r[key] for r in taken]) for key in keys])
    return rows("corpus", ["network", "clips", *(HEADINGS[key] for key in keys)], lines)


def precise(values):
    """`.953 ± .012`"""
    return " ± ".join(f"{v:.3f}".replace("0.", ".", 1) for v in spread(values))


def plain(values):
    """`3.41 ± 0.12`"""
    mean, sd = spread(values)
    return f"{mean:.2f} ± {sd:.2f}"


def within_table(within):
    """d' of a caller's anger against the same caller's calm speech; mean ± sd over networks."""
    lines = []
    for corpus, line in dict.fromkeys((r["corpus"], r["line"]) for r in within):
        for enrolment in dict.fromkeys(r["enrolment"] for r in within):
            own = [r for r in within if (r["corpus"], r["line"], r["enrolment"]) == (corpus, line, enrolment)]
            by = lambda seconds, key: plain([r[key] for r in own if r["seconds"] == seconds and np.isfinite(r[key])])
            lines.append([f"{corpus}, {line}", enrolment] + [by(s, "within") for s in (1, 2, 3, 6)] + [by(3, "pooled")])
    return rows("corpus, line", ["enrolment", "1 s", "2 s", "3 s", "6 s", "3 s, callers pooled"], lines)


def grid_table(grid):
    """Line by line: figures of unseen speakers, what they lose, what moves, and calibration."""
    lines, first = [], None
    for condition in dict.fromkeys(r["condition"] for r in grid):
        own = [r for r in grid if r["condition"] == condition]
        first = first or own
        lost = np.mean([r["auc_anger_rest"] for r in first]) - np.mean([r["auc_anger_rest"] for r in own])
        moved = np.concatenate([r["moved"] for r in own])
        both = [ece(np.concatenate([r[key] for r in own]), np.concatenate([r["anger"] for r in own])) for key in ("p", "p_own")]
        lines.append([condition] + [precise([r[key] for r in own]) for key in ("auc_anger_calm", "auc_anger_rest", "auc_arousal", "uar7")])
        lines[-1] += [f"{lost:+.3f}", f"{(moved < 0.05).mean():.2f}", f"{np.median(moved):.3f}", *(f"{e:.3f}" for e in both)]
    heads = ["AUC anger/calm", "AUC anger/rest", "AUC arousal", "UAR 7", "anger/rest lost", "moved < .05", "moved, median", "ECE anger", "ECE, calibrated on this line"]
    return rows("line", heads, lines)


def svm_table(svm):
    """The linear SVM on functionals; mean ± sd over the folds."""
    keys = ["auc_anger_calm", "auc_anger_rest", "auc_arousal", "auc_distress", "uar5"]
    lines = []
    for model, corpus, baseline in dict.fromkeys((r["model"], r["corpus"], r["baseline"]) for r in svm):
        own = [r for r in svm if (r["model"], r["corpus"], r["baseline"]) == (model, corpus, baseline)]
        label = f"{model}'s corpora: {corpus}, {'with baseline' if baseline else 'without'}"
        lines.append([label] + [precise([r[key] for r in own]) for key in keys])
    return rows("linear SVM, trained on", [HEADINGS[key] for key in keys], lines)


def choice_table(choice):
    """What recipes made of EmoDB's validation speakers over lines of unseen kinds; mean ± sd over the splits that were run."""
    lines = []
    for name in RECIPES:
        for enrolled, what in (("True", "with baseline"), ("False", "without")):
            for end, how in (("", "own logit"), ("_mixed", "half way to three")):
                own = {key.split("/")[1]: row[enrolled] for key, row in choice.items() if key.startswith(f"{name}/")}
                own = {part: row for part, row in own.items() if f"rest{end}" in row}
                if own:
                    values = [plain([row[f"d{end or '_calm'}"] for row in own.values()])]
                    values += [precise([row[f"{key}{end}"] for row in own.values()]) for key in ("calm", "rest")]
                    lines.append([f"{name}, {what}, {how}", ", ".join(own), *values])
    return rows("recipe", ["splits", "d' anger/calm", "AUC anger/calm", "AUC anger/rest"], lines)


def gender_gap(cross):
    """{corpus: by gender, the share of calm clips and of all that are not angry taken for anger}, released network, with baseline."""
    gaps = {}
    for record in cross:
        if record["network"] == cross[0]["network"] and record["baseline"]:
            genders = [(word, record["false_anger"].get(letter)) for letter, word in (("f", "women"), ("m", "men"))]
            words = lambda key: ", ".join(f"{word} {own[key]:.1%}" for word, own in genders if own and own[key] is not None)
            gaps[record["corpus"]] = {key: words(key) for key in ("calm", "others")}
    return gaps


def gender_limits(cross, least=0.05):
    """A sentence for the card of every corpus where one gender is falsely taken for angry more often by `least`."""
    text = ""
    for record in cross:
        if record["network"] == cross[0]["network"] and record["baseline"]:
            women, men = (record["false_anger"].get(letter, {}).get("others") for letter in "fm")
            if women is not None and men is not None and abs(women - men) > least:
                more, less = ("women", "men") if women > men else ("men", "women")
                text += f" On {record['corpus']} {more} who are not angry are taken for angry {100 * abs(women - men):.0f} points more often than {less}."
    return text


def records(folder, name):
    """What a run wrote, or an empty list."""
    file = folder / f"{name}.json"
    return json.loads(file.read_text()) if file.exists() else []


def measured(own, plan):
    """The card's [measured]: {what: {figure: [mean, sd]}} with what it was measured on."""
    folds, cross, within = (records(own, name) for name in ("folds", "cross", "within"))
    table = {
        "on": "speakers that the network has not heard, the speaker-disjoint folds and seeds of [training], [mean, sd]; 8 kHz, 300-3400 Hz, mu-law; baseline: 4 calm clips that are not scored",
    }
    for condition in folds[0]["figures"]:
        if "mu-law, with" not in condition:
            continue
        taken = [record["figures"][condition] for record in folds]
        where = condition.split(",")[0] if len(plan.corpora) > 1 else plan.corpora[0]
        name = f"{where}_{'without' if condition.endswith('without') else 'with'}_baseline"
        table[name] = {key: [round(v, 3) for v in spread([t[key] for t in taken])] for key in HEADINGS}
        table[name]["ece_anger_pooled"] = round(pooled_ece(folds, condition), 3)
    if cross:
        table["cross_on"] = "corpora never trained on, the released network, same line and baseline; evaluation only"
    for record in cross:
        if record["network"] == cross[0]["network"]:
            name = f"{record['corpus']}_{'with' if record['baseline'] else 'without'}_baseline"
            table[name] = {key: round(record[key], 3) for key in HEADINGS if key in record}
    for corpus, gap in (gender_gap(cross) if cross else {}).items():
        table[f"{corpus}_false_anger"] = gap
    for row in within:
        if row["line"] == "mu-law" and row["seconds"] == 3 and row["network"] == within[0]["network"]:
            table.setdefault(f"{row['corpus']}_d_prime_3_s", {})[row["enrolment"]] = round(row["within"], 2)
    return table


HOW = (
    "Folds {folds} of five: three train, one calibrates, one is the test. Mean ± sd over folds and seeds ({seeds}). EmoDB clips are cut to 2 s; "
    "one random level a speaker, +- 3 dB a clip, 8 kHz, 300-3400 Hz, mu-law. Of every speaker four calm clips are held out of all tests; "
    "`with baseline` uses them. {short:.1%} of all clips over all copies have less than 1 s of speech and give no reading.\n\n"
)
NEVER = (
    "Evaluation only: nothing was trained or calibrated on them; README.md tells how often they were looked at. calm = neutral, calm, boredom. "
    "Clips with less than 1 s of speech give no reading and are left out.\n\n"
)
CALLERS = (
    "The same caller's calm speech against the same caller's anger, d' of the anger logit for so many seconds of speech, mean ± sd over networks (`within.py` "
    "says how). Corpora of the training: networks and speakers of the folds, unseen. `any`: the enrolment holds calm and angry clips alike; `angry`: angry clips alone.\n\n"
)


def model_text(plan, own):
    """The tables of one model."""
    facts, folds, cross, within = (records(own, name) for name in ("facts", "folds", "cross", "within"))
    listed = {key: " ".join(map(str, facts[key])) for key in ("seeds", "folds")}
    text = f"\n## {plan.name}\n\n    {plan.command.format(**listed)}\n    python evaluate.py --model {plan.name} --data DIR --undertone ../../target/release/undertone\n"
    text += f"\nLicence: {plan.licence}. Recipe: {', '.join(f'{k} {v}' for k, v in facts['recipe'].items())}.\n"
    text += "\n### Unseen speakers\n\n" + HOW.format(**listed, short=facts["short_clips"])
    text += fold_table(folds) + "\n" + by_fold_table(folds)
    if cross:
        text += "\n### Corpora never trained on\n\n" + NEVER + cross_table(cross)
        text += "\nFalse anger (p > 0.5) by gender, released network, with baseline: "
        text += "; ".join(f"{c}: calm clips {g['calm']}, all that are not angry {g['others']}" for c, g in gender_gap(cross).items()) + ".\n"
    if within:
        text += "\n### Within a caller\n\n" + CALLERS + within_table(within)
    if grid := records(own, "grid"):
        text += "\n### Line by line\n\n    python grid.py --data DIR --undertone ../../target/release/undertone\n\n"
        text += "EmoDB, unseen speakers with their baseline, the same call over every line. `moved`: the change of the anger probability of a clip against the first line.\n\n"
        text += grid_table(grid)
    return text


def write(runs):
    """Writes RESULTS.md beside this file, from all records that are there."""
    text = "# Results\n\nWritten by `results.py` from the runs. Do not edit by hand: notes stand in README.md.\n"
    for plan in PLANS.values():
        if (runs / plan.name / "folds.json").exists():
            text += model_text(plan, runs / plan.name)
    if svm := records(runs, "svm"):
        text += "\n## Beside a standard baseline\n\n    python svm.py --data DIR --undertone ../../target/release/undertone\n\n"
        text += "The engine's functionals without level and duration, the same folds, line and held-out clips, mean ± sd over the five networks of the folds.\n\n"
        text += svm_table(svm)
    if choice := records(runs, "choose"):
        text += "\n## Recipes compared\n\n    python choose.py --data DIR/emodb\n\n"
        text += "EmoDB alone, validation speakers, with the baseline, over six kinds of line and voice that no training copy has; mean ± sd over splits.\n\n"
        text += choice_table(choice)
    (Path(__file__).parent / "RESULTS.md").write_text(text)
