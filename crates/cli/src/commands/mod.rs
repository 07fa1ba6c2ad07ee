//! What each command does.

mod curate;
mod evaluate;
mod gallery;
mod generate;
mod generated;
mod locate;
mod packs;
mod pull;
mod score;
mod train;

pub use curate::curate;
pub use evaluate::evaluate;
pub use gallery::gallery;
pub use generate::generate;
pub use locate::locate;
pub use packs::packs;
pub use pull::pull;
pub use score::score;
pub use train::train;
