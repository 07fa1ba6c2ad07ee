//! The database file: its tables, how it is opened, and what it says about itself.

use std::path::{Path, PathBuf};

use contract::{Channel, ChannelSpec};
use rusqlite::{Connection, OptionalExtension, params};

use crate::database::{existing_database, open_to_write};
use crate::error::GalleryError;
use crate::lock::Abilities;
use crate::matrix::VectorPrecision;
use crate::spec::{GallerySpec, SourceKind, SourceSpec};

/// File name within the gallery directory.
pub(crate) const DATABASE: &str = "gallery.sqlite";
/// The newest format that this code reads, and the one it writes.
pub(crate) const FORMAT_VERSION: i64 = 1;
/// `GRkr`, in the database header: marks our files.
const APPLICATION_ID: i64 = 0x4752_6b72;

/// The identity of a gallery without photos.
const NO_CONTENT: &str = "empty";

const TABLES: &str = "
    CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
    CREATE TABLE channels (ordinal INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, dimension INTEGER NOT NULL);
    CREATE TABLE sources (
        ordinal INTEGER PRIMARY KEY, kind TEXT NOT NULL, location TEXT NOT NULL, UNIQUE (kind, location)
    );
    CREATE TABLE photos (
        key INTEGER PRIMARY KEY AUTOINCREMENT,
        id TEXT NOT NULL UNIQUE,
        latitude REAL NOT NULL, longitude REAL NOT NULL,
        neighbourhood TEXT, city TEXT, county TEXT, state TEXT, region TEXT, country TEXT, country_code TEXT,
        author TEXT, licence TEXT, origin TEXT,
        hash INTEGER,
        source INTEGER REFERENCES sources (ordinal), path TEXT
    );
    CREATE INDEX photos_by_path ON photos (source, path);
    CREATE TABLE photo_bytes (key INTEGER PRIMARY KEY REFERENCES photos (key), bytes BLOB NOT NULL);
    CREATE VIRTUAL TABLE photo_locations USING rtree (key, south, north, west, east);
";

/// What the database says about itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Meta {
    pub(crate) name: String,
    pub(crate) encoder_fingerprint: String,
    pub(crate) precision: VectorPrecision,
    pub(crate) channels: Vec<ChannelSpec>,
    pub(crate) sources: Vec<SourceSpec>,
    /// Counts the transactions that changed something.
    pub(crate) generation: u64,
    /// A hash over the history of changes: tells galleries of equal generation apart.
    pub(crate) identity: String,
    pub(crate) photos: usize,
}

/// Name of the table with a channel's vectors.
pub(crate) fn vector_table(ordinal: usize) -> String {
    format!("vectors_{ordinal}")
}

pub(crate) fn database_path(directory: &Path) -> PathBuf {
    directory.join(DATABASE)
}

/// Makes a new database file at `path`, complete or not at all as far as its caller renames it.
pub(crate) fn create(path: &Path, spec: &GallerySpec, abilities: Abilities) -> Result<(), GalleryError> {
    let failed = |error| GalleryError::database(path, error);
    let mut connection = open_to_write(path, abilities, true).map_err(failed)?;
    // Pages of 8 KiB hold several vectors each; the default of 4 KiB would spill most of them.
    connection.pragma_update(None, "page_size", 8192).map_err(failed)?;
    let transaction = connection.transaction().map_err(failed)?;
    fill(&transaction, spec).map_err(failed)?;
    transaction.commit().map_err(failed)?;
    connection.close().map_err(|(_, error)| failed(error))
}

/// A database that is in no file.
pub(crate) fn in_memory(spec: &GallerySpec) -> Result<Connection, GalleryError> {
    let failed = |error| GalleryError::database(Path::new(":memory:"), error);
    let connection = Connection::open_in_memory().map_err(failed)?;
    fill(&connection, spec).map_err(failed)?;
    Ok(connection)
}

fn fill(connection: &Connection, spec: &GallerySpec) -> rusqlite::Result<()> {
    connection.execute_batch(TABLES)?;
    for (ordinal, channel) in spec.channels.iter().enumerate() {
        connection.execute_batch(&format!(
            "CREATE TABLE {} (key INTEGER PRIMARY KEY REFERENCES photos (key), scale REAL, vector BLOB NOT NULL)",
            vector_table(ordinal)
        ))?;
        connection.execute(
            "INSERT INTO channels VALUES (?1, ?2, ?3)",
            params![ordinal as i64, channel.channel.as_str(), channel.dimension as i64],
        )?;
    }
    for source in &spec.sources {
        add_source(connection, source)?;
    }
    for (name, value) in [
        ("encoder_fingerprint", spec.encoder_fingerprint.as_str()),
        ("generation", "0"),
        ("identity", NO_CONTENT),
        ("name", &spec.name),
        ("precision", spec.precision.as_str()),
    ] {
        set_meta(connection, name, value)?;
    }
    connection.pragma_update(None, "application_id", APPLICATION_ID)?;
    connection.pragma_update(None, "user_version", FORMAT_VERSION)
}

