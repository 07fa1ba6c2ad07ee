//! Places in sentences: `Lisbon, Portugal`, and `somewhere in Chile` where a sentence says nothing else.

use std::ops::Range;

use geo::{FoundPlace, Gazetteer, LastName, PlaceError};

use super::super::spots::Spot;
use super::super::words::is_word;
use super::Names;

/// The longest name of a country or state, in words.
const AREA_WORDS: usize = 6;
/// The longest name of a town, in words.
const TOWN_WORDS: usize = 5;
/// So many names between commas belong together.
const CHAIN: usize = 4;
/// Words that names have inside.
const PARTICLES: [&str; 16] =
    ["de", "da", "do", "del", "la", "le", "las", "los", "of", "the", "and", "sur", "upon", "di", "al", "am"];
/// Words before the name of a country in a sentence that says nothing else.
const LEAD_IN: [&str; 54] = [
    "this",
    "that",
    "it",
    "its",
    "it's",
    "is",
    "was",
    "be",
    "being",
    "the",
    "a",
    "an",
    "photo",
    "photograph",
    "picture",
    "image",
    "scene",
    "taken",
    "shot",
    "in",
    "from",
    "of",
    "at",
    "somewhere",
    "located",
    "location",
    "country",
    "answer",
    "place",
    "final",
    "my",
    "best",
    "guess",
    "i",
    "think",
    "believe",
    "would",
    "say",
    "probably",
    "likely",
    "most",
    "very",
    "looks",
    "look",
    "like",
    "to",
    "appears",
    "appear",
    "seems",
    "seem",
    "must",
    "could",
    "may",
    "might",
];

/// Capitalised words before a town that are not part of its name, beside these.
const BEFORE_TOWN: [&str; 12] = [
    "possibly", "perhaps", "maybe", "near", "around", "downtown", "central", "greater", "city", "town",
    "village", "old",
];

/// A word of the text.
struct Word {
    span: Range<usize>,
    is_capital: bool,
}

/// A country or state in the text: the words of its name.
struct Area {
    words: Range<usize>,
    is_country: bool,
}

struct Text<'a> {
    #[allow(clippy::struct_field_names, reason = "the text itself")]
    text: &'a str,
    words: Vec<Word>,
    areas: Vec<Area>,
}

/// The places in the sentences of a text.
pub(super) fn in_prose(text: &str) -> Names {
    let text = Text::new(text);
    let mut names = Names::default();
    for (index, area) in text.areas.iter().enumerate() {
        // `Oregon` of `Oregon, USA` is part of the next one's chain.
        let next = text.areas.get(index + 1);
        if next.is_none_or(|next| !text.follows(area.words.end, next.words.start))
            && let Some((place, span)) = text.town_before(area)
        {
            names.add(place, Spot::at(0.0, 0.0, span));
        }
    }
    if names.says_nothing() {
        for area in &text.areas {
            if area.is_country && text.is_all(area) {
                let (name, span) = (text.slice(&area.words), text.span(&area.words));
                names.add(Gazetteer::embedded().find(&[name], LastName::Either), Spot::at(0.0, 0.0, span));
            }
        }
    }
    names
}

/// The countries that a text names, each once.
pub(super) fn countries(text: &str) -> Vec<String> {
    let text = Text::new(text);
    let mut codes: Vec<String> = Vec::new();
    for area in text.areas.iter().filter(|area| area.is_country) {
        let found = Gazetteer::embedded().find(&[text.slice(&area.words)], LastName::Country);
        let code = found.ok().and_then(|place| place.place.country_code);
        codes.extend(code.filter(|code| !codes.contains(code)));
    }
    codes
}

impl<'a> Text<'a> {
    fn new(text: &'a str) -> Self {
        let mut this = Self { text, words: words(text), areas: Vec::new() };
        let mut at = 0;
        while at < this.words.len() {
            at = match this.area_at(at) {
                Some(area) => {
                    let end = area.words.end;
                    this.areas.push(area);
                    end
                }
                None => at + 1,
            };
        }
        this
    }

