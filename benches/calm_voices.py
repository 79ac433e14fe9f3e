#!/usr/bin/env python3
"""Where calm callers stand: mean and spread, over speakers, of the descriptors that anger from hello is read from.

    python make_calls.py --data DATA --out CALLS --seed 71 --per 60 --corpora emodb
    python benches/calm_voices.py CALLS [--undertone target/release/undertone]

CALLS holds simulated calls, NAME.wav with NAME.json beside it (`scenario`, `speaker`, `onset_s`, `change_s`). Of every call that
begins calm the voiced speech in its first fifteen seconds of speech counts, as far as it lies before the change. What is printed
stands in `src/trajectory/hello.rs`. Only the standard library is needed.
"""

import argparse
import collections
import csv
import json
import pathlib
import statistics
import subprocess

COLUMNS = ["alpha_ratio_db", "flux_db", "lengthening_s", "dynamics_db"]
SPEECH_S = 15.0


def call(undertone, recording, until_s):
    """Mean of each column over the voiced speech at the call's beginning; none where there is none."""
    table = subprocess.run([undertone, "features", "--quiet", "--format", "csv", str(recording)], stdout=subprocess.PIPE, text=True, check=True)
    sums, voiced, speech = [0.0] * len(COLUMNS), 0, 0
    for row in csv.DictReader(table.stdout.splitlines()):
        if float(row["time_s"]) >= until_s or speech > SPEECH_S * 100:
            break
        if row["speech"] != "1":
            continue
        speech += 1
        if row["voiced"] == "1":
            voiced += 1
            sums = [total + float(row[name]) for total, name in zip(sums, COLUMNS)]
    return [total / voiced for total in sums] if voiced >= 100 else None


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("calls", type=pathlib.Path)
    parser.add_argument("--undertone", default="target/release/undertone")
    options = parser.parse_args()
    speakers = collections.defaultdict(list)
    for recording in sorted(options.calls.glob("*.wav")):
        truth = json.loads(recording.with_suffix(".json").read_text(encoding="utf-8"))
        if truth["scenario"] != "angry_from_start":
            until_s = truth["onset_s"] or truth["change_s"] or float("inf")
            means = call(options.undertone, recording, until_s)
            if means:
                speakers[truth["speaker"]].append(means)
    print(f"{sum(map(len, speakers.values()))} calls of {len(speakers)} speakers")
    for place, name in enumerate(COLUMNS):
        each = [statistics.fmean(means[place] for means in calls) for calls in speakers.values()]
        print(f"{name:15} {statistics.fmean(each):9.4f} +- {statistics.pstdev(each):.4f}")


if __name__ == "__main__":
    main()
