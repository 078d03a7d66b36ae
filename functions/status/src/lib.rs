//! `status`: where rolls and jobs stand, as JSON. Reads the table only.
//!
//! | request | answer |
//! |---|---|
//! | `GET /status?id=<production>/<roll path>` | the status of a roll |
//! | `GET /status?id=<job, or the first digits of one>` | the status of a job |
//! | `GET /status?production=<production>` | the rolls, and the newest job of every order, of a production |

use platefleet_fleet::{
    id::{JobId, Production, RollId},
    ports::{Error, Table},
    runner::{Request, Response},
    status::{Status, of_job, of_roll},
    store::{Jobs, Rolls},
};
use serde_json::json;

/// Answers one request.
pub async fn handle(table: &impl Table, request: &Request) -> Response {
    if request.method != "GET" {
        return Response::error(405, "usage", "only GET is answered");
    }
    if !matches!(request.path.as_str(), "/" | "/status") {
        return Response::error(404, "usage", "ask for /status?id=... or /status?production=...");
    }
    let answer = match (request.query.get("id"), request.query.get("production")) {
        (Some(id), None) => one(table, id).await,
        (None, Some(production)) => all(table, production).await,
        _ => return Response::error(400, "usage", "give either `id` or `production`"),
    };
    answer.unwrap_or_else(|error| match error {
        Error::Throttled(_) | Error::Unknown(_) | Error::Conflict(_) => {
            Response::error(503, "service", &error.to_string())
        }
        Error::Refused(_) | Error::NotFound(_) => Response::error(500, "service", &error.to_string()),
    })
}

async fn one(table: &impl Table, id: &str) -> Result<Response, Error> {
    let found = if id.contains('/') {
        match RollId::parse(id) {
            Ok(roll) => of_roll(table, &roll).await?,
            Err(error) => return Ok(Response::error(400, "usage", &error.to_string())),
        }
    } else {
        // Nothing but the beginning of a job id is looked for.
        if id.is_empty() || id.len() > 64 || !id.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b)) {
            let detail = "an id is <production>/<roll path>, or the digits of a job";
            return Ok(Response::error(400, "usage", detail));
        }
        match &Jobs(table).find(id).await?[..] {
            [] => None,
            [job] => of_job(table, job).await?,
            several => {
                let detail = format!("{} jobs begin with `{id}`: give more digits", several.len());
                return Ok(Response::error(409, "usage", &detail));
            }
        }
    };
    Ok(match found {
        Some(status) => Response::json(200, &json!(status)),
        None => Response::error(404, "missing", &format!("nothing is known of `{id}`")),
    })
}

async fn all(table: &impl Table, production: &str) -> Result<Response, Error> {
    let production = match Production::new(production) {
        Ok(production) => production,
        Err(error) => return Ok(Response::error(400, "usage", &error.to_string())),
    };
    let mut list: Vec<Status> = Vec::new();
    for row in Rolls(table).of_production(&production).await? {
        list.extend(of_roll(table, &row.roll).await?);
    }
    let jobs: Vec<JobId> = Jobs(table).pulls(&production).await?.into_iter().filter_map(|pull| pull.job).collect();
    for job in jobs {
        list.extend(of_job(table, &job).await?);
    }
    Ok(Response::json(200, &json!(list)))
}
