//! Writes the files of a small gallery as seeds, for after a change of their layout:
//! `cargo run -p georanker-fuzz --example gallery_seeds -- fuzz/corpus`.

use std::path::PathBuf;
use std::{env, fs, io};

fn main() -> io::Result<()> {
    let corpus = PathBuf::from(env::args_os().nth(1).ok_or_else(|| io::Error::other("give the corpus"))?);
    for (target, name, content) in fuzz::gallery_seeds() {
        let folder = corpus.join(target);
        fs::create_dir_all(&folder)?;
        fs::write(folder.join(name), content)?;
    }
    Ok(())
}
