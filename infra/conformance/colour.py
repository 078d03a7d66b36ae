#!/usr/bin/env python3
"""colour.py PLATEFLEET WORK DNG...: the pixels and colours of CinemaDNG clips, judged by LibRaw (rawpy) and the DNG specification.

Each DNG becomes a clip of two frames in WORK and is rendered by `PLATEFLEET render --debayer half`, where a pixel is a 2x2
cell and no method of demosaicing can differ. Three judgements:

1. Values. The code values that rawpy unpacks, taken through chapters 5 and 6 of the DNG 1.7 specification in NumPy, are our
   plate. Tolerance: half a unit of half floats (2^-11) plus 1e-6 for float arithmetic. A single code value that was
   unpacked wrongly would be seen.
2. LibRaw's colour, on the parts of the frame that are flat, in a copy of the file whose as-shot white is D65 (only for
   files with ColorMatrix1 alone). Only there do both follow the same model. Tolerance: 0.1 % and three units of LibRaw's
   16-bit integers, to which it cuts three times. Pixels in which LibRaw cut a negative value to 0 are left out: we keep it.
3. LibRaw's colour as shot. Tolerance: 5 % of the brightest channel, since LibRaw scales camera channels until the neutral is
   that of D65 where the specification adapts (Bradford) from the white of the scene, (0.338, 0.369) in colorchart.dng.
"""

import shutil
import struct
import subprocess
import sys
from pathlib import Path

import numpy as np
import OpenImageIO as oiio
import rawpy
import tifffile

COLOR_MATRIX_1, ANALOG_BALANCE, AS_SHOT_NEUTRAL, FORWARD_MATRIX_1, COLOR_MATRIX_2 = 50721, 50727, 50728, 50964, 50722
BRADFORD = np.array([[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]])
AP0_TO_XYZ = np.array([[0.9525523959, 0, 0.0000936786], [0.3439664498, 0.7281660966, -0.0721325464], [0, 0, 1.0088251844]])
ACES_WHITE = AP0_TO_XYZ @ np.ones(3)
D50 = np.array([0.9642, 1.0, 0.8249])
D65 = np.array([0.950456, 1.0, 1.088754])  # as LibRaw's matrices have it
FLAT = 20  # side of a flat part, in pixels of half size
UNIT = 1 / 65535


def adapt(source, target):
    """Bradford from one white to another."""
    return np.linalg.inv(BRADFORD) @ np.diag((BRADFORD @ target) / (BRADFORD @ source)) @ BRADFORD


XYZ_TO_AP0 = np.linalg.inv(AP0_TO_XYZ)


