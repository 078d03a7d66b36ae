//! The documents of a job: its plan, and the order of every range. Functions of what was decided alone.

use futures::{StreamExt as _, TryStreamExt as _};
use platefleet_fleet::{
    id::JobId,
    key::{job_root, plan_key, range_order_key},
    order::Order,
    plan::{Event, Plan, RangeOrder, ShotPlan},
    ports::{Bucket, Error, Objects, PutIf, Settings, Table},
    store::Jobs,
};
use platefleet_media::canonical;
use serde::Serialize;
use serde_json::json;

use crate::{ranges, shot::Draft};

/// Calls in flight.
pub(crate) const IN_FLIGHT: usize = 16;

/// Writes the documents of the job that makes these drafts, the plan last, and answers its id.
pub(crate) async fn documents(
    env: &(impl Objects + Table + Settings),
    order: &Order,
    events: Vec<Event>,
    drafts: Vec<Draft>,
) -> Result<JobId, Error> {
    let contents: Vec<_> = drafts.iter().map(|d| &d.content).collect();
    // Contents hold the digests of the attachments and the versions of the sources.
    let identity = canonical::to_vec(&json!({"order": order, "contents": contents}));
    let job = JobId::of(&identity.map_err(|e| Error::Refused(e.to_string()))?);
    let root = job_root(&order.production, &order.pull, &job);
    let jobs = Jobs(env);
    let versions: Vec<u32> = futures::stream::iter(&drafts)
        .map(|d| jobs.version(&order.production, &d.shot, &d.plate, &job))
        .buffered(IN_FLIGHT)
        .try_collect()
        .await?;
    let (mut shots, mut index) = (Vec::new(), 0);
    for (draft, version) in drafts.into_iter().zip(versions) {
        let (shot, orders) = shot(env, &root, &job, draft, version, index);
        index = shot.last_range + 1;
        futures::stream::iter(&orders)
            .map(|order| put(env, range_order_key(&root, order.index), order))
            .buffered(IN_FLIGHT)
            .try_collect::<()>()
            .await?;
        shots.push(shot);
    }
    let plan = Plan {
        schema: "plan.v1".into(),
        job: job.clone(),
        production: order.production.clone(),
        pull: order.pull.clone(),
        events,
        shots,
    };
    put(env, plan_key(&root), &plan).await?;
    Ok(job)
}

/// A shot of the plan, and the orders of its ranges, which are numbered from `first_range`.
fn shot(
    env: &impl Settings,
    root: &str,
    job: &JobId,
    draft: Draft,
    version: u32,
    first_range: u32,
) -> (ShotPlan, Vec<RangeOrder>) {
    let name = format!("{}_{}_v{version:03}", draft.shot, draft.plate);
    let most = ranges::frames_in(env.settings().range, draft.photosites, &draft.recipe);
    let orders: Vec<RangeOrder> = ranges::cut(draft.frames.len(), most)
        .into_iter()
        .zip(first_range..)
        .map(|(frames, index)| RangeOrder {
            schema: "range-order.v1".into(),
            job: job.clone(),
            index,
            name: name.clone(),
            folder: format!("{root}/{name}"),
            recipe: draft.recipe.clone(),
            metadata: draft.clip.metadata.clone(),
            fdl: draft.framing.as_ref().map(|(_, place)| place.clone()),
            frames: draft.frames[frames].to_vec(),
        })
        .collect();
    let number = |frame: Option<&platefleet_fleet::plan::FrameOrder>| frame.map_or(0, |f| f.number);
    let shot = ShotPlan {
        name,
        first: number(draft.frames.first()),
        last: number(draft.frames.last()),
        shot: draft.shot,
        plate: draft.plate,
        version,
        clip: draft.clip.clip.clone(),
        roll: draft.clip.roll.clone(),
        pattern: draft.clip.pattern.clone(),
        first_range,
        last_range: orders.last().map_or(first_range, |o| o.index),
        recipe_id: draft.recipe.id(),
        recipe: draft.recipe,
        content: draft.content,
        documents: draft.framing.into_iter().map(|(name, place)| (file_name(&name).to_owned(), place)).collect(),
    };
    (shot, orders)
}

fn file_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

async fn put(env: &impl Objects, key: String, document: &impl Serialize) -> Result<(), Error> {
    let mut bytes = serde_json::to_vec_pretty(document).map_err(|e| Error::Refused(e.to_string()))?;
    bytes.push(b'\n');
    env.put(Bucket::Delivery, &key, bytes, PutIf::Always).await.map(|_| ())
}
