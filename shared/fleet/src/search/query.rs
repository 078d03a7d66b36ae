//! What is asked for: `camera_model=ALEXA*`, `fps=23.98`, `tc=10:11:12:00`.

use platefleet_media::timecode::{Digits, Timecode};

use super::MAX_LIMIT;
use crate::{
    id::Production,
    store::{
        ClipRow, FIELDS, Field,
        facets::{self, SLOTS},
    },
};

/// Why a query is none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct BadQuery(String);

/// One thing that a clip has to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Condition {
    /// The field has this value, in its canonical form.
    Is {
        /// Which.
        field: &'static Field,
        /// Canonical.
        value: String,
    },
    /// The canonical form of the field's value begins so.
    Begins {
        /// Which.
        field: &'static Field,
        /// In lower case.
        value: String,
    },
    /// The clip holds this timecode. Written with `:` it is meant of clips of either counting, with `;` of drop-frame ones.
    Holds {
        /// `HH:MM:SS:FF`, or `;` before the frames.
        timecode: String,
    },
}

/// What clips have to be, all of it together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Query {
    /// Whose clips; without one those of the whole fleet.
    pub production: Option<Production>,
    /// At least one.
    pub conditions: Vec<Condition>,
    /// Most clips of the answer, 1 to [`MAX_LIMIT`].
    pub limit: usize,
    /// Id of a clip after which the answer goes on.
    pub after: Option<String>,
}

impl Query {
    /// Reads pairs of name and value. `production`, `limit` and `after` are settings of the query; everything else is a
    /// condition, and a value that ends with `*` is a beginning.
    ///
    /// # Errors
    /// [`BadQuery`] for an unknown field (named with those that there are), a value that is none of its field, and a query
    /// without conditions.
    pub fn parse<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> Result<Self, BadQuery> {
        let mut query = Self { production: None, conditions: Vec::new(), limit: MAX_LIMIT, after: None };
        for (name, value) in pairs {
            match name {
                "production" => query.production = Some(Production::new(value).map_err(|e| BadQuery(e.to_string()))?),
                "after" => query.after = Some(value.to_owned()),
                "limit" => {
                    let limit = value.parse().ok().filter(|limit| (1..=MAX_LIMIT).contains(limit));
                    let bad = || BadQuery(format!("`limit` is a number from 1 to {MAX_LIMIT}, not `{value}`"));
                    query.limit = limit.ok_or_else(bad)?;
                }
                _ => query.conditions.push(Condition::parse(name, value)?),
            }
        }
        if query.conditions.is_empty() {
            return Err(BadQuery(format!("give a condition, such as camera_model=ALEXA*; {}", what_there_is())));
        }
        Ok(query)
    }

    pub(super) fn has_timecode(&self) -> bool {
        self.conditions.iter().any(|condition| matches!(condition, Condition::Holds { .. }))
    }

    /// Whether a clip is what is asked for.
    pub fn holds(&self, row: &ClipRow) -> bool {
        let facets = row.facets();
        self.conditions.iter().all(|condition| match condition {
            Condition::Is { field, value } => facets.contains(&(field.name, value.clone())),
            Condition::Begins { field, value } => {
                facets.iter().any(|(name, found)| *name == field.name && found.starts_with(value))
            }
            Condition::Holds { timecode } => holds(row, timecode),
        })
    }
}

impl Condition {
    fn parse(name: &str, value: &str) -> Result<Self, BadQuery> {
        if [SLOTS, "tc", "source_tc"].contains(&name.to_ascii_lowercase().as_str()) {
            let bad = || BadQuery(format!("`{value}` is no timecode such as 10:11:12:00"));
            let digits: Digits = value.trim().parse().map_err(|_| bad())?;
            if digits.hours > 23 || digits.minutes > 59 || digits.seconds > 59 {
                return Err(bad());
            }
            return Ok(Self::Holds { timecode: digits.to_string() });
        }
        let field = Field::named(name).ok_or_else(|| {
            BadQuery(format!("`{}` is nothing that clips are searched by; {}", name.escape_debug(), what_there_is()))
        })?;
        if let Some(beginning) = value.strip_suffix('*') {
            return Ok(Self::Begins { field, value: Field::beginning(beginning) });
        }
        let bad = || BadQuery(format!("`{}` is no value of {}", value.escape_debug(), field.name));
        Ok(Self::Is { field, value: field.canonical(value).ok_or_else(bad)? })
    }
}

/// The fields, with their short names.
fn what_there_is() -> String {
    let names: Vec<String> = FIELDS
        .iter()
        .map(|field| match field.aliases {
            [] => field.name.to_owned(),
            aliases => format!("{} ({})", field.name, aliases.join(", ")),
        })
        .collect();
    format!("there are {}, timecode (tc)", names.join(", "))
}

/// Whether one of a clip's frames has this label.
fn holds(row: &ClipRow, timecode: &str) -> bool {
    let Some((start, frames)) = facets::labels(&row.metadata) else { return false };
    let Ok(asked) = timecode.parse::<Digits>() else { return false };
    if asked.drop && !start.is_drop() {
        return false;
    }
    let asked = Timecode::from_digits(Digits { drop: start.is_drop(), ..asked }, start.base());
    asked.ok().and_then(|asked| start.frames_until(asked)).is_some_and(|offset| offset < frames)
}
