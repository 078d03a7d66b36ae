#!/usr/bin/env python3
"""Checking and sealing folders, beside other tools in the same run: `make bench-peers`.

    mhl.py small      10,000 files of 40 kB, as a sequence of frames is
    mhl.py large      20 GB in four files, from the disk; and 2 GB of such files from memory
    mhl.py million    time and memory of a history of a million files, there and missing (no peers)

All data is made here, in a folder that is removed at the end, and is read once before anything is measured. What fits in
memory stays there; what does not is read from the disk each time. `cat` of the same files is the physical limit. Each line is one run, the best of
three where a run is short; ratios are of the times.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

# A run that is longer than this is not repeated.
SHORT_SECONDS = 20
# Left free on the disk, for others.
RESERVE = 4 << 30

PYTHON_XXHSUM = """
import sys, xxhash
for path in sys.argv[1:]:
    digest, file = xxhash.xxh3_128(), open(path, 'rb', buffering=0)
    while piece := file.read(1 << 20):
        digest.update(piece)
    print(digest.hexdigest(), path)
"""


class Run:
    """The seconds and the peak memory of one command."""

    def __init__(self, command, env):
        began = time.monotonic()
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env=env)
        said = process.stderr.read()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        self.seconds = time.monotonic() - began
        self.code = process.returncode
        self.peak_bytes = usage.ru_maxrss << 10
        self.said = said.decode(errors="replace")[-2000:]


class Bench:
    def __init__(self, platefleet, root):
        self.platefleet, self.root = platefleet, root
        self.is_cold = False

    def files(self):
        return sorted(path for path in self.root.rglob("*") if path.is_file() and "ascmhl" not in path.parts)

    def measure(self, name, command, expect=0, before=None, env=None):
        """Runs a command, says what it took, and answers the seconds."""
        best, total = None, 0.0
        for _ in range(3):
            if before:
                before()
            if self.is_cold:
                evict(self.files())
            run = Run(command, env)
            if run.code != expect:
                sys.exit(f"FAILED: exit {run.code}, wanted {expect}: {command[:4]}\n{run.said}")
            best = run if best is None or run.seconds < best.seconds else best
            total += run.seconds
            if total > SHORT_SECONDS:
                break
        rest = f"{self.bytes / best.seconds / 1e9:6.2f} GB/s" if self.bytes else f"{best.peak_bytes / 1e6:6.0f} MB peak"
        print(f"  {name:34} {best.seconds:9.2f} s  {rest}", flush=True)
        return best.seconds

    def side_by_side(self):
        """Every tool over the same files, and how many times longer each takes than ours."""
        paths = self.files()
        self.bytes = sum(path.stat().st_size for path in paths)
        needed = self.bytes * 2
        self.is_cold = needed > available_memory()
        print(f"{len(paths)} files, {self.bytes / 1e9:.1f} GB, " + ("from the disk" if self.is_cold else "from memory"))
        listed = self.root.parent / "files"
        listed.write_bytes(b"\0".join(bytes(path) for path in paths))
        each = lambda *command: ["xargs", "-0", "-a", str(listed), "-n", "100000", "-s", "2000000", *command]
        root, one = str(self.root), dict(os.environ, RAYON_NUM_THREADS="1")
        unsealed = lambda: shutil.rmtree(self.root / "ascmhl", ignore_errors=True)

        # Whoever reads first pays for caches that nobody can empty: those of a host below this machine.
        subprocess.run(each("cat"), stdout=subprocess.DEVNULL, check=True)
        limit = self.measure("cat (the limit of one reader)", each("cat"))
        peer = xxhsum()
        sums = peer and self.measure(peer[0], each(*peer[1]))
        seal = self.measure("platefleet seal", [self.platefleet, "seal", root], before=unsealed)
        verify = self.measure("platefleet verify", [self.platefleet, "verify", root])
        alone = self.measure("platefleet verify, one thread", [self.platefleet, "verify", root], env=one)
        ratio("platefleet verify is", limit / verify, "cat")
        if peer:
            ratio("platefleet verify is", sums / verify, peer[0])
            ratio("platefleet verify, one thread, is", sums / alone, peer[0])
        if shutil.which("ascmhl"):
            create = self.measure("ascmhl create", ["ascmhl", "create", "-h", "xxh128", root], before=unsealed)
            reference = self.measure("ascmhl-debug verify", ["ascmhl-debug", "verify", root])
            self.measure("platefleet verify of that history", [self.platefleet, "verify", root])
            ratio("platefleet seal is", create / seal, "ascmhl create")
            ratio("platefleet verify is", reference / verify, "ascmhl-debug verify")
        else:
            print("SKIPPED: ascmhl is not there (PLATEFLEET_ORACLES; `make conformance` sets the oracles up)")

    def million(self, count):
        """Time and memory where there is one file for each record, and where there is none."""
        self.bytes = 0
        print(f"a history of {count} files")
        for folder in range(0, count, 1000):
            place = self.root / f"A{folder // 100_000:03}" / f"A{folder // 1000:06}"
            place.mkdir(parents=True)
            for file in range(folder, min(count, folder + 1000)):
                (place / f"A001C001_{file:07}.dng").write_bytes(b"%08d" % file)
        self.measure("platefleet seal", [self.platefleet, "seal", str(self.root)],
                     before=lambda: shutil.rmtree(self.root / "ascmhl", ignore_errors=True))
        self.measure("platefleet verify", [self.platefleet, "verify", str(self.root)])
        empty = self.root.parent / "missing"
        shutil.copytree(self.root / "ascmhl", empty / "ascmhl")
        self.measure("platefleet verify, all missing", [self.platefleet, "verify", str(empty)], expect=1)


def xxhsum():
    """Name and command of the peer for the digest itself."""
    if shutil.which("xxhsum"):
        return "xxhsum -H2", ["xxhsum", "-q", "-H2"]
    if shutil.which("ascmhl"):
        print("xxhsum is not there: the same C code in the Python of the oracles, 1 MiB at a time, is its stand-in")
        return "python xxhash (xxh128)", ["python", "-c", PYTHON_XXHSUM]
    print("SKIPPED: xxhsum is not there, nor are the oracles")
    return None


def ratio(what, times, peer):
    print(f"  {what} {times:.2f} times as fast as {peer}")


def available_memory():
    lines = dict(line.split(":") for line in Path("/proc/meminfo").read_text().splitlines())
    return int(lines["MemAvailable"].split()[0]) << 10


def evict(paths):
    """Takes clean pages of these files out of the page cache."""
    for path in paths:
        file = os.open(path, os.O_RDONLY)
        os.posix_fadvise(file, 0, 0, os.POSIX_FADV_DONTNEED)
        os.close(file)


def fill(path, size, seed):
    """Bytes that no disk can leave out: a random block, with its number in it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    block = bytearray(os.urandom(min(size, 8 << 20)))
    with path.open("wb") as file:
        for start in range(0, size, len(block)):
            block[:16] = b"%08d%08d" % (seed % 10**8, start // len(block))
            file.write(block[: size - start])
        file.flush()
        if size > 100 << 20:
            os.fsync(file.fileno())


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["small", "large", "million"], nargs="+")
    parser.add_argument("--platefleet", default="target/release/platefleet", help="the command to measure")
    parser.add_argument("--dir", help="where the data is made (default: the folder for temporary files)")
    parser.add_argument("--files", type=int, default=10_000, help="of `small`")
    parser.add_argument("--gigabytes", type=float, default=20, help="of `large`")
    parser.add_argument("--records", type=int, default=1_000_000, help="of `million`")
    wanted = parser.parse_args()
    platefleet = os.path.abspath(wanted.platefleet)
    cache = os.environ.get("XDG_CACHE_HOME", os.path.expanduser("~/.cache"))
    oracles = os.environ.get("PLATEFLEET_ORACLES", f"{cache}/platefleet-oracles")
    os.environ["PATH"] = f"{oracles}/media/bin:{os.environ['PATH']}"

    def room(make):
        with tempfile.TemporaryDirectory(prefix="platefleet-bench-", dir=wanted.dir) as folder:
            root = Path(folder) / "A001"
            root.mkdir()
            make(Bench(platefleet, root))

    def small(bench):
        for number in range(wanted.files):
            fill(bench.root / f"A{number // 1000:03}" / f"A001C001.{number:07}.exr", 40_000, number)
        bench.side_by_side()

    def large(size):
        def make(bench):
            free = shutil.disk_usage(bench.root).free - RESERVE
            used = min(size, max(free, 0))
            if used < size:
                print(f"the disk has room for {used / 1e9:.1f} GB, not for {size / 1e9:.1f} GB: that much is measured")
            for number in range(4):
                fill(bench.root / f"A001C{number:03}.mxf", int(used) // 4, number)
            bench.side_by_side()
        return make

    for what in wanted.what:
        if what == "small":
            room(small)
        elif what == "large":
            room(large(wanted.gigabytes * 1e9))
            room(large(2e9))
        else:
            room(lambda bench: bench.million(wanted.records))


if __name__ == "__main__":
    main()
