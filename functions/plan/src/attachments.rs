//! The files that an order names, read within limits.

use std::collections::{BTreeMap, BTreeSet};

use platefleet_fleet::{
    id::hex_sha256,
    key::pull_prefix,
    order::Order,
    plan::Document,
    ports::{Bucket, Error, Objects},
};
use platefleet_media::frame;

/// Largest framing document, in bytes: what its parser takes.
const MAX_BYTES: u64 = 4 << 20;
/// Most bytes of all attachments of an order.
const MAX_TOTAL: u64 = 64 << 20;

/// A framing document of an order.
#[derive(Debug)]
pub(crate) struct Framing {
    pub(crate) place: Document,
    pub(crate) document: frame::Document,
}

/// Framing documents by the name that the order uses, or why one cannot be used.
pub(crate) type Attachments = BTreeMap<String, Result<Framing, String>>;

/// Reads every framing document of an order once.
pub(crate) async fn read(env: &impl Objects, order: &Order) -> Result<Attachments, Error> {
    let names: BTreeSet<&String> = order.shots.iter().filter_map(|s| s.settings.fdl.as_ref()).collect();
    let prefix = pull_prefix(&order.production, &order.pull);
    let (mut attachments, mut total) = (Attachments::new(), 0);
    for name in names {
        let framing = one(env, name, format!("{prefix}{name}"), &mut total).await?;
        attachments.insert(name.clone(), framing);
    }
    Ok(attachments)
}

async fn one(env: &impl Objects, name: &str, key: String, total: &mut u64) -> Result<Result<Framing, String>, Error> {
    let Some(object) = env.head(Bucket::Ingest, &key).await? else {
        return Ok(Err(format!("`{name}` is not beside pull.json: upload it, then pull.json again")));
    };
    *total += object.size;
    if object.size > MAX_BYTES || *total > MAX_TOTAL {
        return Ok(Err(format!(
            "`{name}` has {} bytes; a framing document has at most {MAX_BYTES}, those of an order together {MAX_TOTAL}",
            object.size
        )));
    }
    let bytes = env.get(Bucket::Ingest, &key, None, Some(&object.etag)).await?;
    let place = Document { key, etag: object.etag, sha256: hex_sha256(&bytes) };
    Ok(match frame::Document::parse(&bytes) {
        Ok(document) => Ok(Framing { place, document }),
        Err(error) => Err(format!("`{name}` cannot be used: {error}")),
    })
}
