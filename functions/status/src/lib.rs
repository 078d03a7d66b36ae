//! Where rolls and jobs stand, and which clips there are, as JSON over HTTP. Reads the table only.
//!
//! | request | answer |
//! |---|---|
//! | `GET /status?id=<production>/<roll path>` | the status of a roll |
//! | `GET /status?id=<job>` | the status of a job, by its id or a prefix of it that only one job has |
//! | `GET /status?production=<production>` | every roll and job of a production, in short |
//! | `GET /search?production=<production>&camera_model=ALEXA*&tc=10:11:12:00` | clips by what they say, see [`search`]; without a production those of the fleet. `limit` and `after=<clip_id>` page through it |

use platefleet_fleet::{
    id::{JobId, Production, RollId},
    ports::{Error, Table},
    runner::{Request, Response},
    search::{self, Query},
    status::{self, Status},
    store::Jobs,
};
use serde_json::json;

/// Answers one request.
pub async fn handle(env: &impl Table, request: &Request) -> Response {
    if request.method != "GET" {
        return Response::error(405, "usage", "only GET is answered");
    }
    let answer = match request.path.trim_end_matches('/') {
        "/status" => match (request.query.get("id"), request.query.get("production")) {
            (Some(id), _) => one(env, id).await,
            (None, Some(production)) => list(env, production).await,
            (None, None) => Ok(Response::error(400, "usage", "give an `id` or a `production`")),
        },
        "/search" => search(env, request).await,
        _ => {
            let detail = "ask /status?id=..., /status?production=... or /search?camera_model=...";
            Ok(Response::error(404, "usage", detail))
        }
    };
    answer.unwrap_or_else(|error| {
        tracing::warn!(%error, "the table did not answer");
        Response::error(503, "io", "the table did not answer: try again")
    })
}

async fn one(env: &impl Table, id: &str) -> Result<Response, Error> {
    let found = if id.contains('/') {
        match RollId::parse(id) {
            Ok(roll) => status::of_roll(env, &roll).await?,
            Err(problem) => return Ok(Response::error(400, "usage", &problem.to_string())),
        }
    } else {
        if id.is_empty() || id.len() > 64 || !id.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b)) {
            let detail = "an id is <production>/<roll path>, or hex digits of a job";
            return Ok(Response::error(400, "usage", detail));
        }
        match &Jobs(env).find(id).await?[..] {
            [] => None,
            [job] => status::of_job(env, job).await?,
            several => {
                let ids: Vec<_> = several.iter().map(JobId::as_str).collect();
                let detail = format!("several jobs begin so: {}", ids.join(", "));
                return Ok(Response::error(409, "ambiguous", &detail));
            }
        }
    };
    Ok(found.map_or_else(
        || Response::error(404, "not-found", "nothing is known of it"),
        |status| Response::json(200, &json!(status)),
    ))
}

async fn list(env: &impl Table, production: &str) -> Result<Response, Error> {
    let production = match Production::new(production) {
        Ok(production) => production,
        Err(problem) => return Ok(Response::error(400, "usage", &problem.to_string())),
    };
    let all: Vec<Status> = status::of_production(env, &production).await?;
    Ok(Response::json(200, &json!(all)))
}

/// The records of the clips that are what the query says.
async fn search(env: &impl Table, request: &Request) -> Result<Response, Error> {
    let pairs = request.query.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    let query = match Query::parse(pairs) {
        Ok(query) => query,
        Err(problem) => return Ok(Response::error(400, "usage", &problem.to_string())),
    };
    match search::run(env, &query).await {
        Ok(found) => Ok(Response::json(200, &found.clips.iter().map(search::record).collect())),
        Err(search::Error::Port(error)) => Err(error),
        Err(problem @ search::Error::TooMany) => Ok(Response::error(400, "usage", &problem.to_string())),
    }
}
