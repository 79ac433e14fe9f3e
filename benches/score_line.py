#!/usr/bin/env python3
"""What is judged to be on the line, as a share of the frames that hold speech or sound.

    python benches/score_line.py FOLDER_OR_FILE... [--undertone target/release/undertone]

One row an argument: seconds of frames marked as speech, and the share of them under each occupant (the codes
of `undertone features --list`). Only the standard library is needed.
"""

import argparse
import collections
import csv
import pathlib
import subprocess
import tempfile

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("inputs", nargs="+")
parser.add_argument("--undertone", default="target/release/undertone")
options = parser.parse_args()
for name in options.inputs:
    counts = collections.Counter()
    with tempfile.TemporaryDirectory() as folder:
        command = [options.undertone, "features", name, "--columns", "speech,occupant", "--out", folder, "--quiet"]
        subprocess.run(command, check=True)
        for table in pathlib.Path(folder).iterdir():
            with open(table, newline="") as rows:
                counts.update(row["occupant"] for row in csv.DictReader(rows) if row["speech"] == "1")
    total = sum(counts.values())
    shares = ", ".join(f"{code}: {100 * count / total:.2f} %" for code, count in sorted(counts.items()))
    print(f"{name}: {total / 100:.0f} s of speech frames; {shares}", flush=True)