    fn slice(&self, words: &Range<usize>) -> &'a str {
        &self.text[self.span(words)]
    }

    fn span(&self, words: &Range<usize>) -> Range<usize> {
        match self.words.get(words.clone()) {
            Some([first, .., last]) => first.span.start..last.span.end,
            Some([only]) => only.span.clone(),
            _ => 0..0,
        }
    }

    /// What stands between a word and the one before it.
    fn gap(&self, word: usize) -> &'a str {
        let before = word.checked_sub(1).and_then(|before| self.words.get(before));
        let end = self.words.get(word).map_or(self.text.len(), |word| word.span.start);
        &self.text[before.map_or(0, |word| word.span.end)..end]
    }

    /// The longest name of a country or state that begins with a word.
    fn area_at(&self, start: usize) -> Option<Area> {
        if !self.words.get(start)?.is_capital {
            return None;
        }
        let joined = (start + 1..self.words.len())
            .take(AREA_WORDS - 1)
            .take_while(|word| self.gap(*word).chars().all(|sign| matches!(sign, ' ' | '-')));
        let last = joined.last().unwrap_or(start);
        (start..=last).rev().find_map(|end| {
            let words = start..end + 1;
            let is_country = Gazetteer::embedded().area_kind(self.slice(&words))?;
            Some(Area { words, is_country })
        })
    }

    /// Whether only a comma stands between the words before `end` and those from `start`.
    fn follows(&self, end: usize, start: usize) -> bool {
        end == start && self.gap(start).trim() == ","
    }

    /// The town, or the state, whose name stands directly before that of an area: before a comma or a bracket, or with
    /// `in` between them.
    fn town_before(&self, area: &Area) -> Option<(Result<FoundPlace, PlaceError>, Range<usize>)> {
        let is_in = |at: usize| self.words.get(at).is_some_and(|word| &self.text[word.span.clone()] == "in");
        let first = area.words.start;
        let gap = self.gap(first).trim();
        let end = match first.checked_sub(1) {
            Some(_) if matches!(gap, "," | "(") => first,
            Some(before) if gap.is_empty() && is_in(before) && self.gap(before).trim().is_empty() => before,
            _ => return None,
        };
        // The names between commas, the last one first.
        let mut chain: Vec<Range<usize>> = Vec::new();
        let mut end = end;
        while chain.len() < CHAIN
            && let Some(run) = self.run_before(end)
        {
            end = run.start;
            chain.insert(0, run);
            if self.gap(end).trim() != "," {
                break;
            }
        }
        let mut ambiguous = None;
        for from in 0..chain.len() {
            let run = chain[from].clone();
            for start in run.clone() {
                if !self.words[start].is_capital || !(run.start..start).all(|word| self.is_beside(word)) {
                    continue;
                }
                let inner = start..run.end;
                let mut names = vec![self.slice(&inner)];
                names.extend(chain[from + 1..].iter().map(|run| self.slice(run)));
                names.push(self.slice(&area.words));
                // `Spain, Portugal` is a list of countries.
                let is_list = area.is_country && Gazetteer::embedded().area_kind(names[0]) == Some(true);
                if is_list && !names[0].eq_ignore_ascii_case(names[names.len() - 1]) {
                    continue;
                }
                let span = self.span(&(start..area.words.end));
                match Gazetteer::embedded().find(&names, LastName::Either) {
                    Ok(place) if place.named == 0 => return Some((Ok(place), span)),
                    Err(PlaceError::Ambiguous) => {
                        ambiguous.get_or_insert((Err(PlaceError::Ambiguous), span));
                    }
                    _ => {}
                }
            }
        }
        ambiguous
    }

    /// Whether a word before a name is not part of it. Other words are: `Hotel Roma, Italy` is not in Rome.
    fn is_beside(&self, word: usize) -> bool {
        let lower = self.text[self.words[word].span.clone()].to_lowercase();
        LEAD_IN.contains(&lower.as_str()) || BEFORE_TOWN.contains(&lower.as_str())
    }

    /// The capitalised words that end before a word, particles inside included.
    fn run_before(&self, end: usize) -> Option<Range<usize>> {
        let mut start = end;
        let mut first = end;
        while start > 0 && end - start < TOWN_WORDS {
            let word = &self.words[start - 1];
            let is_joined = start == end || self.gap(start).chars().all(|sign| matches!(sign, ' ' | '-'));
            let is_particle = PARTICLES.contains(&self.text[word.span.clone()].to_lowercase().as_str());
            if !is_joined || !(word.is_capital || is_particle && start < end) {
                break;
            }
            start -= 1;
            if word.is_capital {
                first = start;
            }
        }
        (first < end).then_some(first..end)
    }

    /// Whether a sentence says nothing but that it is about an area.
    fn is_all(&self, area: &Area) -> bool {
        const ENDS: [char; 4] = ['.', '\n', '!', '?'];
        let gap_after = self.gap(area.words.end);
        let is_end = area.words.end == self.words.len() || gap_after.contains(ENDS);
        let mut at = area.words.start;
        while at > 0 && !self.gap(at).contains(ENDS) {
            at -= 1;
            let word = self.text[self.words[at].span.clone()].to_lowercase();
            if !LEAD_IN.contains(&word.as_str()) {
                return false;
            }
        }
        is_end
    }
}

/// The words of a text: letters, and the points and apostrophes inside names.
fn words(text: &str) -> Vec<Word> {
    let mut words: Vec<Word> = Vec::new();
    let mut start = None;
    for (at, sign) in text.char_indices().chain(std::iter::once((text.len(), ' '))) {
        let is_inside = start.is_some() && (sign == '\'' || sign == '.' && is_abbreviation(text, start, at));
        let is_letter = is_word(sign) || is_inside;
        match (start, is_letter) {
            (None, true) => start = Some(at),
            (Some(from), false) => {
                let is_capital = text[from..].starts_with(char::is_uppercase);
                words.push(Word { span: from..at, is_capital });
                start = None;
            }
            _ => {}
        }
    }
    words
}

/// Whether a point at `at` belongs to the word before it: `D.C.`, `U.S.A.`, `St.`
fn is_abbreviation(text: &str, start: Option<usize>, at: usize) -> bool {
    let word = start.map_or("", |start| &text[start..at]);
    let last = word.rsplit('.').next().unwrap_or(word);
    word == "St" || last.chars().count() == 1 && last.chars().all(char::is_uppercase)
}
