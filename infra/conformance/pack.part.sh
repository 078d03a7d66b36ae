# Packages for Lambda: what pack.py makes of a small binary, and whether the functions start on provided.al2023.
mkdir -p "$work/bin" && cp "$(type -P true)" "$work/bin/platefleet-small"
ok "pack: a package" python3 infra/pack.py "$work/bin" "$work/packages" small
cp "$work/packages/small.zip" "$work/first.zip"; touch "$work/bin/platefleet-small"
ok "pack: again" python3 infra/pack.py "$work/bin" "$work/packages" small
ok "pack: the same binary makes the same bytes" cmp "$work/first.zip" "$work/packages/small.zip"
ok "pack: one executable file named bootstrap, equal to the binary" python3 - "$work/packages/small.zip" "$work/bin/platefleet-small" <<'PY'
import sys, zipfile
[entry] = zipfile.ZipFile(sys.argv[1]).infolist()
assert (entry.filename, entry.external_attr >> 16) == ("bootstrap", 0o100755), entry
assert zipfile.ZipFile(sys.argv[1]).read(entry) == open(sys.argv[2], "rb").read()
PY
printf 'no program' >"$work/bin/platefleet-text"
code 1 "pack: what is no program is refused" python3 infra/pack.py "$work/bin" "$work/packages" text
for function in intake hash inspect plan render finalise status; do
  ok "pack: $function needs no C library newer than Lambda's" python3 -B -c \
    'import sys; sys.path.insert(0, "infra"); from pathlib import Path; import pack; assert pack.newest_glibc(Path(sys.argv[1])) <= pack.GLIBC_OF_AL2023' \
    "$(dirname "$platefleet")/platefleet-$function"
done
