"""Clips as recorders write them, made with FFmpeg: what it was told is what inspecting has to find.

    made.py --platefleet BIN --out DIR

Makes DIR/made/*, for compare.py, and says every field that is not what was asked for.
"""

import argparse
import json
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

SOUND = ["-f", "lavfi", "-i", "sine=frequency=1000:sample_rate=48000:duration=4"]
DNX = ["-c:v", "dnxhd", "-pix_fmt", "yuv422p10le"]
X264 = ["-c:v", "libx264", "-pix_fmt", "yuv420p"]
X265 = ["-c:v", "libx265", "-x265-params", "log-level=none", "-pix_fmt", "yuv420p10le", "-tag:v", "hvc1"]
HDR = ["-color_primaries", "bt2020", "-colorspace", "bt2020nc", "-color_trc"]
MPEG2 = ["-c:v", "mpeg2video", "-pix_fmt", "yuv422p", "-b:v", "50M", "-minrate", "50M", "-maxrate", "50M"]
FIELDS = ["-flags", "+ildct+ilme", "-top", "1"]
IMX = ["-bufsize", "2000000", "-rc_init_occupancy", "2000000", "-intra_vlc", "1", "-qmin", "1", "-qmax", "3", "-g", "1"]


def prores(profile):
    return ["-c:v", "prores_ks", "-profile:v", str(profile)]


def keys(**values):
    named = [["-metadata", f"com.apple.quicktime.{key}={value}"] for key, value in values.items()]
    return ["-movflags", "use_metadata_tags", *sum(named, [])]


