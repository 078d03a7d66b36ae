"""Every camera file of the samples, field by field, as we and three other tools read it.

    compare.py --platefleet BIN --samples DIR... [--table FILE]

The samples are those of the reference, and those that made.py makes. mapping.csv says what the others call our fields. A field that both say has to agree; one that only they say is missing here.
Both are failures unless differences.csv explains them; an explanation that explains nothing is one too. Prints one line a
sample, and the table of formats with --table.
"""

import argparse
import csv
import fnmatch
import json
import re
import subprocess
import sys
from collections import defaultdict
from fractions import Fraction
from pathlib import Path

HERE = Path(__file__).parent
FOLDERS = ["arri", "braw", "canon", "dng", "dpx", "exr", "made", "mov", "mxf", "red"]
EXTENSIONS = {"ari", "braw", "cr3", "crm", "dng", "dpx", "exr", "mov", "mp4", "mxf", "r3d"}


def rows(name):
    lines = [line for line in (HERE / name).read_text().splitlines() if line and not line.startswith("#")]
    return list(csv.DictReader(lines))


def run(*command):
    done = subprocess.run([str(c) for c in command], capture_output=True, text=True, timeout=120, errors="replace")
    return done.stdout


def exiftool(path):
    return json.loads(run("exiftool", "-j", "-n", "-G", path) or "[{}]")[0]


def mediainfo(path):
    tracks = (json.loads(run("mediainfo", "--Output=JSON", path) or "{}").get("media") or {}).get("track", [])
    by_type = defaultdict(list)
    for track in tracks:
        by_type[track["@type"]].append(track)
    return by_type


def ffprobe(path):
    found = json.loads(run("ffprobe", "-v", "quiet", "-show_streams", "-show_format", "-of", "json", path) or "{}")
    by_type = defaultdict(list)
    for stream in found.get("streams", []):
        by_type[stream.get("codec_type", "data")].append(stream)
    by_type["format"] = [found.get("format", {})]
    return by_type


TOOLS = {"exiftool": exiftool, "mediainfo": mediainfo, "ffprobe": ffprobe}


def one(document, path):
    """A value of a tool's document: `Group:Tag`, or `Type.member.member` of the first track of a type, with `+` of all."""
    if ":" in path:
        return document.get(path)
    if "/" in path:
        above, below = (one(document, part) for part in path.split("/"))
        return None if above is None or below is None else f"{above}/{below}"
    kind, *members = path.rstrip("+").split(".")
    values = []
    for track in document.get(kind, []):
        for member in members:
            track = (track or {}).get(member) if isinstance(track, dict) else None
        values.append(track)
    if path.endswith("+"):
        values = [v for v in values if v is not None]
        return sum(int(v) for v in values) if values else None
    return next((v for v in values if v is not None), None)


def theirs(document, paths):
    return next((value for value in (one(document, path) for path in paths.split("|")) if value is not None), None)


def number(value):
    if isinstance(value, (int, float)):
        return float(value)
    try:
        return float(Fraction(str(value).strip()))
    except (ValueError, ZeroDivisionError):
        return None


def close(a, b, tolerance=5e-3):
    return a is not None and b is not None and abs(a - b) <= tolerance * max(abs(a), abs(b), 1e-9) + 1e-9


def digits(value):
    return re.sub(r"\D", "", str(value))


MAKES = {"canon inc.": "canon"}
UNKNOWN = {"", "0", "0/0", "unknown", "None", "0.000", "N/A"}


def says(value, how):
    """Whether another tool says anything: nought, and `unknown`, say nothing."""
    if value is None or str(value).strip() in UNKNOWN or str(value).strip("0") == "":
        return False
    if how in ("number", "rate", "count"):
        return number(value) not in (None, 0.0)
    if how == "date":
        return digits(value).strip("0") != ""
    return True


def agree(ours, other, how):
    text = str(other).strip()
    if how in ("number", "rate"):
        return close(number(ours), number(other))
    if how == "count":
        return number(ours) == number(other)
    if how == "timecode":
        return digits(ours) == digits(text)
    if how == "date":
        return digits(ours)[:14] == digits(text)[:14]
    if how == "day":
        return digits(ours)[:8] == digits(text)[:8]
    if how == "make":
        return str(ours).lower() == MAKES.get(text.lower(), text.lower())
    if how == "area":
        return ours == [int(n) for n in text.split()]
    if how == "area_tlbr":
        top, left, bottom, right = (int(n) for n in text.split())
        return ours == [left, top, right - left, bottom - top]
    if how == "sides":
        return ours == [int(n) for n in text.split("/")]
    if how == "scan":
        return str(ours).lower().startswith(text.lower()[:8])
    if how == "range":
        return {"tv": "legal", "pc": "full"}.get(text, text) == ours
    return str(ours).strip() == text


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--platefleet", required=True)
    arguments.add_argument("--samples", required=True, type=Path, nargs="+")
    arguments.add_argument("--table", type=Path, help="write the table of formats here")
    arguments = arguments.parse_args()
    mapping = rows("mapping.csv")
    explained = {(r["sample"], r["field"], r["tool"]) for r in rows("differences.csv")}
    used, failures, table = set(), [], defaultdict(lambda: defaultdict(int))
    folders = [root / folder for root in arguments.samples for folder in FOLDERS]
    files = [f for folder in folders for f in sorted(folder.rglob("*"))]
    files = [f for f in files if f.suffix[1:].lower() in EXTENSIONS]
    if len(files) < 35:
        sys.exit(f"only {len(files)} camera files in {arguments.samples}")
    for path in files:
        extension = path.suffix[1:].lower()
        name = f"{path.parent.name}/{path.name}"
        records = json.loads(run(arguments.platefleet, "inspect", "--json", path) or "[]")
        record = records[0] if isinstance(records, list) and records else {}
        others = {tool: read(path) for tool, read in TOOLS.items()}
        same, differs, missing, known = 0, 0, 0, 0
        for row in mapping:
            if extension not in row["extensions"].split():
                continue
            other = theirs(others[row["tool"]], row["path"])
            if not says(other, row["as"]):
                continue
            ours = record.get(row["field"])
            if ours is not None and agree(ours, other, row["as"]):
                same += 1
                continue
            why = {(sample, field, tool) for sample, field, tool in explained
                   if (field, tool) == (row["field"], row["tool"]) and fnmatch.fnmatch(name, sample)}
            if why:
                used |= why
                known += 1
                continue
            failures.append(f"{name}: {row['field']} is {ours!r}, {row['tool']} says {other!r}")
            differs, missing = differs + (ours is not None), missing + (ours is None)
        fields = len(record.get("sources", {}))
        print(f"{name}: {fields} fields; {same} agree, {known} explained, {differs} differ, {missing} missing")
        line = table[extension]
        for column, count in (("files", 1), ("fields", fields), ("agree", same), ("explained", known)):
            line[column] += count
    for key in sorted(explained - used):
        failures.append(f"differences.csv explains {' '.join(key)}, which does not differ")
    if arguments.table:
        lines = ["| format | files | fields (mean) | agree | explained |", "|---|---|---|---|---|"]
        for extension, line in sorted(table.items()):
            mean = line["fields"] / line["files"]
            lines.append(f"| {extension} | {line['files']} | {mean:.0f} | {line['agree']} | {line['explained']} |")
        arguments.table.write_text("\n".join(lines) + "\n")
    total = sum(line["agree"] for line in table.values())
    print(f"{len(files)} files, {total} values agree")
    if failures:
        sys.exit("\n".join(failures))


if __name__ == "__main__":
    main()
