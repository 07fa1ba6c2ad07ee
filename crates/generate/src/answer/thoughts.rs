//! What a model thinks before it answers, in the spellings of many chat templates.
//!
//! A first guess inside `<think>` is not the answer, and thoughts that were never closed have no answer behind them.

/// A text, parted into what was said and what was only thought.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Parted {
    /// Everything outside of thoughts.
    pub(crate) said: String,
    /// The thoughts, without their marks.
    pub(crate) thought: String,
    /// Whether the last thoughts were never closed: no answer follows them.
    pub(crate) is_open: bool,
}

/// Words that name thoughts in a mark: `<think>`, `[THINK]`, `<|begin_of_thought|>`.
const NAMES: [&str; 16] = [
    "think",
    "thinking",
    "thought",
    "thoughts",
    "reason",
    "reasoning",
    "reflection",
    "analysis",
    "scratchpad",
    "monologue",
    "deliberation",
    "cot",
    "rationale",
    "plan",
    "planning",
    "draft",
];
/// Words around such a name.
const AROUND: [&str; 9] = ["begin", "start", "end", "stop", "of", "the", "chain", "inner", "internal"];
/// Brackets around marks.
const BRACKETS: [(char, char); 6] = [
    ('<', '>'),
    ('[', ']'),
    ('\u{25c1}', '\u{25b7}'),
    ('\u{ff1c}', '\u{ff1e}'),
    ('\u{27e8}', '\u{27e9}'),
    ('\u{3008}', '\u{3009}'),
];
/// No mark is longer, in bytes.
const LONGEST_MARK: usize = 80;
/// Spellings that follow no rule, and what they stand for.
const SPELLINGS: [(&str, &str); 7] = [
    ("&lt;", "<"),
    ("&gt;", ">"),
    ("<unused94>", "<think>"),
    ("<unused95>", "</think>"),
    ("...done thinking.", "</think>"),
    ("<|channel|>analysis<|message|>", "<think>"),
    ("<|im_start|>think", "<think>"),
];
/// What stands before the answer where a model writes to several channels.
const FINAL_CHANNELS: [&str; 2] = ["<|channel|>final<|message|>", "assistantfinal"];

/// Parts a text. A closing mark without an opening one ends thoughts that began in the prompt.
pub(crate) fn parted(text: &str) -> Parted {
    let mut text = text.to_owned();
    for (spelling, plain) in SPELLINGS {
        text = text.replace(spelling, plain);
    }
    if let Some((at, mark)) = FINAL_CHANNELS.iter().filter_map(|mark| Some((text.rfind(mark)?, mark))).max() {
        let thought = text[..at].to_owned();
        let after = parted(&text[at + mark.len()..]);
        return Parted { thought: thought + &after.thought, ..after };
    }
    let text = without_spoken_beginning(&text);
    let mut parted = Parted::default();
    // The mark that closes each of the thoughts that are open.
    let mut open: Vec<String> = Vec::new();
    let mut at = 0;
    while at < text.len() {
        let rest = &text[at..];
        let Some(mark) = mark(rest, at == 0 || text[..at].ends_with('\n'), open.last()) else {
            let length = rest.chars().next().map_or(1, char::len_utf8);
            let to = if open.is_empty() { &mut parted.said } else { &mut parted.thought };
            to.push_str(&rest[..length]);
            at += length;
            continue;
        };
        at += mark.length;
        if !mark.closes {
            open.push(mark.name);
        } else if open.pop().is_none() {
            parted.thought.push_str(&parted.said);
            parted.said.clear();
        }
    }
    parted.is_open = !open.is_empty();
    parted
}

/// Thoughts that begin with a word in place of a mark.
fn without_spoken_beginning(text: &str) -> String {
    let trimmed = text.trim_start();
    let spoken = ["Thinking...", "analysis"].iter().find_map(|word| trimmed.strip_prefix(word));
    match spoken {
        Some(rest) if rest.starts_with(|next: char| next.is_uppercase() || next == '\n') => {
            format!("<think>{rest}")
        }
        _ => text.to_owned(),
    }
}

struct Mark {
    name: String,
    closes: bool,
    length: usize,
}

