//! A table of texts, aligned for terminals or written as Markdown.

use unicode_width::UnicodeWidthStr;

/// Rows of cells under a header; the first column is aligned left, the others right.
#[derive(Debug)]
pub(super) struct Grid {
    header: Vec<String>,
    rows: Vec<Vec<String>>,
}

impl Grid {
    pub(super) fn new<T: Into<String>>(header: impl IntoIterator<Item = T>) -> Self {
        Self { header: header.into_iter().map(Into::into).collect(), rows: Vec::new() }
    }

    pub(super) fn push<T: Into<String>>(&mut self, row: impl IntoIterator<Item = T>) {
        self.rows.push(row.into_iter().map(Into::into).collect());
    }

    pub(super) fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Columns two spaces apart, a rule under the header.
    pub(super) fn to_text(&self) -> String {
        let clean = |row: &Vec<String>| row.iter().map(|cell| printable(cell)).collect::<Vec<_>>();
        let lines: Vec<Vec<String>> = std::iter::once(&self.header).chain(&self.rows).map(clean).collect();
        let mut widths = vec![0; self.header.len()];
        for line in &lines {
            for (width, cell) in widths.iter_mut().zip(line) {
                *width = (*width).max(cell.width());
            }
        }
        let mut text = String::new();
        for (number, line) in lines.iter().enumerate() {
            let mut row = String::new();
            for (column, (cell, width)) in line.iter().zip(&widths).enumerate() {
                let gap = " ".repeat(width - cell.width());
                if column == 0 {
                    row = format!("{cell}{gap}");
                } else {
                    row.extend(["  ", &gap, cell]);
                }
            }
            text.push_str(row.trim_end());
            text.push('\n');
            if number == 0 {
                let rules: Vec<String> = widths.iter().map(|width| "-".repeat(*width)).collect();
                text.push_str(&rules.join("  "));
                text.push('\n');
            }
        }
        text
    }

    pub(super) fn to_markdown(&self) -> String {
        let line = |row: &Vec<String>| {
            let cells: Vec<String> = row.iter().map(|cell| escaped(cell)).collect();
            format!("| {} |\n", cells.join(" | "))
        };
        let rules =
            self.header.iter().enumerate().map(|(column, _)| if column == 0 { "---" } else { "---:" });
        let rule = format!("| {} |\n", rules.collect::<Vec<_>>().join(" | "));
        line(&self.header) + &rule + &self.rows.iter().map(line).collect::<String>()
    }
}

/// Values come from files: nothing in them may move the cursor or break a line.
pub(super) fn printable(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}

/// Values come from files: nothing in them may break the table or become markup.
pub(super) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in printable(text).chars() {
        match c {
            '<' => out.push_str("&lt;"),
            '&' => out.push_str("&amp;"),
            '|' | '\\' | '`' | '*' | '_' | '[' | ']' => out.extend(['\\', c]),
            _ => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn aligns_wide_characters_and_drops_control_characters() {
        let mut grid = Grid::new(["country", "n"]);
        grid.push(["日本", "1"]);
        grid.push(["x\u{1b}[2J\n", "100"]);
        let text = grid.to_text();
        assert_eq!(text, "country    n\n-------  ---\n日本       1\nx\u{fffd}[2J\u{fffd}   100\n");
    }

    #[test]
    fn markdown_cells_cannot_break_out() {
        let mut grid = Grid::new(["a|b", "n"]);
        grid.push(["<b>\n*x*", "1"]);
        assert_eq!(grid.to_markdown(), "| a\\|b | n |\n| --- | ---: |\n| &lt;b>\u{fffd}\\*x\\* | 1 |\n");
    }
}
