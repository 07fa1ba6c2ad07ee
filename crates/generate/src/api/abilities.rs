//! What a server takes, found out from its refusals: a field that it refuses is left out, and no other.

use super::complaint::Complaint;
use super::{ApiSettings, Detail, Structured};

/// A part of a request that a server may refuse.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Field {
    /// `response_format` with a schema.
    Schema,
    /// `n` above 1.
    Several,
    Temperature,
    Seed,
    /// `image_url.detail`.
    Detail,
    /// `max_tokens`, in place of which `max_completion_tokens` may be taken.
    Limit,
}

impl Field {
    pub(super) const ALL: [Self; 6] =
        [Self::Schema, Self::Several, Self::Temperature, Self::Seed, Self::Detail, Self::Limit];

    /// The name in the API.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Schema => "response_format",
            Self::Several => "n",
            Self::Temperature => "temperature",
            Self::Seed => "seed",
            Self::Detail => "image_url.detail",
            Self::Limit => "max_tokens",
        }
    }
}

/// What the server was found to take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Abilities {
    refused: [bool; Field::ALL.len()],
}

/// A request with less in it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Humbler {
    pub(super) abilities: Abilities,
    /// What of it holds for other photos as well.
    pub(super) lesson: Abilities,
}

impl Abilities {
    pub(super) fn first_guess(settings: &ApiSettings) -> Self {
        let all = Self { refused: [false; Field::ALL.len()] };
        if settings.structured == Structured::Off { all.without(Field::Schema) } else { all }
    }

    pub(super) fn takes(self, field: Field) -> bool {
        !self.refused[field as usize]
    }

    fn without(mut self, field: Field) -> Self {
        self.refused[field as usize] = true;
        self
    }

    /// What both know: one refusal of either is enough.
    pub(super) fn and(self, other: Self) -> Self {
        Field::ALL.into_iter().filter(|field| !other.takes(*field)).fold(self, Self::without)
    }

    /// What this takes and `other` does not.
    pub(super) fn lost(self, other: Self) -> impl Iterator<Item = Field> {
        Field::ALL.into_iter().filter(move |field| self.takes(*field) && !other.takes(*field))
    }

    /// The fields that a refusal names, of those that the request has and that can be left out.
    pub(super) fn named(self, settings: &ApiSettings, samples: usize, complaint: &Complaint) -> Vec<Field> {
        let is_sent = |field: Field| {
            self.takes(field)
                && match field {
                    Field::Schema => settings.structured != Structured::Off,
                    Field::Several => samples > 1 || complaint.is_about(Field::Several),
                    Field::Temperature => settings.temperature.is_some(),
                    Field::Seed => settings.seed.is_some(),
                    Field::Detail => settings.detail != Detail::None,
                    Field::Limit => settings.max_tokens.is_some(),
                }
        };
        let sent: Vec<Field> = Field::ALL.into_iter().filter(|field| is_sent(*field)).collect();
        complaint.fields(&sent)
    }

    /// What to try after a refusal of the request itself; `None` when there is nothing left to do without, or when the
    /// refusal is about something else: a picture that is too large stays too large. A refusal that names no field at
    /// all costs the schema first, then the number of answers.
    pub(super) fn humbler(
        self,
        settings: &ApiSettings,
        samples: usize,
        status: u16,
        complaint: &Complaint,
    ) -> Option<Humbler> {
        if !matches!(status, 400 | 422 | 501) {
            return None;
        }
        let is_kept = |field: &Field| *field == Field::Schema && settings.structured == Structured::On;
        let named = self.named(settings, samples, complaint);
        if !named.is_empty() {
            let left: Vec<Field> = named.into_iter().filter(|field| !is_kept(field)).collect();
            let abilities = left.iter().fold(self, |abilities, field| abilities.without(*field));
            return (!left.is_empty()).then_some(Humbler { abilities, lesson: abilities });
        }
        if complaint.names_something() {
            return None;
        }
        if self.takes(Field::Schema) && settings.structured == Structured::Auto {
            let abilities = self.without(Field::Schema);
            return Some(Humbler { abilities, lesson: abilities });
        }
        // Without `n` a photo is sent and paid for ten times: the dearest lesson is learned only where it is said.
        (self.takes(Field::Several) && samples > 1)
            .then(|| Humbler { abilities: self.without(Field::Several), lesson: self })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings() -> ApiSettings {
        ApiSettings { max_tokens: Some(9), seed: Some(7), ..ApiSettings::new("m") }
    }

    fn said(message: &str) -> Complaint {
        Complaint::of(&serde_json::json!({ "error": { "message": message } }).to_string().into_bytes())
    }

    fn lost(before: Abilities, after: Option<Humbler>) -> Vec<Field> {
        after.map(|humbler| before.lost(humbler.abilities).collect()).unwrap_or_default()
    }

    #[test]
    fn refusals_that_name_no_field_cost_schema_and_number() {
        let all = Abilities::first_guess(&settings());
        let next =
            |abilities: Abilities, message: &str| abilities.humbler(&settings(), 4, 400, &said(message));
        let first = next(all, "bad").unwrap();
        assert_eq!(
            (all.lost(first.abilities).collect::<Vec<_>>(), first.lesson),
            (vec![Field::Schema], first.abilities)
        );
        let second = next(first.abilities, "bad").unwrap();
        assert_eq!(second.lesson, first.abilities, "that it gives one at a time has to be said");
        assert_eq!(next(second.abilities, "bad"), None);
        for status in [406, 413, 415, 431] {
            assert_eq!(all.humbler(&settings(), 4, status, &said("n")), None, "{status}");
        }
        let strict = ApiSettings { structured: Structured::On, ..settings() };
        assert!(all.humbler(&strict, 1, 400, &said("response_format")).is_none());
    }

    #[test]
    fn what_is_not_sent_is_not_left_out() {
        let bare = ApiSettings {
            temperature: None,
            seed: None,
            detail: Detail::None,
            structured: Structured::Off,
            ..settings()
        };
        let all = Abilities::first_guess(&bare);
        for message in ["'temperature' is not supported", "unknown field 'seed'", "unknown field 'detail'"] {
            assert_eq!(lost(all, all.humbler(&bare, 1, 400, &said(message))), [], "{message}");
        }
        let all = Abilities::first_guess(&settings());
        let once = all.humbler(&settings(), 4, 400, &said("use 'max_completion_tokens'")).unwrap();
        assert_eq!(
            once.abilities.humbler(&settings(), 4, 400, &said("'max_completion_tokens' is too large")),
            None
        );
    }

    #[test]
    fn lessons_add_up() {
        let all = Abilities::first_guess(&settings());
        let one = all.without(Field::Several);
        let two = one.and(all.without(Field::Seed));
        assert!(!two.takes(Field::Several) && !two.takes(Field::Seed) && two.takes(Field::Schema));
        assert_eq!(two.and(all), two, "who knows less does not undo it");
        assert_eq!(one.lost(two).collect::<Vec<_>>(), [Field::Seed]);
    }
}
