//! What standard output is.

use std::io::IsTerminal;

use present::Terminal;

/// Width and colour of standard output. Honours `NO_COLOR`, `CLICOLOR_FORCE` and `TERM=dumb`.
pub(crate) fn of_stdout() -> Terminal {
    let stdout = std::io::stdout();
    let colour = anstream::AutoStream::choice(&stdout) != anstream::ColorChoice::Never;
    let width = stdout
        .is_terminal()
        .then(|| terminal_size::terminal_size_of(&stdout).map(|(width, _)| width.0))
        .flatten();
    Terminal { width, colour }
}
