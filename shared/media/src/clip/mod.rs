//! Clips: what one says about itself, and which files make one.

mod group;
mod metadata;
pub mod names;
mod numbering;
mod related;

pub use group::{Clip, ClipFile, ClipKey, Role, group, key_of, name_in_pattern};
pub(crate) use group::{gaps, span_of};
pub use metadata::{Cdl, FrameLine, Metadata, Related, schema};
pub use numbering::{ClipNumber, number_gaps};
pub use related::{names_of_take, relate, takes_of_file};
