# Histories that we write, judged by the reference tool; histories that it wrote, judged by us; and whether both say the same.
check="$reference/oracles/check_mhl.sh"
all_formats=(xxh128 md5 c4 sha1 xxh64 xxh3)

# hashes FLAG: every format, each behind this flag
hashes() { printf -- "$1 %s " "${all_formats[@]}"; }
# newest ROOT: the manifest of the newest generation
newest() { find "$1/ascmhl" -name '*.mhl' | sort | tail -1; }
# accepted ROOT: the newest generation is good, where check_mhl.sh would not say so. With other files or names than before,
# the reference (verify -dh) compares folders with the hashes of every generation, its own histories included: those before
# cannot match, those of the newest have to.
accepted() {
  local said generation
  said="$("$check" "$1"; ascmhl-debug verify -dh -v "$1" 2>&1)" || true
  echo "$said"
  generation="$(basename "$(newest "$1")" | cut -d_ -f1)"
  grep -q ', 0 errors$' <<<"$said" && ! grep -v -- ' -dh ' <<<"$said" | grep -q 'exit [1-9]' \
    && ! grep "^ERROR.*(generation $generation)" <<<"$said"
}

# Folders that differ in what they hold; each is sealed by us and, as a copy, by the reference.
fill_flat() { printf 'abcd\n' >"$1/b.mov"; printf 'x' >"$1/a.mov"; }
fill_deep() { mkdir -p "$1/B/x" "$1/a/a"; for f in B/x/1 B/2 a/a/z a/b a-b a.txt; do printf '%s' "$f" >"$1/$f"; done; }
fill_empty_file() { : >"$1/zero.bin"; printf 'x' >"$1/a"; }
fill_empty_folder() { mkdir -p "$1/Empty/inner"; printf 'x' >"$1/a"; }
fill_nfc() { printf 'x' >"$1/$(printf 'caf\303\251.mov')"; }
fill_nfd() { printf 'x' >"$1/$(printf 'cafe\314\201.mov')"; printf 'y' >"$1/$(printf '\360\220\220\200')"; }
fill_spaces() { mkdir "$1/a & b"; printf 'x' >"$1/a & b/ c <d> \"e\".txt"; }
for case in flat deep empty_file empty_folder nfc nfd spaces; do
  ours="$work/mhl/ours/$case"; theirs="$work/mhl/theirs/$case"
  mkdir -p "$ours" "$(dirname "$theirs")"; "fill_$case" "$ours"; cp -a "$ours" "$theirs"
  ok "mhl $case: we seal in every format" "$platefleet" seal "$ours" $(hashes --hash)
  ok "mhl $case: the reference accepts it" "$check" "$ours"
  ok "mhl $case: the reference seals" ascmhl create $(hashes -h) "$theirs"
  ok "mhl $case: we verify it" "$platefleet" verify "$theirs"
  ok "mhl $case: both say the same" python infra/conformance/mhl_directories.py "$(newest "$ours")" "$(newest "$theirs")"
done

# A history that grows: again, with a format more, with a file more, with a file and a folder renamed.
roll="$work/mhl/A001"
mkdir -p "$roll/Clips"; printf 'one' >"$roll/Clips/a.mov"; printf 'two' >"$roll/Clips/b.mov"
ok "mhl grows: first" "$platefleet" seal "$roll" --hash md5 --author Jane --role DIT --email j@x.com --phone '+1 2'
ok "mhl grows: again" "$platefleet" seal "$roll"
ok "mhl grows: the reference accepts generation 2" "$check" "$roll"
ok "mhl grows: a format more" "$platefleet" seal "$roll" --hash md5 --hash xxh64
ok "mhl grows: the reference accepts generation 3" "$check" "$roll"
printf 'new' >"$roll/new.txt"; printf 'tmp' >"$roll/x.tmp"
ok "mhl grows: a file more, and one to ignore" "$platefleet" seal "$roll" --ignore '*.tmp'
ok "mhl grows: the reference accepts generation 4" accepted "$roll"
mv "$roll/Clips/b.mov" "$roll/Clips/c.mov"
ok "mhl grows: a file renamed" "$platefleet" seal "$roll"
ok "mhl grows: the reference accepts generation 5" accepted "$roll"
ok "mhl grows: we verify it" "$platefleet" verify "$roll"
printf 'worse' >"$roll/new.txt"
code 1 "mhl grows: we find the damage" "$platefleet" verify "$roll"

