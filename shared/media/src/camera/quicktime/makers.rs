//! Which maker a file is of, and what that says of its codings.

use super::{arri, keys};
use crate::camera::{
    isobmff::{Movie, four},
    said::Said,
};

/// `ftyp` brand -> maker.
const BRANDS: &[(&[u8; 4], &str)] = &[
    (b"ARRI", "ARRI"),
    (b"XAVC", "Sony"),
    (b"MSNV", "Sony"),
    (b"pana", "Panasonic"),
    (b"CAEP", "Canon"),
    (b"niko", "Nikon"),
    (b"nikn", "Nikon"),
];

/// A name among users' data -> maker.
const USERS: &[(&str, &str)] = &[
    ("udta:GPMF", "GoPro"),
    ("udta:PANA", "Panasonic"),
    ("udta:CNTH", "Canon"),
    ("udta:CNCV", "Canon"),
    ("udta:CNMN", "Canon"),
    ("udta:NCDT", "Nikon"),
    ("udta:NCTG", "Nikon"),
    ("udta:©dji", "DJI"),
    ("udta:PENT", "Pentax"),
    ("udta:SIGM", "SIGMA"),
];

/// Notes maker, model, and all their keys.
pub(super) fn note(movie: &Movie, said: &mut Said) {
    let brands: Vec<String> = movie.brands.iter().map(|b| four(*b)).collect();
    said.tag("ftyp", brands.join(" "));
    let container = if brands.is_empty() || brands.iter().any(|b| b == "qt") { "QuickTime" } else { "MP4" };
    said.container(container.to_owned(), "ftyp");
    for (prefix, maker) in [("com.arri.camera.", "ARRI"), ("com.dji.camera.", "DJI")] {
        if arri::note(prefix, said) {
            said.camera_make(maker.to_owned(), prefix);
        }
    }
    said.apply(keys::RULES);
    let brand = BRANDS.iter().find(|(brand, _)| movie.brands.contains(brand));
    said.camera_make(brand.map(|(_, maker)| (*maker).to_owned()), "ftyp");
    if let Some((tag, maker)) = USERS.iter().find(|(tag, _)| said.tags.contains_key(*tag)) {
        said.camera_make((*maker).to_owned(), tag);
    }
    if movie.brands.contains(b"XAVC") {
        said.codec("XAVC".to_owned(), "ftyp");
    }
}