/// The mark at the start of a text, if there is one. `open` is the name of the thoughts that it may close.
fn mark(text: &str, begins_line: bool, open: Option<&String>) -> Option<Mark> {
    if let Some(rest) = text.strip_prefix("```") {
        let closes = open.is_some_and(|name| name == "```");
        let word: String = rest.chars().take_while(|letter| letter.is_alphabetic()).collect();
        let opens = begins_line && NAMES.contains(&word.to_lowercase().as_str());
        let length = 3 + if opens { word.len() } else { 0 };
        return (closes || opens).then(|| Mark { name: "```".to_owned(), closes: !opens, length });
    }
    let first = text.chars().next()?;
    let (_, end) = BRACKETS.iter().find(|(start, _)| *start == first)?;
    let after = &text[first.len_utf8()..];
    let inner = &after[..after.find(*end).filter(|length| *length <= LONGEST_MARK)?];
    let length = first.len_utf8() + inner.len() + end.len_utf8();
    let inner = inner.trim_matches(|sign: char| sign == '|' || sign.is_whitespace());
    let closes = inner.starts_with('/');
    let (tag, attributes) =
        inner.trim_start_matches('/').split_once(' ').unwrap_or((inner.trim_start_matches('/'), ""));
    let legal = |letter: char| letter.is_alphabetic() || matches!(letter, '_' | ':' | '-' | '.' | '|' | ' ');
    let name = tag.to_lowercase();
    let opened_so = open.is_some_and(|open| *open == name);
    let named = words_name_thoughts(tag) || (attributes.chars().all(legal) && words_name_thoughts(inner));
    let by_attribute =
        !closes && attributes.contains('=') && words(attributes).any(|word| NAMES.contains(&word.as_str()));
    if !inner.chars().next().is_some_and(|letter| letter.is_alphabetic() || letter == '/')
        || !(opened_so && closes || named || by_attribute)
    {
        return None;
    }
    let ends = words(tag).next().is_some_and(|word| word == "end" || word == "stop");
    Some(Mark { name, closes: closes || ends, length })
}

fn words(text: &str) -> impl Iterator<Item = String> {
    text.split(|letter: char| !letter.is_alphabetic()).filter(|word| !word.is_empty()).map(str::to_lowercase)
}

/// Whether words are a name of thoughts and nothing else: `begin_of_thought`, `Start thinking`, `seed:think`.
fn words_name_thoughts(text: &str) -> bool {
    let known: Vec<String> = words(text).filter(|word| !AROUND.contains(&word.as_str())).collect();
    let named = |word: &String| {
        NAMES.contains(&word.as_str()) || word.ends_with("think") || word.ends_with("thinking")
    };
    known.len() <= 2 && known.last().is_some_and(named) && !text.contains(|sign: char| sign.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thoughts_are_parted_from_answers_in_every_spelling() {
        for (open, close) in [
            ("<think>", "</think>"),
            ("<Thinking>", "</Thinking>"),
            ("<thought>", "</thought>"),
            ("<reasoning>", "</reasoning>"),
            ("<analysis>", "</analysis>"),
            ("<scratchpad>", "</scratchpad>"),
            ("<inner_monologue>", "</inner_monologue>"),
            ("<|begin_of_thought|>", "<|end_of_thought|>"),
            ("<|START_THINKING|>", "<|END_THINKING|>"),
            ("<|think|>", "<|/think|>"),
            ("<seed:think>", "</seed:think>"),
            ("<longcat_think>", "</longcat_think>"),
            ("<antThinking>", "</antThinking>"),
            ("\u{25c1}think\u{25b7}", "\u{25c1}/think\u{25b7}"),
            ("\u{ff1c}think\u{ff1e}", "\u{ff1c}/think\u{ff1e}"),
            ("[THINK]", "[/THINK]"),
            ("[Start thinking]", "[End thinking]"),
            ("&lt;think&gt;", "&lt;/think&gt;"),
            ("<unused94>", "<unused95>"),
            ("<details type=\"reasoning\" done=\"true\">", "</details>"),
            ("Thinking...\n", "...done thinking."),
            ("```thinking\n", "```"),
            ("<|channel|>analysis<|message|>", "<|end|><|start|>assistant<|channel|>final<|message|>"),
            ("analysisThe roofs", "assistantfinal"),
        ] {
            let whole = parted(&format!("{open}first guess 12.5, 13.5{close} 48.5, 2.5"));
            assert_eq!((whole.said.trim(), whole.is_open), ("48.5, 2.5", false), "{open}");
            assert!(whole.thought.contains("first guess 12.5, 13.5"), "{open}");
            let unclosed = parted(&format!("{open}first guess 12.5, 13.5"));
            assert_eq!((unclosed.said.trim(), unclosed.is_open), ("", true), "{open}");
        }
    }

    #[test]
    fn a_closing_mark_alone_ends_thoughts_that_began_in_the_prompt() {
        let whole = parted("perhaps 12.5, 13.5\n</think>\n\n48.5, 2.5");
        assert_eq!((whole.said.trim(), whole.thought.trim()), ("48.5, 2.5", "perhaps 12.5, 13.5"));
        let nested = parted("<think>a<think>b</think>c</think>d");
        assert_eq!((nested.said.as_str(), nested.thought.as_str()), ("d", "abc"));
        let parts = parted("a<think>b</think>c<think>d</think>e");
        assert_eq!(parts.said, "ace");
    }

    #[test]
    fn other_brackets_are_left_alone() {
        for text in [
            "[48.5, 2.5]",
            "<b>48.5</b>",
            "<48.5, I think>",
            "[I think so]",
            "a < b > c",
            "<",
            "[think",
            "<answer>1</answer>",
        ] {
            assert_eq!(parted(text), Parted { said: text.to_owned(), ..Parted::default() }, "{text}");
        }
    }
}
