//! Digests of folders (the standard's section "directory hashes"; one format at a time).
//!
//! ```text
//! H(list)        = digest(the digests of the list, sorted as text, as bytes, one after the other)
//! content(dir)   = H(digests of its files, contents of its folders)
//! structure(dir) = H(digest(name, then the file's digest), digest(name, then the folder's structure))
//! ```

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    hash::{Algorithm, Digests, digest},
    path::RelativePath,
};

/// The two digests of a folder, in each format that every file below has.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DirectoryDigests {
    /// Of the bytes of all files below, whatever their names.
    pub content: Digests,
    /// Of names and bytes.
    pub structure: Digests,
}

/// What is in a data set, for the digests of its folders. Folders above a file are there without being named. Of each file
/// only the bytes of its digests are kept.
#[derive(Debug, Default)]
pub(super) struct Tree {
    folders: BTreeMap<String, Folder>,
    /// Folders whose digests are known already: the roots of nested histories.
    nested: BTreeMap<String, DirectoryDigests>,
}

#[derive(Debug, Default)]
struct Folder {
    /// How many files are in it.
    count: u64,
    files: BTreeMap<Algorithm, Lists>,
    folders: BTreeSet<String>,
}

/// Digests of one format as bytes, one after the other.
#[derive(Debug, Default, Clone)]
struct Lists {
    /// How many files have a digest in this format.
    count: u64,
    contents: Vec<u8>,
    structures: Vec<u8>,
}

impl Tree {
    pub(super) fn add_file(&mut self, path: &RelativePath, digests: &Digests) {
        let parent = parent(path.as_str());
        self.add(parent);
        let Some(folder) = self.folders.get_mut(parent) else { return };
        folder.count += 1;
        for (&format, text) in digests {
            let lists = folder.files.entry(format).or_default();
            lists.count += 1;
            lists.add(format, path.file_name(), text, text);
        }
    }

    pub(super) fn add_folder(&mut self, path: &RelativePath) {
        self.add(path.as_str());
    }

    pub(super) fn add_nested(&mut self, path: &RelativePath, digests: &DirectoryDigests) {
        self.add(path.as_str());
        self.nested.insert(path.as_str().to_owned(), digests.clone());
    }

    /// The digests of every folder by its path, the root's being empty, in those of these formats that every file below it
    /// has.
    pub(super) fn digests(&self, formats: impl IntoIterator<Item = Algorithm>) -> BTreeMap<String, DirectoryDigests> {
        let mut done: BTreeMap<String, DirectoryDigests> =
            self.folders.keys().map(|path| (path.clone(), DirectoryDigests::default())).collect();
        done.entry(String::new()).or_default();
        for format in formats {
            for (path, (content, structure)) in self.in_format(format) {
                let digests = done.entry(path.to_owned()).or_default();
                digests.content.insert(format, content);
                digests.structure.insert(format, structure);
            }
        }
        done
    }

    /// Content and structure of every folder in which every file has this format. A folder sorts after the one it is in, so
    /// from the end children come first.
    fn in_format(&self, format: Algorithm) -> BTreeMap<&str, (String, String)> {
        let root = Folder::default();
        let folders = self.folders.iter().map(|(path, folder)| (path.as_str(), folder));
        let folders = if self.folders.contains_key("") { folders.collect() } else { vec![("", &root)] };
        let mut done: BTreeMap<&str, (String, String)> = BTreeMap::new();
        for (path, folder) in folders.into_iter().rev() {
            let digests = match self.nested.get(path) {
                Some(nested) => nested.content.get(&format).cloned().zip(nested.structure.get(&format).cloned()),
                None => folder.digests(format, |name| {
                    let child = if path.is_empty() { name.to_owned() } else { format!("{path}/{name}") };
                    done.get(child.as_str())
                }),
            };
            if let Some(digests) = digests {
                done.insert(path, digests);
            }
        }
        done
    }

    /// Makes a folder, and those above it, known.
    fn add(&mut self, path: &str) {
        let mut path = path;
        if self.folders.contains_key(path) {
            return;
        }
        self.folders.insert(path.to_owned(), Folder::default());
        while !path.is_empty() {
            let above = parent(path);
            let name = path.rsplit('/').next().unwrap_or(path).to_owned();
            let known = self.folders.contains_key(above);
            self.folders.entry(above.to_owned()).or_default().folders.insert(name);
            if known {
                return;
            }
            path = above;
        }
    }
}

impl Folder {
    /// `child` answers content and structure of a folder in this one. `None` when one of them, or of the files, has none.
    fn digests<'d>(
        &self,
        format: Algorithm,
        child: impl Fn(&str) -> Option<&'d (String, String)>,
    ) -> Option<(String, String)> {
        let mut lists = self.files.get(&format).cloned().unwrap_or_default();
        if lists.count != self.count {
            return None;
        }
        for name in &self.folders {
            let (content, structure) = child(name)?;
            lists.add(format, name, content, structure);
        }
        Some((of_list(format, &lists.contents), of_list(format, &lists.structures)))
    }
}

