"""Do two manifests over the same folder say the same of its files and folders?

usage: mhl_directories.py OURS.mhl THEIRS.mhl [--flat]

Compares, of every file, size, digests and actions, of every folder and of the root, all content and structure digests, and
the order of the records. --flat: without the order, which is free, and with the dates of digests, which a list keeps.
The reference leaves out the size of an empty file; ours has to be 0.
"""

import sys
import xml.etree.ElementTree as xml

MHL = "{urn:ASC:MHL:v2.0}"


def digests(element, names):
    """(format, text, names of attributes...) of each digest in an element."""
    children = [] if element is None else element
    formats = ("c4", "md5", "sha1", "xxh128", "xxh3", "xxh64")
    tag = lambda child: child.tag.removeprefix(MHL)
    return sorted((tag(c), c.text, *(c.get(n) for n in names)) for c in children if tag(c) in formats)


def records(path, flat):
    root = xml.parse(path).getroot()
    found = []
    top = root.find(f"{MHL}processinfo/{MHL}roothash")
    if top is not None:
        found.append((".", [digests(top.find(MHL + n), ()) for n in ("content", "structure")]))
    for element in root.find(f"{MHL}hashes"):
        name = element.find(f"{MHL}path")
        if element.tag == f"{MHL}hash":
            said = digests(element, ("action", "hashdate") if flat else ("action",))
            found.append((name.text, [name.get("size") or "0", said, element.findtext(f"{MHL}previousPath")]))
        else:
            said = [digests(element.find(MHL + n), ()) for n in ("content", "structure")]
            found.append((name.text + "/", said))
    return sorted(found) if flat else found


flat = "--flat" in sys.argv
ours, theirs = (records(path, flat) for path in sys.argv[1:3])
if not ours or ours != theirs:
    for mine, other in zip(ours, theirs):
        if mine != other:
            print(f"ours   {mine}\ntheirs {other}")
    sys.exit(f"{len(ours)} records of ours are not the {len(theirs)} of theirs")
print(f"{len(ours)} records are the same")
