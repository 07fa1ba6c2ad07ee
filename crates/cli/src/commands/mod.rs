//! What each command does.

#[cfg(feature = "train")]
mod curate;
mod doctor;
mod evaluate;
mod gallery;
mod gallery_places;
#[cfg(feature = "lvlm")]
mod generate;
#[cfg(feature = "lvlm")]
mod generated;
mod locate;
#[cfg(feature = "train")]
mod pack;
#[cfg(feature = "pull")]
mod packs;
#[cfg(feature = "pull")]
mod pull;
#[cfg(feature = "lvlm")]
mod score;
#[cfg(feature = "train")]
mod train;
#[cfg(not(feature = "lvlm"))]
mod without_models;

#[cfg(feature = "train")]
pub use curate::curate;
pub use doctor::doctor;
pub use evaluate::evaluate;
pub use gallery::gallery;
#[cfg(feature = "lvlm")]
pub use generate::generate;
pub use locate::locate;
#[cfg(feature = "train")]
pub use pack::pack;
#[cfg(feature = "pull")]
pub use packs::packs;
#[cfg(feature = "pull")]
pub use pull::pull;
#[cfg(feature = "lvlm")]
pub use score::score;
#[cfg(feature = "train")]
pub use train::train;
