//! `platefleet search`: clips by what they say about themselves.

use std::collections::BTreeSet;

use platefleet_fleet::{
    id::Production,
    store::{ClipRow, Clips, FACETS},
};
use serde_json::{Value, json};

use super::inspect::summary;
use crate::{
    console::Console,
    failure::{Exit, Failure},
    fleet::FleetArg,
};

/// Find clips of a production by their metadata
#[derive(Debug, clap::Args)]
pub(crate) struct Search {
    /// What clips have to be; a value that ends with * is a beginning (camera_model=ALEXA*)
    #[arg(required = true, value_name = "KEY=VALUE", value_parser = condition)]
    conditions: Vec<(String, String)>,
    /// Whose clips
    #[arg(long, value_name = "P")]
    production: String,
    #[command(flatten)]
    fleet: FleetArg,
}

fn condition(text: &str) -> Result<(String, String), String> {
    let (key, value) = text.split_once('=').ok_or("is not KEY=VALUE")?;
    if !FACETS.contains(&key) {
        return Err(format!("clips are searched by {}", FACETS.join(", ")));
    }
    Ok((key.to_owned(), value.to_owned()))
}

impl Search {
    pub(crate) async fn run(&self, console: &Console) -> Result<Exit, Failure> {
        let production = Production::new(self.production.as_str())?;
        let fleet = self.fleet.connect().await?;
        let clips = Clips(&fleet);
        // The first condition is one query; the others are asked of what it finds.
        let Some((field, value)) = self.conditions.first() else { return Ok(Exit::Done) };
        let found: BTreeSet<String> = clips
            .search(&production, field, value.trim_end_matches('*'))
            .await?
            .into_iter()
            .map(|clip| clip.to_string())
            .collect();
        let mut rows: Vec<ClipRow> = clips.of_production(&production).await?;
        rows.retain(|row| found.contains(row.clip.as_str()) && self.conditions.iter().all(|c| holds(row, c)));
        let documents: Vec<Value> = rows
            .iter()
            .map(|row| {
                let mut document = json!(row.metadata);
                document["clip_id"] = row.clip.as_str().into();
                document["roll"] = row.roll.to_string().into();
                document
            })
            .collect();
        console.document(&documents)?;
        for row in &rows {
            console.say(format!("{}: {}", row.roll, summary(&row.metadata)))?;
        }
        Ok(Exit::Done)
    }
}

fn holds(row: &ClipRow, (field, value): &(String, String)) -> bool {
    let facets = row.facets();
    let Some(found) = facets.get(field.as_str()) else { return false };
    value.strip_suffix('*').map_or(found == value, |beginning| found.starts_with(beginning))
}
