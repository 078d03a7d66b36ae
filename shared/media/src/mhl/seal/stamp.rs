//! Who seals, when, where and how.

use crate::{
    error::{Error, Result},
    mhl::{Author, Creator, Ignore, Process, Tool, write::can_carry},
};

/// Who seals, when, where and how. This crate reads no clock, so it is told.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Stamp {
    /// When the operation began, in UTC: `2026-11-22T10:57:40Z`.
    pub created: String,
    /// The machine, or the service.
    pub hostname: String,
    /// A person.
    pub author: Option<Author>,
    /// A place.
    pub location: Option<String>,
    /// Anything worth saying.
    pub comment: Option<String>,
    /// What was done.
    pub process: Process,
    /// What is left out from now on, besides what the history leaves out: lines of a gitignore file. None may begin with
    /// `!`: the set can only grow.
    pub ignore: Vec<String>,
}

impl Stamp {
    /// Whether a manifest can say all of it.
    ///
    /// # Errors
    /// [`Error::Invalid`] with the first thing that it cannot say.
    pub(in crate::mhl) fn check(&self) -> Result<()> {
        self.check_time()?;
        let author = self.author.as_ref();
        let of_author = |get: fn(&Author) -> Option<&String>| author.and_then(get);
        let texts = [
            ("host name", Some(&self.hostname)),
            ("author", author.map(|author| &author.name)),
            ("role", of_author(|author| author.role.as_ref())),
            ("e-mail address", of_author(|author| author.email.as_ref())),
            ("phone number", of_author(|author| author.phone.as_ref())),
            ("location", self.location.as_ref()),
            ("comment", self.comment.as_ref()),
        ];
        for (what, text) in texts.into_iter().filter_map(|(what, text)| Some((what, text?))) {
            if !text.chars().all(can_carry) {
                let text = text.escape_debug();
                return Err(Error::invalid(format!("the {what} `{text}` has a character that XML cannot carry")));
            }
        }
        if let Some(email) = of_author(|author| author.email.as_ref()).filter(|email| !Author::is_email(email)) {
            return Err(Error::invalid(format!("`{}` is no e-mail address", email.escape_debug())));
        }
        for pattern in &self.ignore {
            let refuse = |why: String| Err(Error::invalid(format!("the pattern `{}` {why}", pattern.escape_debug())));
            if let Some(reason) = Ignore::check(pattern) {
                return refuse(format!("is none: {reason}"));
            }
            if pattern.trim().is_empty() || pattern.starts_with('#') {
                return refuse("leaves nothing out".to_owned());
            }
            if pattern.starts_with('!') {
                return refuse("takes others back; what is left out can only grow".to_owned());
            }
            if pattern.chars().any(|c| c.is_control() || !can_carry(c)) {
                return refuse("has a control character".to_owned());
            }
        }
        Ok(())
    }

    /// As a manifest says it.
    pub(in crate::mhl) fn creator(&self) -> Creator {
        Creator {
            created: self.created.clone(),
            hostname: self.hostname.clone(),
            tool: Tool { name: "platefleet".to_owned(), version: Some(env!("CARGO_PKG_VERSION").to_owned()) },
            authors: self.author.iter().cloned().collect(),
            location: self.location.clone(),
            comment: self.comment.clone(),
        }
    }

    fn check_time(&self) -> Result<()> {
        let created = &self.created;
        let form = b"0000-00-00T00:00:00Z";
        let fits = created.len() == form.len()
            && created.bytes().zip(form).all(|(byte, form)| match form {
                b'0' => byte.is_ascii_digit(),
                _ => byte == *form,
            });
        if fits {
            return Ok(());
        }
        let created = created.escape_debug();
        Err(Error::invalid(format!("the time `{created}` is not of the form 2026-11-22T10:57:40Z")))
    }
}

impl Author {
    /// Whether the schema takes this text as an e-mail address: `[^@]+@[^\.]+\..+`.
    pub fn is_email(text: &str) -> bool {
        let Some((name, host)) = text.split_once('@') else { return false };
        let Some((domain, rest)) = host.split_once('.') else { return false };
        !name.is_empty() && !domain.is_empty() && !rest.is_empty() && !rest.contains(['\n', '\r'])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_e_mail_address_is_what_the_schema_says() {
        // Judged with the XSD of ASC MHL 2.0 in lxml.
        for good in ["j@x.com", "a b@c d.e f", "a@b@c.d", "a@b..c", "a@b.c."] {
            assert!(Author::is_email(good), "{good}");
        }
        for bad in ["", "jane", "@x.com", "j@", "j@x", "j@.com", "j@x."] {
            assert!(!Author::is_email(bad), "{bad}");
        }
    }

    fn problem(change: impl Fn(&mut Stamp)) -> String {
        let mut stamp = Stamp { created: "2026-11-22T10:57:40Z".to_owned(), ..Stamp::default() };
        stamp.check().unwrap();
        change(&mut stamp);
        stamp.check().unwrap_err().to_string()
    }

    #[test]
    fn what_a_manifest_cannot_say_is_refused_and_not_left_out() {
        let author = |email: &str| Author { email: Some(email.to_owned()), ..Author::default() };
        assert_eq!(problem(|s| s.author = Some(author("jane"))), "`jane` is no e-mail address");
        assert_eq!(
            problem(|s| s.comment = Some("bell\u{7}".to_owned())),
            "the comment `bell\\u{7}` has a character that XML cannot carry"
        );
        assert!(problem(|s| s.location = Some("\u{ffff}".to_owned())).starts_with("the location"));
        assert!(problem(|s| s.created = "2026-11-22T10:57:40+01:00".to_owned()).contains("is not of the form"));
    }

    #[test]
    fn a_pattern_that_leaves_nothing_out_or_takes_others_back_is_refused() {
        let with = |pattern: &str| problem(|s| s.ignore = vec![pattern.to_owned()]);
        assert_eq!(with("!*.mov"), "the pattern `!*.mov` takes others back; what is left out can only grow");
        assert_eq!(with("# tmp"), "the pattern `# tmp` leaves nothing out");
        assert_eq!(with("a\u{1}"), "the pattern `a\\u{1}` has a control character");
        assert!(with("[z-a]").starts_with("the pattern `[z-a]` is none"));
    }
}