/// Adds a source unless it is there, and returns its number.
pub(crate) fn add_source(connection: &Connection, source: &SourceSpec) -> rusqlite::Result<u32> {
    let (kind, location) = (source.kind.as_str(), source.location.as_str());
    let known = connection
        .query_row("SELECT ordinal FROM sources WHERE kind = ?1 AND location = ?2", [kind, location], |row| {
            row.get(0)
        })
        .optional()?;
    if let Some(ordinal) = known {
        return Ok(ordinal);
    }
    let ordinal: u32 = connection.query_row("SELECT count(*) FROM sources", [], |row| row.get(0))?;
    connection.execute("INSERT INTO sources VALUES (?1, ?2, ?3)", params![ordinal, kind, location])?;
    Ok(ordinal)
}

pub(crate) fn set_meta(connection: &Connection, name: &str, value: &str) -> rusqlite::Result<()> {
    connection.execute("INSERT OR REPLACE INTO meta VALUES (?1, ?2)", [name, value]).map(|_| ())
}

/// Opens for writing; rolls back what a killed writer left.
pub(crate) fn open_writer(
    directory: &Path,
    abilities: Abilities,
) -> Result<(Connection, Meta), GalleryError> {
    let path = existing_database(directory)?;
    let failed = |error| GalleryError::database(&path, error);
    let connection = open_to_write(&path, abilities, false).map_err(failed)?;
    let meta = read_meta(&connection, directory)?;
    Ok((connection, meta))
}

/// Reads and checks what the database says about itself.
pub(crate) fn read_meta(connection: &Connection, directory: &Path) -> Result<Meta, GalleryError> {
    let path = database_path(directory);
    let failed = |error| GalleryError::database(&path, error);
    let pragma = |name| connection.pragma_query_value(None, name, |row| row.get::<_, i64>(0)).map_err(failed);
    if pragma("application_id")? != APPLICATION_ID {
        let why = format!("{DATABASE} is a database of another program");
        return Err(GalleryError::NotAGallery { directory: directory.to_path_buf(), why });
    }
    let found = pragma("user_version")?;
    if found > FORMAT_VERSION {
        let directory = directory.to_path_buf();
        return Err(GalleryError::NewerFormat { directory, found, supported: FORMAT_VERSION });
    }
    query_meta(connection).map_err(failed)?.map_err(|why| GalleryError::Damaged { path: path.clone(), why })
}

/// The outer error is the database's, the inner one a field that makes no sense.
fn query_meta(connection: &Connection) -> rusqlite::Result<Result<Meta, String>> {
    let text = |name: &str| {
        connection.query_row("SELECT value FROM meta WHERE name = ?1", [name], |row| row.get::<_, String>(0))
    };
    let channels = connection
        .prepare("SELECT name, dimension FROM channels ORDER BY ordinal")?
        .query_map([], |row| {
            let dimension: i64 = row.get(1)?;
            Ok(ChannelSpec { channel: Channel::new(row.get::<_, String>(0)?), dimension: dimension as usize })
        })?
        .collect::<rusqlite::Result<Vec<_>>>()?;
    let sources = connection
        .prepare("SELECT kind, location FROM sources ORDER BY ordinal")?
        .query_map([], |row| Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?)))?
        .collect::<rusqlite::Result<Vec<_>>>()?;
    let photos: i64 = connection.query_row("SELECT count(*) FROM photos", [], |row| row.get(0))?;
    let (precision, generation) = (text("precision")?, text("generation")?);
    let (name, encoder_fingerprint, identity) =
        (text("name")?, text("encoder_fingerprint")?, text("identity")?);
    Ok((|| {
        let precision = [VectorPrecision::F32, VectorPrecision::Int8]
            .into_iter()
            .find(|known| known.as_str() == precision)
            .ok_or_else(|| format!("unknown vector precision `{precision}`"))?;
        let sources = sources
            .into_iter()
            .map(|(kind, location)| {
                let kind =
                    SourceKind::from_name(&kind).ok_or_else(|| format!("unknown source kind `{kind}`"))?;
                Ok(SourceSpec { kind, location })
            })
            .collect::<Result<Vec<_>, String>>()?;
        let generation =
            generation.parse().map_err(|_| format!("generation `{generation}` is not a number"))?;
        let photos = photos as usize;
        Ok(Meta { name, encoder_fingerprint, precision, channels, sources, generation, identity, photos })
    })())
}
