# Plates that we write, judged by OpenImageIO and OpenEXR.
ok "exr: footage" "$platefleet" synth --format cinemadng --frames 2 --size 320x180 -o "$work/camera"
clip="$(dirname "$(find "$work/camera" -name '*.dng' | sort | head -1)")"
for compression in zip zips piz none; do
  ok "exr: render $compression" "$platefleet" render --input "$clip" --output "$work/$compression" --compression "$compression"
  ok "exr: OpenImageIO reads $compression" python "$reference/oracles/check_exr.py" --quiet $(find "$work/$compression" -name '*.exr')
done
first() { find "$1" -name '*.exr' | sort | head -1; }
for compression in zips piz none; do
  ok "exr: $compression holds what zip holds" python "$reference/oracles/compare_exr.py" "$(first "$work/zip")" "$(first "$work/$compression")" --tol 0
done
ok "exr: render aces-strict" "$platefleet" render --input "$clip" --output "$work/strict" --profile aces-strict --compression none
ok "exr: ST 2065-4 container" python "$reference/oracles/check_exr.py" --aces-strict --quiet $(find "$work/strict" -name '*.exr')
