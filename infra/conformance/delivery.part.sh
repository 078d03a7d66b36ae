# What the fleet delivers, end to end: the reference MHL tool verifies it, OpenImageIO reads every plate.
ok "delivery: the demo" "$platefleet" demo --dir "$work/demo"
for version in "$work"/demo/delivery/*_v001; do
  ok "delivery: the reference accepts $(basename "$version")" "$reference/oracles/check_mhl.sh" "$version"
  ok "delivery: OpenImageIO reads $(basename "$version")" python "$reference/oracles/check_exr.py" --quiet "$version"/*.exr
done

# A roll that the reference has sealed, checked and sealed again by a fleet: its history, beside the footage that it is about.
roll="$work/REF1"
ok "delivery: footage" "$platefleet" synth --format cinemadng --frames 3 --size 192x108 -o "$roll"
ok "delivery: the reference seals it" ascmhl create -h xxh128 -h md5 "$roll"
"$platefleet" local --dir "$work/house" --time-scale 600 >"$work/house.log" 2>&1 &
house=$!
for _ in $(seq 100); do [ -f "$work/house/endpoints.json" ] && break; sleep 0.1; done
export PLATEFLEET_FLEET="$work/house"
ok "delivery: upload" "$platefleet" upload "$roll" --production show
ok "delivery: the fleet verifies what the reference sealed" "$platefleet" watch show/REF1
ok "delivery: fetch" "$platefleet" fetch show/REF1 "$work/sealed"
kill -INT "$house"; wait "$house" || true
unset PLATEFLEET_FLEET
cp -r "$work/sealed/ascmhl/." "$roll/ascmhl/"
ok "delivery: two generations" test "$(find "$roll/ascmhl" -name '*.mhl' | wc -l)" = 2
ok "delivery: the reference accepts the fleet's generation" "$reference/oracles/check_mhl.sh" "$roll"
