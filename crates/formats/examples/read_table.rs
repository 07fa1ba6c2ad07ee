//! Reads a photo table and says how many rows it holds and how long that took: the measurement behind the claim that
//! reading is fast. `cargo run --release --example read_table -- TABLE`.
use std::time::Instant;

use formats::table::PhotoTable;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    for path in std::env::args_os().skip(1) {
        let start = Instant::now();
        let (mut rows, mut sum) = (0_u64, 0.0);
        for row in PhotoTable::open(&path)? {
            let row = row?;
            rows += 1;
            sum += row.location.latitude() + row.location.longitude();
        }
        eprintln!("{}: {rows} rows, sum {sum:.3}, {:.3} s", path.display(), start.elapsed().as_secs_f64());
    }
    Ok(())
}
