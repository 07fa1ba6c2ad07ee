//! What each command does.

mod evaluate;
mod gallery;
mod locate;
mod score;
mod train;

pub use evaluate::evaluate;
pub use gallery::gallery;
pub use locate::locate;
pub use score::score;
pub use train::train;