# File; size, rate, frames; timecode; more sources; options; fields besides those that follow from all that.
CLIPS = [
    ("prores_hq.mov", "1920x1080", "24000/1001", 12, "01:02:03:04", [], [*prores(3), "-metadata:s:v", "reel_name=A001"],
     {"codec": "Apple ProRes 422 HQ", "bit_depth": 10, "scan": "progressive", "reel_name": "A001"}),
    ("prores_4444.mov", "640x360", "25", 25, "10:00:00:00", [], [*prores(4), "-pix_fmt", "yuva444p10le"],
     {"codec": "Apple ProRes 4444", "chroma_subsampling": "4:4:4"}),
    ("prores_4444xq.mov", "640x360", "24", 24, None, [], [*prores(5), "-pix_fmt", "yuv444p10le"],
     {"codec": "Apple ProRes 4444 XQ"}),
    ("prores_fields.mov", "1920x1080", "30000/1001", 15, "00:59:59;28", [], [*prores(2), *FIELDS],
     {"codec": "Apple ProRes 422", "scan": "interlaced top field first"}),
    ("prores_keys.mov", "640x360", "24", 8, None, [],
     [*prores(0), *keys(make="Maker", model="Model 1", software="1.2", creationdate="2024-05-06T07:08:09+0200")],
     {"codec": "Apple ProRes 422 Proxy", "camera_make": "Maker", "camera_model": "Model 1", "firmware": "1.2",
      "recorded_at": "2024-05-06T07:08:09+0200"}),
    ("sounds.mov", "640x360", "25", 25, None, [*SOUND, *SOUND],
     ["-map", "0", "-map", "1", "-map", "2", *prores(1), "-c:a", "pcm_s24le", "-ac", "2"],
     {"codec": "Apple ProRes 422 LT", "audio_channels": 4, "audio_bit_depth": 24, "audio_sample_rate_hz": 48000}),
    ("dnxhr_hqx.mov", "1920x1080", "24", 4, "23:59:59:00", [], [*DNX, "-profile:v", "dnxhr_hqx"],
     {"codec": "Avid DNxHR HQX", "bit_depth": 10, "chroma_subsampling": "4:2:2", "scan": "progressive"}),
    ("dnxhr_sq.mxf", "1920x1080", "50", 5, None, [], ["-c:v", "dnxhd", "-profile:v", "dnxhr_sq", "-pix_fmt", "yuv422p"],
     {"codec": "Avid DNxHR SQ", "bit_depth": 8}),
    ("dnxhd.mxf", "1920x1080", "25", 5, "10:00:00:00", SOUND, [*DNX, "-b:v", "185M", "-c:a", "pcm_s24le"],
     {"codec": "Avid DNxHD HQX", "bit_depth": 10, "audio_bit_depth": 24}),
    ("dnxhd_opatom.mxf", "1920x1080", "25", 5, None, [],
     ["-c:v", "dnxhd", "-pix_fmt", "yuv422p", "-b:v", "120M", "-f", "mxf_opatom"], {"codec": "Avid DNxHD SQ"}),
    ("h264.mp4", "1280x720", "50", 50, None, SOUND, [*X264, "-c:a", "aac"],
     {"codec": "H.264", "bit_depth": 8, "chroma_subsampling": "4:2:0", "scan": "progressive"}),
    ("h264_first.mp4", "1280x720", "60000/1001", 30, None, [], [*X264, "-movflags", "+faststart"], {"codec": "H.264"}),
    ("h264_10bit.mov", "1280x720", "30000/1001", 30, "01:00:00;02", SOUND,
     ["-c:v", "libx264", "-pix_fmt", "yuv422p10le", "-c:a", "pcm_s24le", "-color_primaries", "bt709",
      "-color_trc", "bt709", "-colorspace", "bt709"],
     {"bit_depth": 10, "chroma_subsampling": "4:2:2", "color_primaries": "BT.709", "color_range": "legal"}),
    ("h264_anamorphic.mov", "1440x1080", "25", 10, None, [], ["-vf", "setsar=4/3", *X264],
     {"pixel_aspect_ratio": 4 / 3}),
    ("hevc_pq.mov", "1920x1080", "24", 8, "11:12:13:14", [], [*X265, *HDR, "smpte2084"],
     {"codec": "HEVC", "bit_depth": 10, "color_encoding": "PQ", "color_primaries": "BT.2020"}),
    ("hevc_hlg.mp4", "1280x720", "50", 10, None, [], [*X265, *HDR, "arib-std-b67"], {"color_encoding": "HLG"}),
    ("av1.mp4", "640x360", "24", 8, None, [], ["-c:v", "libaom-av1", "-cpu-used", "8"],
     {"codec": "AV1", "bit_depth": 8, "chroma_subsampling": "4:2:0"}),
    ("vp9.mp4", "640x360", "24", 8, None, [], ["-c:v", "libvpx-vp9"], {"codec": "VP9", "bit_depth": 8}),
    ("v210.mov", "640x360", "25", 5, None, [], ["-c:v", "v210"], {"bit_depth": 10, "chroma_subsampling": "4:2:2"}),
    ("uyvy.mov", "640x360", "25", 5, None, [], ["-c:v", "rawvideo", "-pix_fmt", "uyvy422", "-tag:v", "2vuy"],
     {"bit_depth": 8}),
    ("xdcam.mxf", "1920x1080", "25", 25, "01:00:00:00", SOUND,
     [*MPEG2, "-bufsize", "36M", *FIELDS, "-intra_vlc", "1", "-g", "12", "-bf", "2", "-c:a", "pcm_s24le"],
     {"codec": "MPEG-2", "bit_depth": 8, "chroma_subsampling": "4:2:2", "scan": "interlaced top field first"}),
    ("xdcam_df.mxf", "1920x1080", "30000/1001", 30, "01:00:00;02", [], [*MPEG2, "-bufsize", "36M"],
     {"codec": "MPEG-2"}),
    ("imx.mxf", "720x608", "25", 5, None, SOUND,
     ["-ac", "2", *MPEG2, *IMX, "-bf", "0", "-non_linear_quant", "1", "-flags", "+low_delay+ildct+ilme", "-top", "1",
      "-f", "mxf_d10", "-c:a", "pcm_s16le"], {"codec": "MPEG-2 (D-10 IMX)", "display_size": [720, 576]}),
    ("avc_intra.mxf", "1920x1080", "25", 5, "10:00:00:00", [],
     ["-c:v", "libx264", "-pix_fmt", "yuv422p10le", "-x264-params", "avcintra-class=100:interlaced=0"],
     {"codec": "AVC-Intra", "bit_depth": 10}),
    ("j2k.mxf", "1920x1080", "24", 3, None, [], ["-c:v", "jpeg2000", "-pix_fmt", "yuv422p10le"],
     {"codec": "JPEG 2000"}),
]


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--platefleet", required=True)
    arguments.add_argument("--out", required=True, type=Path)
    arguments = arguments.parse_args()
    folder = arguments.out / "made"
    folder.mkdir(parents=True, exist_ok=True)
    failures = []
    for name, size, rate, frames, timecode, sources, options, fields in CLIPS:
        length = Fraction(frames) / Fraction(rate)
        picture = ["-f", "lavfi", "-i", f"testsrc2=size={size}:rate={rate}:duration=4"]
        told = [*picture, *sources, *options, *(["-timecode", timecode] if timecode else [])]
        told += ["-t", f"{float(length):.6f}", "-fflags", "+bitexact", str(folder / name)]
        subprocess.run(["ffmpeg", "-nostdin", "-v", "error", "-y", *told], check=True, timeout=120)
        said = subprocess.run([arguments.platefleet, "inspect", "--json", folder / name], capture_output=True, text=True)
        record = (json.loads(said.stdout or "[]") or [{}])[0]
        expected = {"resolution": size, "frame_rate": str(Fraction(rate)) if "/" in rate else f"{rate}/1"}
        expected |= {"frame_count": frames, **fields, **({"start_timecode": timecode} if timecode else {})}
        for field, value in expected.items():
            found = record.get(field)
            is_near = isinstance(value, float) and isinstance(found, float) and abs(value - found) < 1e-6
            if found != value and not is_near:
                failures.append(f"{name}: {field} is {found!r}, and {value!r} was asked for")
        if record.get("findings"):
            failures.append(f"{name}: {record['findings']}")
    print(f"{len(CLIPS)} clips made")
    if failures:
        sys.exit("\n".join(failures))


if __name__ == "__main__":
    main()
