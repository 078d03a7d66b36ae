# What we read of camera files, field by field, beside exiftool, mediainfo and ffprobe; and every record against the schema.
missing=()
command -v exiftool >/dev/null || missing+=(libimage-exiftool-perl)
command -v mediainfo >/dev/null || missing+=(mediainfo)
command -v ffprobe >/dev/null || missing+=(ffmpeg)
if [ ${#missing[@]} -gt 0 ]; then
  sudo="$(command -v sudo || true)"
  { $sudo apt-get update -qq && $sudo apt-get install -y -qq --no-install-recommends "${missing[@]}"; } >"$work/log" 2>&1 \
    || { echo "FAILED inspect: cannot install ${missing[*]}"; cat "$work/log"; exit 1; }
fi
echo "      exiftool $(exiftool -ver), $(mediainfo --Version | tail -1), $(ffprobe -version | head -1)"
ok "inspect: clips that FFmpeg was told to make are what it was told" \
  python infra/conformance/metadata/made.py --platefleet "$platefleet" --out "$work/clips"
ok "inspect: fields agree with exiftool, mediainfo and ffprobe, or it is explained why not" \
  python infra/conformance/metadata/compare.py --platefleet "$platefleet" --samples "$reference/samples" "$work/clips" --table "$work/inspect.md"
ok "inspect: every record is valid by the published schema" \
  "$oracles/sam/bin/python" infra/conformance/metadata/schema.py --platefleet "$platefleet" --samples "$reference/samples"
