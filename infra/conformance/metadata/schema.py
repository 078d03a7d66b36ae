"""Every record that `inspect` writes of the samples, against the published JSON Schema.

    schema.py --platefleet BIN --samples DIR
"""

import argparse
import json
import subprocess
import sys
from pathlib import Path

import jsonschema

SCHEMA = Path(__file__).parents[3] / "shared/media/schema/clip-metadata.v1.json"


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--platefleet", required=True)
    arguments.add_argument("--samples", required=True, type=Path)
    arguments = arguments.parse_args()
    schema = json.loads(SCHEMA.read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    records = 0
    for folder in ["arri", "braw", "canon", "dng", "dpx", "exr", "mov", "mxf", "red", "sony"]:
        for path in sorted((arguments.samples / folder).rglob("*")):
            if path.suffix.lower() in ("", ".csv", ".txt", ".yaml") or path.is_dir():
                continue
            done = subprocess.run(
                [arguments.platefleet, "inspect", "--json", "--frames", path], capture_output=True, text=True, timeout=120
            )
            document = json.loads(done.stdout)
            if isinstance(document, dict):
                kind = document["error"]["kind"]
                print(f"{path.name}: {kind}: {document['error']['detail']}")
                if kind not in ("invalid", "unsupported"):
                    sys.exit(f"{path}: {document}")
                continue
            for record in document:
                errors = [f"{'/'.join(map(str, e.path))}: {e.message}" for e in validator.iter_errors(record)]
                if errors:
                    sys.exit(f"{path}:\n" + "\n".join(errors))
                if not record["sources"]:
                    sys.exit(f"{path}: a record of nothing")
                records += 1
    print(f"{records} records")
    if records < 30:
        sys.exit("too few")


if __name__ == "__main__":
    main()
