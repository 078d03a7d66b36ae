#!/usr/bin/env python3
"""pack.py BINARIES OUT FUNCTION...: each binary BINARIES/platefleet-FUNCTION as `bootstrap` in OUT/FUNCTION.zip.

The same binaries give the same bytes (fixed time and mode), so that a deployment changes only the functions that changed.
Refuses a binary that asks for a newer C library than provided.al2023 has: it would die when it is started.
"""

import re
import subprocess
import sys
import zipfile
from pathlib import Path

GLIBC_OF_AL2023 = (2, 34)
ZIPPED_AT_MOST = 50 * 1024 * 1024  # Lambda's limit for a package that is uploaded directly


def newest_glibc(binary: Path) -> tuple[int, ...]:
    """The newest GLIBC symbol version that the binary needs; (0,) when it is linked statically."""
    symbols = subprocess.run(["objdump", "-T", binary], capture_output=True, text=True)
    if symbols.returncode:
        raise SystemExit(f"{binary}: objdump: {symbols.stderr.strip()}")
    versions = re.findall(r"GLIBC_(\d+(?:\.\d+)+)", symbols.stdout)
    return max((tuple(map(int, version.split("."))) for version in versions), default=(0,))


def pack(binary: Path, out: Path) -> None:
    glibc = newest_glibc(binary)
    if glibc > GLIBC_OF_AL2023:
        raise SystemExit(
            f"{binary}: needs GLIBC {'.'.join(map(str, glibc))}, provided.al2023 has 2.34: "
            "build on Amazon Linux 2023, or for x86_64-unknown-linux-musl"
        )
    entry = zipfile.ZipInfo("bootstrap", date_time=(1980, 1, 1, 0, 0, 0))
    entry.compress_type = zipfile.ZIP_DEFLATED
    entry.create_system = 3  # Unix: the mode below counts
    entry.external_attr = 0o100755 << 16
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr(entry, binary.read_bytes(), compresslevel=9)
    size = out.stat().st_size
    if size > ZIPPED_AT_MOST:
        raise SystemExit(f"{out}: {size} bytes, Lambda takes {ZIPPED_AT_MOST}")
    print(f"{out}: {size} bytes, GLIBC {'.'.join(map(str, glibc))}")


def main() -> None:
    if len(sys.argv) < 4:
        raise SystemExit(__doc__)
    binaries, out = Path(sys.argv[1]), Path(sys.argv[2])
    out.mkdir(parents=True, exist_ok=True)
    for function in sys.argv[3:]:
        pack(binaries / f"platefleet-{function}", out / f"{function}.zip")


if __name__ == "__main__":
    main()
