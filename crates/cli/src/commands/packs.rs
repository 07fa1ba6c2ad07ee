//! `georanker packs`.

use comfy_table::{ContentArrangement, Table, presets};
use contract::{ErrorKind, Failure};
use georanker::pull::shelf::{self, PackSummary};

use crate::args::PacksArguments;
use crate::exit::{Exit, report};
use crate::progress::bytes_text;
use crate::sink::write_text;

/// Lists and checks packs. A pack with a problem makes the exit code 3.
///
/// # Errors
/// A [`Failure`] if the pack that was named is none.
pub fn packs(arguments: &PacksArguments) -> Result<Exit, Failure> {
    let packs = shelf::find(&shelf::places(), arguments.pack.pack.as_deref(), arguments.verify)?;
    let text = if arguments.json {
        serde_json::to_string_pretty(&packs)
            .map(|text| text + "\n")
            .map_err(|error| Failure::new(ErrorKind::Internal, error.to_string()))?
    } else {
        table(&packs, arguments.verify)
    };
    write_text(None, &text)?;
    for pack in &packs {
        for problem in &pack.problems {
            let message = format!("{}: {} {}", pack.name, problem.file.display(), problem.why);
            let hint = if pack.kind == "model" {
                "get a fresh copy of the pack"
            } else {
                "pull the pack again; a damaged file of the hub's cache must be removed first"
            };
            report(&Failure::new(ErrorKind::BrokenModel, message).with_hint(hint));
        }
    }
    Ok(if packs.iter().all(|pack| pack.problems.is_empty()) { Exit::Done } else { Exit::Broken })
}

fn table(packs: &[PackSummary], verified: bool) -> String {
    if packs.is_empty() {
        return "no packs\n".into();
    }
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    table.set_content_arrangement(ContentArrangement::Disabled);
    table.set_header(["name", "kind", "version", "size", "state", "licences", "where"]);
    for pack in packs {
        let state = match (pack.problems.len(), verified) {
            (0, true) => "verified".into(),
            (0, false) => "complete".into(),
            (1, _) => "1 problem".into(),
            (count, _) => format!("{count} problems"),
        };
        table.add_row([
            pack.name.clone(),
            pack.kind.clone(),
            pack.version.clone(),
            bytes_text(pack.bytes),
            state,
            pack.licences.join("; "),
            pack.directory.display().to_string(),
        ]);
    }
    let text = table.to_string();
    text.lines().map(|line| line.trim_end().to_owned() + "\n").collect()
}
