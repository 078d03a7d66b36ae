# Code values and colours of a real camera frame, of frames that the oracles make, and of our own, judged by LibRaw.
for case in "RGGB 12" "GRBG 16" "GBRG 12" "BGGR 16"; do
  read -r pattern bits <<<"$case"
  ok "colour: a frame of $bits bits, $pattern" python "$reference/oracles/make_dng.py" "$reference/samples/exr/Desk.exr" \
    "$work/made_${pattern}_$bits.dng" --pattern "$pattern" --bits "$bits"
done
ok "colour: a frame of our own" "$platefleet" synth --format cinemadng --frames 1 --size 640x360 --noise -o "$work/own"
mkdir "$work/colour"
ok "colour: LibRaw agrees" python infra/conformance/colour.py "$platefleet" "$work/colour" \
  "$reference/samples/dng/colorchart.dng" "$work"/made_*.dng "$(find "$work/own" -name '*.dng')"
cat "$work/log"
