//! The georanker binary; see the library half for what it does.
#![forbid(unsafe_code)]

fn main() -> std::process::ExitCode {
    cli::main()
}
