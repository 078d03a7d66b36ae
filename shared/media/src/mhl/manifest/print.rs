//! A manifest as XML, in the order of the schema.

use super::{Author, DirectoryRecord, FileRecord, Manifest, NAMESPACE, walk};
use crate::{
    hash::{Algorithm, Digests},
    mhl::{DirectoryDigests, write::Xml},
};

impl Manifest {
    /// The document, in the order of the schema. Each folder stands behind what is in it, when files and folders come in the
    /// order of a walk ([`super::walk`]). Algorithms that ASC MHL does not know are left out.
    pub fn to_xml(&self) -> Vec<u8> {
        let mut xml = Xml::new();
        xml.open("hashlist", &[("version", Some("2.0")), ("xmlns", Some(NAMESPACE))]);
        self.print_creator(&mut xml);
        self.print_process(&mut xml);
        if !self.files.is_empty() || !self.directories.is_empty() {
            xml.open("hashes", &[]);
            let mut directories = self.directories.iter().peekable();
            for file in &self.files {
                let before = |folder: &&DirectoryRecord| walk::order((&folder.path, true), (&file.path, false)).is_lt();
                while let Some(directory) = directories.next_if(before) {
                    print_directory(directory, &mut xml);
                }
                print_file(file, &mut xml);
            }
            for directory in directories {
                print_directory(directory, &mut xml);
            }
            xml.close();
        }
        if !self.references.is_empty() {
            xml.open("references", &[]);
            for reference in &self.references {
                xml.open("hashlistreference", &[]);
                xml.leaf("path", &[], reference.path.as_str());
                xml.leaf("c4", &[], &reference.c4);
                xml.close();
            }
            xml.close();
        }
        xml.finish()
    }

    fn print_creator(&self, xml: &mut Xml) {
        let creator = &self.creator;
        xml.open("creatorinfo", &[]);
        xml.leaf("creationdate", &[], &creator.created);
        xml.leaf("hostname", &[], &creator.hostname);
        xml.leaf("tool", &[("version", creator.tool.version.as_deref())], &creator.tool.name);
        for Author { name, role, email, phone } in &creator.authors {
            let attributes = [("role", role.as_deref()), ("email", email.as_deref()), ("phone", phone.as_deref())];
            xml.leaf("author", &attributes, name);
        }
        xml.optional("location", creator.location.as_deref());
        xml.optional("comment", creator.comment.as_deref());
        xml.close();
    }

    fn print_process(&self, xml: &mut Xml) {
        xml.open("processinfo", &[]);
        xml.leaf("process", &[], self.process.name());
        if let Some(root) = &self.root_hash {
            xml.open("roothash", &[]);
            print_digests(root, xml);
            xml.close();
        }
        if !self.ignore.is_empty() {
            xml.open("ignore", &[]);
            for pattern in &self.ignore {
                xml.leaf("pattern", &[], pattern);
            }
            xml.close();
        }
        xml.close();
    }
}

fn print_file(file: &FileRecord, xml: &mut Xml) {
    xml.open("hash", &[]);
    let size = file.size.map(|size| size.to_string());
    let attributes = [
        ("size", size.as_deref()),
        ("creationdate", file.created.as_deref()),
        ("lastmodificationdate", file.modified.as_deref()),
    ];
    xml.leaf("path", &attributes, file.path.as_str());
    for algorithm in Algorithm::MHL {
        if let Some(entry) = file.hashes.get(&algorithm) {
            let attributes = [("action", entry.action.map(super::Action::name)), ("hashdate", entry.date.as_deref())];
            xml.leaf(algorithm.name(), &attributes, &entry.text);
        }
    }
    xml.optional("previousPath", file.previous.as_ref().map(AsRef::as_ref));
    xml.close();
}

fn print_directory(directory: &DirectoryRecord, xml: &mut Xml) {
    xml.open("directoryhash", &[]);
    xml.leaf("path", &[("lastmodificationdate", directory.modified.as_deref())], directory.path.as_str());
    print_digests(&directory.digests, xml);
    xml.optional("previousPath", directory.previous.as_ref().map(AsRef::as_ref));
    xml.close();
}

fn print_digests(digests: &DirectoryDigests, xml: &mut Xml) {
    let print = |name, digests: &Digests, xml: &mut Xml| {
        xml.open(name, &[]);
        for algorithm in Algorithm::MHL {
            xml.optional(algorithm.name(), digests.get(&algorithm).map(String::as_str));
        }
        xml.close();
    };
    print("content", &digests.content, xml);
    print("structure", &digests.structure, xml);
}