fn parent(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(parent, _)| parent)
}

impl Lists {
    /// Adds a file or a folder. What its name is digested with is its own digest, or its structure.
    fn add(&mut self, format: Algorithm, name: &str, content: &str, structure: &str) {
        self.contents.extend(format.to_bytes(content).unwrap_or_default());
        let mut named = name.as_bytes().to_vec();
        named.extend(format.to_bytes(structure).unwrap_or_default());
        self.structures.extend(format.to_bytes(&digest(format, &named)).unwrap_or_default());
    }
}

/// The digest of a list. As bytes, digests sort as their texts do: hexadecimal digits, and those of C4, are in the order of
/// ASCII.
fn of_list(format: Algorithm, list: &[u8]) -> String {
    let length = format.bytes();
    let mut sorted: Vec<&[u8]> = list.chunks_exact(length).collect();
    sorted.sort_unstable();
    digest(format, &sorted.concat())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;

    /// Origin and licence: `testdata/mhl/README.md`.
    const VECTORS: &str = include_str!("../../testdata/mhl/directory_hashes.json");

    fn digests(value: &Value) -> Digests {
        let object = value.as_object().unwrap().iter();
        object.map(|(name, text)| (Algorithm::parse(name).unwrap(), text.as_str().unwrap().to_owned())).collect()
    }

    #[test]
    fn every_folder_of_the_vectors_has_its_digests_in_all_six_formats() {
        let vectors: Value = serde_json::from_str(VECTORS).unwrap();
        let files: Vec<_> = vectors["files"].as_object().unwrap().iter().collect();
        let files: Vec<_> = files
            .into_iter()
            .map(|(path, value)| (RelativePath::new(path.as_str()).unwrap(), digests(value)))
            .collect();
        let mut tree = Tree::default();
        for (path, digests) in &files {
            tree.add_file(path, digests);
        }
        tree.add_folder(&RelativePath::new("Empty").unwrap());
        let ours = tree.digests(Algorithm::MHL);
        let expected = vectors["directories"].as_object().unwrap();
        assert_eq!(expected.len(), 4);
        assert_eq!(ours.len(), 4);
        for (path, value) in expected {
            let ours = &ours[if path == "." { "" } else { path.as_str() }];
            assert_eq!(ours.content, digests(&value["content"]), "content of {path}");
            assert_eq!(ours.structure, digests(&value["structure"]), "structure of {path}");
            assert_eq!(ours.content.len(), 6);
        }
    }

    #[test]
    fn a_folder_whose_files_were_all_hashed_has_its_digests_where_the_one_above_has_none() {
        let (a, b) = (RelativePath::new("Clips/a").unwrap(), RelativePath::new("b").unwrap());
        let (x, y) = (crate::hash::digests([Algorithm::Md5], b"x"), Digests::new());
        let mut tree = Tree::default();
        tree.add_file(&a, &x);
        let alone = tree.digests([Algorithm::Md5]);
        tree.add_file(&b, &y);
        let folders = tree.digests([Algorithm::Md5]);
        assert_eq!(folders["Clips"], alone["Clips"]);
        assert_eq!((folders["Clips"].content.len(), folders[""].content.len()), (1, 0));
    }

    #[test]
    fn a_nested_root_counts_like_the_folder_it_is() {
        let (a, b) = (RelativePath::new("A001/Clips/a.mov").unwrap(), RelativePath::new("s.txt").unwrap());
        let (x, y) = (crate::hash::digests([Algorithm::Md5], b"x"), crate::hash::digests([Algorithm::Md5], b"y"));
        let mut whole = Tree::default();
        whole.add_file(&a, &x);
        whole.add_file(&b, &y);
        let whole = whole.digests([Algorithm::Md5]);
        let mut upper = Tree::default();
        upper.add_file(&b, &y);
        upper.add_nested(&RelativePath::new("A001").unwrap(), &whole["A001"]);
        assert_eq!(upper.digests([Algorithm::Md5])[""], whole[""]);
    }

    #[test]
    fn a_format_that_one_file_lacks_is_left_out_and_an_empty_root_is_a_digest_of_nothing() {
        let (a, b) = (RelativePath::new("a").unwrap(), RelativePath::new("b").unwrap());
        let both = crate::hash::digests([Algorithm::Md5, Algorithm::Sha1], b"x");
        let one = crate::hash::digests([Algorithm::Md5], b"y");
        let mut tree = Tree::default();
        tree.add_file(&a, &both);
        tree.add_file(&b, &one);
        let root = &tree.digests(Algorithm::MHL)[""];
        assert_eq!(root.content.keys().copied().collect::<Vec<_>>(), [Algorithm::Md5]);
        let empty = Tree::default().digests([Algorithm::Md5]);
        assert_eq!(empty[""].content[&Algorithm::Md5], "d41d8cd98f00b204e9800998ecf8427e");
    }
}
