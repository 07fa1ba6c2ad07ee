//! What each command does.

mod evaluate;
mod gallery;
mod locate;

pub use evaluate::evaluate;
pub use gallery::gallery;
pub use locate::locate;