moved="$work/mhl/moved"
mkdir -p "$moved/Clips"; printf 'one' >"$moved/Clips/a.mov"
ok "mhl moved: first" "$platefleet" seal "$moved"
mv "$moved/Clips" "$moved/Day1"
ok "mhl moved: a folder renamed" "$platefleet" seal "$moved"
ok "mhl moved: the reference misses neither the folder nor its file" accepted "$moved"

# Nested histories, by both; then as one list.
for who in ours theirs; do
  reels="$work/mhl/$who/Reels"
  mkdir -p "$reels/A001/Clips" "$reels/B001"
  printf 'a' >"$reels/A001/Clips/a.mov"; printf 'b' >"$reels/B001/b.mov"; printf 's' >"$reels/summary.txt"
done
for root in Reels/A001 Reels/B001 Reels; do
  ok "mhl nested: we seal $root" "$platefleet" seal "$work/mhl/ours/$root" --hash xxh64 --hash c4
  ok "mhl nested: the reference seals $root" ascmhl create -h xxh64 -h c4 "$work/mhl/theirs/$root"
done
ok "mhl nested: the reference accepts ours" "$check" "$work/mhl/ours/Reels"
ok "mhl nested: we verify theirs" "$platefleet" verify "$work/mhl/theirs/Reels"
for root in Reels Reels/A001; do
  ok "mhl nested: both say the same of $root" python infra/conformance/mhl_directories.py \
    "$(newest "$work/mhl/ours/$root")" "$(newest "$work/mhl/theirs/$root")"
done
ok "mhl nested: we seal on top of theirs" "$platefleet" seal "$work/mhl/theirs/Reels"
ok "mhl nested: the reference accepts that" "$check" "$work/mhl/theirs/Reels"

ok "mhl flatten: ours" "$platefleet" flatten "$work/mhl/ours/Reels" -o "$work/mhl/list.mhl"
ok "mhl flatten: the reference verifies with our list" ascmhl-debug verify -pl "$work/mhl/list.mhl" "$work/mhl/ours/Reels"
mkdir "$work/mhl/flat"
ok "mhl flatten: the reference's" ascmhl flatten "$work/mhl/theirs/Reels" "$work/mhl/flat"
theirs="$(find "$work/mhl/flat" -name '*.mhl')"
ok "mhl flatten: we verify with its list" "$platefleet" verify "$work/mhl/theirs/Reels" --packing-list "$theirs"
ok "mhl flatten: our list of its histories" "$platefleet" flatten "$work/mhl/theirs/Reels" -o "$work/mhl/second.mhl"
ok "mhl flatten: both lists say the same" python infra/conformance/mhl_directories.py "$work/mhl/second.mhl" "$theirs" --flat
printf 'x' >"$work/mhl/ours/Reels/A001/Clips/a.mov"
code 11 "mhl flatten: the reference finds damage by our list" ascmhl-debug verify -pl "$work/mhl/list.mhl" "$work/mhl/ours/Reels"
code 1 "mhl flatten: so do we" "$platefleet" verify "$work/mhl/ours/Reels" --packing-list "$work/mhl/list.mhl"

cp -r "$reference/samples/mhl/histories" "$work/histories"; chmod -R u+w "$work/histories"
for good in card1 Reels; do ok "mhl: sample $good" "$platefleet" verify "$work/histories/$good"; done
for bad in c_corrupt c_missing; do code 1 "mhl: sample $bad" "$platefleet" verify "$work/histories/$bad"; done
