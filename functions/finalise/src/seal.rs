//! Writing a generation of an ASC MHL history so that anybody may write it again: the manifest only where none stands (or the
//! same one), the chain only over the chain that was read, and then nothing is left in the folder that no chain lists.

use std::collections::BTreeMap;

use platefleet_fleet::{
    documents, history,
    key::HISTORY,
    ports::{Bucket, Error, ObjectInfo, PutIf},
    runner::Failure,
};
use platefleet_media::mhl::{CHAIN_NAME, Chain, Sealed};

use crate::Needs;

/// The history that stands below a delivered folder.
pub(crate) struct Delivered {
    /// The folder that holds `ascmhl/`, without a slash at its end.
    root: String,
    /// By file name.
    objects: BTreeMap<String, ObjectInfo>,
    /// The chain's bytes.
    chain: Option<Vec<u8>>,
}

impl Delivered {
    /// Reads it; nothing there is an empty history.
    pub(crate) async fn read(env: &impl Needs, root: &str) -> Result<Self, Failure> {
        let objects = history::list(env, Bucket::Delivery, root).await?;
        let chain = match objects.get(CHAIN_NAME) {
            Some(chain) => Some(documents::read_chain(env, Bucket::Delivery, chain).await?),
            None => None,
        };
        Ok(Self { root: root.to_owned(), objects, chain })
    }

    /// What its chain lists; nothing when there is none that can be read.
    pub(crate) fn chain(&self) -> Chain {
        self.chain.as_ref().and_then(|bytes| Chain::parse(bytes).ok()).unwrap_or_default()
    }

    /// A manifest by its file name.
    pub(crate) fn get(&self, name: &str) -> Option<&ObjectInfo> {
        self.objects.get(name)
    }

    /// Key of a file of the history.
    pub(crate) fn key(&self, name: &str) -> String {
        format!("{}/{HISTORY}/{name}", self.root)
    }

    /// Writes the next generation on top of `earlier`, the manifests before it by file name, which are copied when they are not
    /// here. Answers the manifest's key.
    ///
    /// # Errors
    /// [`Failure::Retry`] when somebody else has moved the chain: then everything is derived again.
    pub(crate) async fn append(
        &self,
        env: &impl Needs,
        earlier: &BTreeMap<String, (Bucket, ObjectInfo)>,
        sealed: &Sealed,
    ) -> Result<String, Failure> {
        for (name, (bucket, object)) in earlier.iter().filter(|(_, (bucket, _))| *bucket != Bucket::Delivery) {
            let is_same = |here: &ObjectInfo| (here.size, &here.etag) == (object.size, &object.etag);
            if !self.objects.get(name).is_some_and(is_same) {
                env.copy((*bucket, &object.key), &object.etag, (Bucket::Delivery, &self.key(name))).await?;
            }
        }
        let manifest = self.key(&sealed.name);
        match env.put(Bucket::Delivery, &manifest, sealed.manifest.clone(), PutIf::Absent).await {
            Ok(_) => {}
            Err(Error::Conflict(_)) => self.replace_unsealed(env, &manifest, sealed).await?,
            Err(other) => return Err(other.into()),
        }
        self.move_chain(env, sealed).await?;
        self.clear(env, sealed).await?;
        Ok(manifest)
    }

    /// Writes the chain over the one that was read. Somebody else may have written the very same one.
    async fn move_chain(&self, env: &impl Needs, sealed: &Sealed) -> Result<(), Failure> {
        if self.chain.as_ref() == Some(&sealed.chain) {
            return Ok(());
        }
        let key = self.key(CHAIN_NAME);
        let etag = self.objects.get(CHAIN_NAME).map(|chain| chain.etag.clone());
        let condition = etag.map_or(PutIf::Absent, PutIf::Match);
        match env.put(Bucket::Delivery, &key, sealed.chain.clone(), condition).await {
            Err(Error::Conflict(_)) if env.get(Bucket::Delivery, &key, None, None).await? == sealed.chain => Ok(()),
            other => Ok(other.map(|_| ())?),
        }
    }

    /// The same bytes stand there already, or bytes that no chain has sealed.
    async fn replace_unsealed(&self, env: &impl Needs, manifest: &str, sealed: &Sealed) -> Result<(), Failure> {
        if env.get(Bucket::Delivery, manifest, None, None).await? == sealed.manifest {
            return Ok(());
        }
        if self.chain().entries.iter().any(|entry| entry.path == sealed.name) {
            return Err(Failure::Retry(format!("{manifest} is sealed with other content: derive again")));
        }
        env.put(Bucket::Delivery, manifest, sealed.manifest.clone(), PutIf::Always).await?;
        Ok(())
    }

    /// Removes manifests that the chain, as it stands now, does not list: left by a seal that was overtaken, or by a history
    /// that was replaced. Later generations that are not older than this one belong to somebody who is faster.
    async fn clear(&self, env: &impl Needs, sealed: &Sealed) -> Result<(), Failure> {
        let number = |name: &str| name.split('_').next().and_then(|n| n.parse::<u32>().ok());
        let chain = env.get(Bucket::Delivery, &self.key(CHAIN_NAME), None, None).await?;
        let listed = Chain::parse(&chain).unwrap_or_default();
        for (name, object) in history::list(env, Bucket::Delivery, &self.root).await? {
            let is_earlier = number(&name).is_none_or(|n| n <= sealed.number) || created(&name) < created(&sealed.name);
            if name != CHAIN_NAME && is_earlier && !listed.entries.iter().any(|entry| entry.path == name) {
                env.remove(Bucket::Delivery, &object.key).await?;
            }
        }
        Ok(())
    }
}

/// The time in the name of a manifest, `2026-11-22_105740Z`: text that sorts by time.
fn created(name: &str) -> Option<&str> {
    let stem = name.strip_suffix(".mhl")?;
    stem.get(stem.len().checked_sub("2026-11-22_105740Z".len())?..)
}
