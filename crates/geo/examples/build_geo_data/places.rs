//! `places.bin`: the populated places of GeoNames with their divisions, and `countries.csv`.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

pub(crate) struct Town {
    pub(crate) latitude: f64,
    pub(crate) longitude: f64,
    name: String,
    state: String,
    county: String,
    country: String,
    population: u64,
}

pub(crate) fn read(path: &Path) -> Result<Vec<Town>> {
    let text = std::fs::read_to_string(path).with_context(|| path.display().to_string())?;
    let rows: Vec<Value> = serde_json::from_str(&text)?;
    let mut towns = Vec::with_capacity(rows.len());
    for row in &rows {
        let text = |field: &str| row[field].as_str().unwrap_or_default().trim().to_owned();
        towns.push(Town {
            latitude: row["latitude"].as_f64().context("latitude")?,
            longitude: row["longitude"].as_f64().context("longitude")?,
            name: text("city"),
            state: text("state"),
            county: text("county"),
            country: text("country_code"),
            population: row["population"].as_u64().context("population")?,
        });
    }
    Ok(towns)
}

/// Every distinct text once, each as its length (`u8`) and its UTF-8 bytes.
#[derive(Default)]
struct Texts {
    bytes: Vec<u8>,
    offsets: BTreeMap<String, u32>,
}

impl Texts {
    fn offset(&mut self, text: &str) -> Result<u32> {
        if let Some(offset) = self.offsets.get(text) {
            return Ok(*offset);
        }
        let offset = u32::try_from(self.bytes.len())?;
        ensure!(offset < 1 << 24, "the texts need more than 24 bits");
        self.bytes.push(u8::try_from(text.len()).with_context(|| text.to_owned())?);
        self.bytes.extend(text.as_bytes());
        self.offsets.insert(text.to_owned(), offset);
        Ok(offset)
    }
}

pub(crate) fn build(towns: &[Town]) -> Result<Vec<u8>> {
    let mut texts = Texts::default();
    texts.offset("")?;
    let states: BTreeSet<_> = towns.iter().map(|town| (&town.country, &town.state)).collect();
    let states: Vec<_> = states.into_iter().collect();
    let counties: BTreeSet<_> = towns.iter().map(|town| (&town.country, &town.state, &town.county)).collect();
    let counties: Vec<_> = counties.into_iter().collect();

    let mut state_bytes = Vec::new();
    for (country, state) in &states {
        ensure!(country.len() == 2, "country code {country}");
        state_bytes.extend(country.as_bytes());
        state_bytes.extend(texts.offset(state)?.to_le_bytes());
    }
    let mut county_bytes = Vec::new();
    for (country, state, county) in &counties {
        let index = states.binary_search(&(country, state)).ok().context("state")?;
        county_bytes.extend(u16::try_from(index)?.to_le_bytes());
        county_bytes.extend(texts.offset(county)?.to_le_bytes());
    }

    // By cells of one degree, row by row from the south-west; the largest first within a cell.
    let mut order: Vec<_> = towns.iter().map(|town| (cell(town), town)).collect();
    order.sort_by_key(|((row, column), town)| {
        (*row, *column, std::cmp::Reverse(town.population), &town.name, &town.county, &town.state)
    });
    let mut row_starts = Vec::new();
    let mut cells: Vec<(u16, u32)> = Vec::new();
    let mut town_bytes = Vec::new();
    let mut before = None;
    for (index, (place, town)) in order.iter().enumerate() {
        let (row, column) = *place;
        if before != Some(*place) {
            while row_starts.len() <= usize::from(row) {
                row_starts.push(u32::try_from(cells.len())?);
            }
            cells.push((column, u32::try_from(index)?));
            before = Some(*place);
        }
        let within = |value: f64| (((value - value.floor()) * 65_536.0).round() as u32).min(65_535) as u16;
        let county = counties.binary_search(&(&town.country, &town.state, &town.county)).ok();
        town_bytes.extend(within(town.longitude).to_le_bytes());
        town_bytes.extend(within(town.latitude).to_le_bytes());
        let packed = texts.offset(&town.name)? << 8 | u32::from(population_step(town.population));
        town_bytes.extend(packed.to_le_bytes());
        town_bytes.extend(u16::try_from(county.context("county")?)?.to_le_bytes());
    }
    row_starts.resize(181, u32::try_from(cells.len())?);

    let mut bytes = b"GEOPLAC1".to_vec();
    for count in [states.len(), counties.len(), cells.len(), towns.len(), texts.bytes.len()] {
        bytes.extend(u32::try_from(count)?.to_le_bytes());
    }
    bytes.extend(row_starts.into_iter().flat_map(u32::to_le_bytes));
    for (column, start) in cells {
        bytes.extend(column.to_le_bytes());
        bytes.extend(start.to_le_bytes());
    }
    for part in [state_bytes, county_bytes, town_bytes, texts.bytes] {
        bytes.extend(part);
    }
    Ok(bytes)
}

fn cell(town: &Town) -> (u16, u16) {
    ((town.latitude.floor() + 90.0) as u16, (town.longitude.floor() + 180.0) as u16)
}

/// 0 for an unknown population, else `1 + round(8 * log2(population))`: steps of 9 %.
fn population_step(population: u64) -> u8 {
    if population == 0 { 0 } else { (1.0 + (8.0 * (population as f64).log2()).round()) as u8 }
}

/// `CODE,CODE3,name` a line, sorted, without the codes that ISO has withdrawn (AN, CS). Names may have commas.
pub(crate) fn countries(path: &Path) -> Result<Vec<u8>> {
    let text = std::fs::read_to_string(path).with_context(|| path.display().to_string())?;
    let countries: BTreeMap<String, Value> = serde_json::from_str(&text)?;
    let mut lines = String::new();
    for (code, country) in &countries {
        if code != "AN" && code != "CS" {
            let name = country["name"].as_str().context("name")?.trim();
            let long = country["iso3"].as_str().context("iso3")?;
            writeln!(lines, "{code},{long},{}", name.strip_prefix("The ").unwrap_or(name))?;
        }
    }
    Ok(lines.into_bytes())
}
