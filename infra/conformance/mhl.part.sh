# Histories that we write, judged by the reference tool; histories that it wrote, judged by us.
roll="$work/A001"
ok "mhl: footage" "$platefleet" synth --format cinemadng --frames 4 --size 320x180 -o "$roll"
mkdir -p "$roll/Empty/inner"; : >"$roll/zero.bin"; printf 'x' >"$roll/a & b é.txt"
ok "mhl: seal in every format" "$platefleet" seal "$roll" --hash xxh128 --hash md5 --hash c4 --hash sha1 --hash xxh64 --hash xxh3 --author Jane --comment first
ok "mhl: the reference accepts generation 1" "$reference/oracles/check_mhl.sh" "$roll"
ok "mhl: seal again" "$platefleet" seal "$roll"
ok "mhl: the reference accepts generation 2" "$reference/oracles/check_mhl.sh" "$roll"
# With a file more, the reference compares the root with the root hashes of every generation, its own histories included:
# those before the file cannot match, that of the newest has to.
newest() {
  local said
  said="$("$reference/oracles/check_mhl.sh" "$1")" || true
  echo "$said"
  grep -q ', 0 errors$' <<<"$said" && ! grep -q 'exit [1-9]' <<<"$said" && ! grep -v "(generation 000[12])" <<<"$said" | grep -q '^ERROR'
}
printf 'new' >"$roll/new.txt"
ok "mhl: seal with a file more" "$platefleet" seal "$roll"
ok "mhl: the reference accepts generation 3" newest "$roll"
ok "mhl: we verify it" "$platefleet" verify "$roll"
printf 'worse' >"$roll/new.txt"
code 1 "mhl: we find the damage" "$platefleet" verify "$roll"

card="$work/card"
mkdir -p "$card/Clips/sub"; printf 'abcd\n' >"$card/Clips/a.mov"; printf 'é' >"$card/Clips/sub/a & b é.txt"; : >"$card/zero"
ok "mhl: the reference writes" ascmhl create -h xxh128 -h md5 -h c4 "$card"
ok "mhl: we verify what it wrote" "$platefleet" verify "$card"
ok "mhl: we seal on top of it" "$platefleet" seal "$card"
ok "mhl: the reference accepts our generation" "$reference/oracles/check_mhl.sh" "$card"

cp -r "$reference/samples/mhl/histories" "$work/histories"; chmod -R u+w "$work/histories"
for good in card1 Reels; do ok "mhl: sample $good" "$platefleet" verify "$work/histories/$good"; done
for bad in c_corrupt c_missing; do code 1 "mhl: sample $bad" "$platefleet" verify "$work/histories/$bad"; done
