#!/usr/bin/env python3
"""Scores `undertone features` against exact pitch: gross errors, voicing errors, cents.

    python benches/score_pitch.py F0_DATA [--undertone target/release/undertone]

F0_DATA holds audio/lf_*.flac and truth_lf.csv (`time_s`, `f0_hz`, `voiced`, `w`; w is 0 near voicing
edges). Only the standard library is needed.
"""

import argparse
import csv
import io
import math
import pathlib
import statistics
import subprocess

CONDITIONS = ["clean_16k", "tel8_clean", "tel8_white10", "tel8_babble10"]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=pathlib.Path)
    parser.add_argument("--undertone", default="target/release/undertone")
    options = parser.parse_args()
    with open(options.data / "truth_lf.csv", newline="") as file:
        truth = {round(float(r["time_s"]) * 200): r for r in csv.DictReader(file)}
    print("| | GPE % | VDE % | median cents |")
    print("|---|---|---|---|")
    for condition in CONDITIONS:
        audio = options.data / "audio" / f"lf_{condition}.flac"
        command = [options.undertone, "features", str(audio), "--columns", "f0_hz", "--quiet"]
        table = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        cents, gross, wrong, frames = [], 0, 0, 0
        for row in csv.DictReader(io.StringIO(table)):
            known = truth.get(round(float(row["time_s"]) * 200))
            if known is None or float(known["w"]) <= 0:
                continue
            frames += 1
            f0, real = float(row["f0_hz"]), float(known["f0_hz"])
            wrong += (f0 > 0) != (known["voiced"] == "1")
            if f0 > 0 and known["voiced"] == "1":
                if abs(f0 / real - 1) > 0.2:
                    gross += 1
                else:
                    cents.append(abs(1200 * math.log2(f0 / real)))
        both = gross + len(cents)
        print(f"| {condition} | {100 * gross / both:.2f} | {100 * wrong / frames:.1f} | {statistics.median(cents):.1f} |")


if __name__ == "__main__":
    main()
