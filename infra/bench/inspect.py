"""Clips inspected a second on one core, beside exiftool, mediainfo and ffprobe, which read the same files in the same run.

    inspect.py --platefleet BIN --samples DIR [--copies N]

Every tool is pinned to one core and gets all files in one call (ffprobe takes one file a call). Best of three.
"""

import argparse
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

EXTENSIONS = {"ari", "braw", "cr3", "crm", "dng", "dpx", "exr", "mov", "mxf", "r3d"}


def pinned():
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})


def measure(commands):
    """Best wall clock of three rounds, and the processor seconds of that round."""
    best = None
    for _ in range(3):
        before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
        for command in commands:
            subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, preexec_fn=pinned, check=False)
        wall, after = time.monotonic() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
        used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        best = min(best or (wall, used), (wall, used))
    return best


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--platefleet", required=True)
    arguments.add_argument("--samples", required=True, type=Path)
    arguments.add_argument("--copies", type=int, default=20)
    arguments = arguments.parse_args()
    files = sorted(f for f in arguments.samples.rglob("*") if f.suffix[1:].lower() in EXTENSIONS)
    if not files:
        sys.exit(f"no camera files in {arguments.samples}")
    with tempfile.TemporaryDirectory() as folder:
        copies = []
        for number in range(arguments.copies):
            for file in files:
                # A folder a copy, so that numbered stills stay clips of their own.
                copy = Path(folder) / str(number) / file.name
                copy.parent.mkdir(exist_ok=True)
                try:
                    os.link(file, copy)
                except OSError:
                    shutil.copy(file, copy)
                copies.append(str(copy))
        tools = {
            "platefleet inspect": [[arguments.platefleet, "inspect", "--json", *copies]],
            "exiftool": [["exiftool", "-j", "-n", "-G", *copies]],
            "mediainfo": [["mediainfo", "--Output=JSON", *copies]],
            "ffprobe": [["ffprobe", "-v", "quiet", "-show_streams", "-show_format", "-of", "json", c] for c in copies],
        }
        print(f"{len(copies)} files, {len(files)} different ones, one core")
        ours = None
        for name, commands in tools.items():
            if shutil.which(commands[0][0]) is None:
                print(f"{name}: not installed")
                continue
            wall, used = measure(commands)
            ours = ours or wall
            print(f"{name}: {len(copies) / wall:.0f} clips/s ({wall:.2f} s, {used:.2f} s of processor), {wall / ours:.1f}x our time")


if __name__ == "__main__":
    main()
