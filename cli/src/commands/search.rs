//! `platefleet search`: clips by what they say about themselves.

use platefleet_fleet::search::{self, BadQuery, Error, Query, record};
use serde_json::Value;

use super::inspect::summary;
use crate::{
    console::Console,
    failure::{Exit, Failure},
    fleet::FleetArg,
};

/// Find clips by their metadata
///
/// `lens=Signature*` is a beginning, `tc=10:11:12:00` a timecode that clips hold, `fps=23.98` any spelling of a rate.
#[derive(Debug, clap::Args)]
pub(crate) struct Search {
    /// What clips have to be, all of it: camera_model=ALEXA* lens=... fps=... reel=... tc=10:11:12:00
    #[arg(required = true, value_name = "KEY=VALUE", value_parser = condition)]
    conditions: Vec<(String, String)>,
    /// Whose clips; without it those of the whole fleet
    #[arg(long, value_name = "P")]
    production: Option<String>,
    /// Most clips to show
    #[arg(long, value_name = "N", default_value_t = search::MAX_LIMIT)]
    limit: usize,
    #[command(flatten)]
    fleet: FleetArg,
}

fn condition(text: &str) -> Result<(String, String), String> {
    let (key, value) = text.split_once('=').ok_or("is not KEY=VALUE")?;
    Ok((key.to_owned(), value.to_owned()))
}

impl Search {
    fn query(&self) -> Result<Query, BadQuery> {
        let limit = self.limit.to_string();
        let named = self.production.as_deref().map(|production| ("production", production));
        let typed = self.conditions.iter().map(|(key, value)| (key.as_str(), value.as_str()));
        Query::parse(typed.chain(named).chain([("limit", limit.as_str())]))
    }

    pub(crate) async fn run(&self, console: &Console) -> Result<Exit, Failure> {
        let query = self.query().map_err(|problem| Failure::usage(problem.to_string()))?;
        let fleet = self.fleet.connect().await?;
        let found = search::run(&fleet, &query).await.map_err(|problem| match problem {
            Error::Port(error) => error.into(),
            Error::TooMany => Failure::usage(problem.to_string()),
        })?;
        console.document(&found.clips.iter().map(record).collect::<Vec<Value>>())?;
        for row in &found.clips {
            let checked = if row.metadata.verified == Some(true) { "" } else { " (not checked)" };
            console.say(format!("{}{checked}: {}", row.roll, summary(&row.metadata)))?;
        }
        let rest = found.total - found.clips.len();
        if rest > 0 {
            console.say(format!("and {rest} more: add a condition"))?;
        }
        Ok(Exit::Done)
    }
}
