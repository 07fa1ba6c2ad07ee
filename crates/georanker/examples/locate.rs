//! Where was this photo taken?
//!
//!     cargo run --release -p georanker --example locate -- samples/temples.jpg
#![allow(clippy::print_stdout, reason = "an example that prints an answer")]

use georanker::{Confidence, Locator};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let photo = std::env::args().nth(1).unwrap_or_else(|| "samples/temples.jpg".to_owned());
    let answer = Locator::open_default()?.locate_file(&photo)?;
    println!("{photo}: {}, {}", answer.place.label(), answer.location);
    for (radius, confidence) in answer.confidence.iter().flat_map(Confidence::by_radius) {
        println!("  within {radius:>4} km: {:3.0} %", 100.0 * confidence);
    }
    Ok(())
}