class Frame:
    """What the file says, read by tifffile, and its code values, read by rawpy."""

    def __init__(self, path: Path):
        self.path, self.raw = path, rawpy.imread(str(path))
        with tifffile.TiffFile(path) as tiff:
            pages = [page for page in tiff.pages if page.photometric == 32803] or [
                sub for page in tiff.pages for sub in page.pages or [] if sub.photometric == 32803
            ]
            tags = {tag.code: tag for page in (tiff.pages[0], pages[0]) for tag in page.tags.values()}
            values = {code: tag.value for code, tag in tags.items()}
            self.neutral_at = tags[AS_SHOT_NEUTRAL].valueoffset
        ratios = lambda code: np.array(values[code], float).reshape(-1, 2) @ [1, 0] / (np.array(values[code], float).reshape(-1, 2) @ [0, 1])
        assert COLOR_MATRIX_2 not in values and values.get(ANALOG_BALANCE, (1, 1) * 3) == (1, 1) * 3, "a file for simpler sums"
        self.matrix = ratios(COLOR_MATRIX_1).reshape(3, 3)
        self.forward = ratios(FORWARD_MATRIX_1).reshape(3, 3) if FORWARD_MATRIX_1 in values else None
        self.neutral = ratios(AS_SHOT_NEUTRAL)
        self.neutral /= self.neutral.max()

    def to_ap0(self):
        """White-balanced camera RGB to ACES2065-1: DNG 1.7, chapter 6."""
        if self.forward is not None:
            return XYZ_TO_AP0 @ adapt(D50, ACES_WHITE) @ self.forward
        to_xyz = np.linalg.inv(self.matrix) @ np.diag(self.neutral)
        white = to_xyz @ np.ones(3)
        return XYZ_TO_AP0 @ adapt(white / white[1], ACES_WHITE) @ to_xyz / white[1]

    def camera(self):
        """White-balanced camera RGB of 2x2 cells, cut where the first channel of a neutral saturates."""
        black, white = float(self.raw.black_level_per_channel[0]), float(self.raw.white_level)
        linear = (self.raw.raw_image_visible.astype(float) - black) / (white - black)
        linear = linear[: linear.shape[0] // 2 * 2, : linear.shape[1] // 2 * 2]
        pattern = np.minimum(self.raw.raw_pattern % 4, 3)
        cells = np.zeros((linear.shape[0] // 2, linear.shape[1] // 2, 3))
        for y in (0, 1):
            for x in (0, 1):
                color = {0: 0, 1: 1, 2: 2, 3: 1}[int(pattern[y, x])]
                share = 0.5 if color == 1 else 1.0
                cells[..., color] += share * np.minimum(linear[y::2, x::2] / self.neutral[color], 1)
        return cells

    def libraw(self, space):
        """LibRaw's own development of 2x2 cells, 0..1."""
        red, green, blue = 1 / self.neutral
        settings = dict(half_size=True, output_bps=16, gamma=(1, 1), no_auto_bright=True, user_flip=0, adjust_maximum_thr=0.0)
        return self.raw.postprocess(user_wb=[red, green, blue, green], output_color=space, **settings) * UNIT


def render(platefleet: str, work: Path, dng: Path):
    """Our plate of a clip of this frame, and the frame."""
    clip, out = work / dng.stem / dng.stem, work / dng.stem / "plates"
    clip.mkdir(parents=True)
    for number in (1, 2):
        shutil.copy(dng, clip / f"{dng.stem}_{number:06}.dng")
    command = [platefleet, "render", "--input", clip, "--output", out, "--debayer", "half", "--compression", "none"]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"{dng.name}: exit {done.returncode}: {done.stderr}{done.stdout}")
    plates = sorted(out.rglob("*.exr"))
    assert len(plates) == 2, plates
    pictures = [oiio.ImageBuf(str(plate)).get_pixels(oiio.FLOAT)[..., :3].astype(float) for plate in plates]
    assert (pictures[0] == pictures[1]).all(), "equal frames made unequal plates"
    return pictures[0], Frame(clip / f"{dng.stem}_000001.dng")


def under_d65(dng: Path, out: Path) -> Path:
    """A copy of the file whose as-shot neutral is what its matrix makes of D65."""
    frame = Frame(dng)
    neutral = frame.matrix @ D65
    parts = [part for value in neutral / neutral.max() for part in (round(value * 1_000_000), 1_000_000)]
    data = bytearray(dng.read_bytes())
    struct.pack_into("<6I", data, frame.neutral_at, *parts)
    copy = out / f"{dng.stem}_d65.dng"
    copy.write_bytes(data)
    return copy


def flats(ours, frame: Frame):
    """Means of ours and of LibRaw's over the parts that vary least, brightest half of them."""
    xyz = frame.libraw(rawpy.ColorSpace.XYZ)
    kept = (xyz > 0).all(-1) & (frame.libraw(rawpy.ColorSpace.raw) > 0).all(-1)
    theirs = xyz @ (XYZ_TO_AP0 @ adapt(D65, ACES_WHITE)).T
    found = []
    for y in range(0, ours.shape[0] - FLAT, FLAT):
        for x in range(0, ours.shape[1] - FLAT, FLAT):
            part = np.s_[y : y + FLAT, x : x + FLAT]
            mask = kept[part]
            if mask.mean() > 0.9 and (theirs[part].max((0, 1)) < 0.95).all():
                mean = theirs[part][mask].mean(0)
                spread = (theirs[part].std((0, 1)) / mean.max()).max()
                found.append((spread, ours[part][mask].mean(0), mean))
    found.sort(key=lambda item: item[0])
    assert len(found) >= 40, f"only {len(found)} flat parts"
    chosen = found[: len(found) // 2]
    return np.array([item[1] for item in chosen]), np.array([item[2] for item in chosen])


def main() -> None:
    platefleet, work = sys.argv[1], Path(sys.argv[2])
    failed = False

    def judge(name: str, error: float, tolerance: str):
        nonlocal failed
        failed |= not error <= 1
        print(f"{'ok' if error <= 1 else 'FAILED':6} {name}: {error:.2f} of the tolerance ({tolerance})")

    for dng in map(Path, sys.argv[3:]):
        ours, frame = render(platefleet, work, dng)
        expected = frame.camera() @ frame.to_ap0().T
        assert ours.shape == expected.shape, f"{ours.shape} {expected.shape}"
        error = (np.abs(ours - expected) / (np.abs(expected) * 2.0**-11 + 1e-6)).max()
        judge(f"{dng.name}: values by the DNG specification", error, "half a unit of half floats")
        if frame.forward is not None:
            continue
        ours, theirs = flats(ours, frame)
        error = (np.abs(ours - theirs).max(1) / theirs.max(1)).max() / 0.05
        judge(f"{dng.name}: LibRaw as shot, {len(ours)} flat parts", error, "5 % of the brightest channel")
        ours, frame = render(platefleet, work, under_d65(dng, work))
        ours, theirs = flats(ours, frame)
        error = (np.abs(ours - theirs) / (0.001 * theirs + 3 * UNIT)).max()
        judge(f"{dng.name}: LibRaw under D65, {len(ours)} flat parts", error, "0.1 % and 3 of 65535")
    raise SystemExit(failed)


main()
