# What the fleet delivers, end to end: the reference MHL tool verifies it, OpenImageIO reads every plate.
ok "delivery: the demo" "$platefleet" demo --dir "$work/demo"
for version in "$work"/demo/delivery/*_v001; do
  ok "delivery: the reference accepts $(basename "$version")" "$reference/oracles/check_mhl.sh" "$version"
  ok "delivery: OpenImageIO reads $(basename "$version")" python "$reference/oracles/check_exr.py" --quiet "$version"/*.exr
done
