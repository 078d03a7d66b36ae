//! The one list of environment variables that functions read, and the settings they make.

use std::time::Duration;

/// Name of the table.
pub const TABLE: &str = "PLATEFLEET_TABLE";
/// Bucket that footage and orders are uploaded to.
pub const INGEST_BUCKET: &str = "PLATEFLEET_INGEST_BUCKET";
/// Bucket that plates and manifests go to.
pub const DELIVERY_BUCKET: &str = "PLATEFLEET_DELIVERY_BUCKET";
/// Prefix of the queues' URLs: `PLATEFLEET_QUEUE_HASH` and so on.
pub const QUEUE_PREFIX: &str = "PLATEFLEET_QUEUE_";
/// Seconds between two ticks of a watchdog, at most 900.
pub const TICK_SECONDS: &str = "PLATEFLEET_TICK_SECONDS";
/// Hours without a new fact after which an incomplete roll rests.
pub const QUIET_HOURS: &str = "PLATEFLEET_QUIET_HOURS";
/// Divides tick and quiet times; only the one-machine host sets it.
pub const TIME_SCALE: &str = "PLATEFLEET_TIME_SCALE";
/// Seconds of work that one range should take.
pub const RANGE_SECONDS: &str = "PLATEFLEET_RANGE_SECONDS";
/// Seconds after which one invocation hands the rest of a long file to the next.
pub const LINK_SECONDS: &str = "PLATEFLEET_LINK_SECONDS";

/// `1` says that the S3 server named by an endpoint checks the checksums that uploads bring along. AWS itself does.
pub const VALIDATES_CHECKSUMS: &str = "PLATEFLEET_VALIDATES_CHECKSUMS";

/// Values that handlers read, with the time scale already applied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// Between two ticks of a watchdog, as time passes.
    pub tick: Duration,
    /// The same as a queue is asked for it: a host with a time scale divides delays itself.
    pub tick_delay: Duration,
    /// A roll without a new fact for this long rests.
    pub quiet: Duration,
    /// Work aimed at for one range.
    pub range: Duration,
    /// Work of one link of the chain that hashes a long file: a crash loses no more than that.
    pub link: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            tick: Duration::from_mins(15),
            tick_delay: Duration::from_mins(15),
            quiet: Duration::from_hours(24),
            range: Duration::from_secs(24),
            link: Duration::from_mins(5),
        }
    }
}

impl Settings {
    /// From a file that no manifest names to the look at its clip, as time passes: its manifest may be on its way.
    pub fn look(&self) -> Duration {
        self.tick / 15
    }

    /// The same as a queue is asked for it.
    pub fn look_delay(&self) -> Duration {
        self.tick_delay / 15
    }

    /// Reads the settings with a function like [`std::env::var`]; what is unset has its default.
    ///
    /// # Errors
    /// Every unusable value at once, each with its name.
    pub fn read(var: impl Fn(&str) -> Option<String>) -> Result<Self, String> {
        let mut problems = Vec::new();
        let mut number = |name: &str, default: f64| match var(name).map(|v| v.parse::<f64>()) {
            None => default,
            Some(Ok(n)) if n.is_finite() && n > 0.0 && n <= 1e6 => n,
            Some(_) => {
                problems.push(format!("{name} is not a number above 0"));
                default
            }
        };
        let scale = number(TIME_SCALE, 1.0);
        let default = Self::default();
        let seconds = |s: f64| Duration::from_secs_f64((s / scale).max(0.05));
        let tick = number(TICK_SECONDS, default.tick.as_secs_f64()).min(900.0);
        let settings = Self {
            tick: seconds(tick),
            tick_delay: Duration::from_secs_f64(tick),
            quiet: seconds(number(QUIET_HOURS, default.quiet.as_secs_f64() / 3600.0) * 3600.0),
            range: Duration::from_secs_f64(number(RANGE_SECONDS, default.range.as_secs_f64())),
            link: Duration::from_secs_f64(number(LINK_SECONDS, default.link.as_secs_f64())),
        };
        if problems.is_empty() { Ok(settings) } else { Err(problems.join("; ")) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_scale_divides_ticks_and_quiet_times_but_not_the_work() {
        let settings = Settings::read(|name| match name {
            TIME_SCALE => Some("100".into()),
            TICK_SECONDS => Some("60".into()),
            QUIET_HOURS => Some("1".into()),
            _ => None,
        })
        .unwrap();
        assert_eq!((settings.tick, settings.tick_delay), (Duration::from_millis(600), Duration::from_mins(1)));
        assert_eq!(settings.quiet, Duration::from_secs(36));
        assert_eq!((settings.range, settings.link), (Duration::from_secs(24), Duration::from_mins(5)));
    }

    #[test]
    fn every_bad_value_is_named_at_once() {
        let error = Settings::read(|_| Some("soon".into())).unwrap_err();
        assert!(error.contains(TICK_SECONDS) && error.contains(QUIET_HOURS), "{error}");
    }
}
