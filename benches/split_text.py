#!/usr/bin/env python3
"""Split the text sets into four fifths to write rules on and a held-out fifth, once and for all.

    python benches/split_text.py DATA/text OUT

A row is held out when the SHA-256 of its text (of both texts, in `repeated_question.csv`) leaves no rest on
division by five. So the split needs no seed, and a text that stands in two sets falls on the same side in both.
Writes OUT/dev/*.csv and OUT/held/*.csv, in the layout that the scorer beside the sets reads.
"""
import csv
import hashlib
import sys
from pathlib import Path


def held_out(row):
    text = row.get("text") or row["first"] + "\n" + row["second"]
    return int.from_bytes(hashlib.sha256(text.encode()).digest()) % 5 == 0


def main(data, out):
    for path in sorted(Path(data).glob("*.csv")):
        with open(path, newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
        for name, wanted in (("dev", False), ("held", True)):
            part = [row for row in rows if held_out(row) == wanted]
            folder = Path(out) / name
            folder.mkdir(parents=True, exist_ok=True)
            with open(folder / path.name, "w", newline="", encoding="utf-8") as file:
                writer = csv.DictWriter(file, rows[0].keys())
                writer.writeheader()
                writer.writerows(part)
            print(f"{name:5} {path.name:24} {len(part)} rows")


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(*sys.argv[1:])
