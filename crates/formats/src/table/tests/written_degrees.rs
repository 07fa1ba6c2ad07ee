//! Case: degrees with signs, letters, minutes and seconds.

use super::{complaint, photos};

fn place(latitude: &str, longitude: &str) -> Result<(f64, f64), String> {
    let quoted = |text: &str| format!("\"{}\"", text.replace('"', "\"\""));
    let mut rows = photos(format!("IMG_ID,LAT,LON\na,{},{}\n", quoted(latitude), quoted(longitude)));
    let row = rows.remove(0).map_err(|error| error.to_string())?;
    Ok((row.location.latitude(), row.location.longitude()))
}

#[test]
fn what_can_be_read_in_one_way_is_read() {
    let paris = 48.0 + 51.0 / 60.0 + 29.76 / 3600.0;
    for text in [
        "48\u{b0}51'29.76\"N",
        "48\u{b0}51'29.76\" N",
        "48\u{b0} 51\u{2032} 29.76\u{2033} N",
        "48\u{b0}51\u{2019}29.76\u{201d}N",
        "48\u{ba}51'29.76''N",
        "N 48\u{b0}51'29,76\"",
        "n48 51 29.76",
        "48 51 29.76 N",
        "48 51 29.76",
        "48:51:29.76",
        "48:51:29.76 North",
        "48 deg 51' 29.76\" N",
        "48d51m29.76 N",
        "48\u{a0}\u{b0}\u{202f}51\u{2009}' 29.76\" Nord",
        "48\u{b0}51.496'N",
        "48 51.496 N",
        "+48\u{b0}51'29.76\"",
    ] {
        let (latitude, _) = place(text, "2").unwrap_or_else(|error| panic!("{error}"));
        assert!((latitude - paris).abs() < 1e-12, "{text}: {latitude}");
    }
    for (text, degrees) in [
        ("33.5S", -33.5),
        ("S33.5", -33.5),
        ("33.5 s", -33.5),
        ("-33.5", -33.5),
        ("\u{2212}33.5", -33.5),
        ("- 33.5", -33.5),
        ("\u{2013}33,5", -33.5),
        ("-33.5 S", -33.5),
        ("33\u{b0}30' Sud", -33.5),
        ("-0\u{b0}30'", -0.5),
        ("0 30 0 S", -0.5),
        ("\u{a0}33.5\u{202f}", 33.5),
        ("33.5\u{b0}", 33.5),
        ("3.35e1", 33.5),
        ("3,35E+01", 33.5),
        ("+33.5", 33.5),
        (".5", 0.5),
    ] {
        assert_eq!(place(text, "2").map(|place| place.0), Ok(degrees), "{text}");
    }
    for (text, degrees) in
        [("2.25W", -2.25), ("2.25 Ouest", -2.25), ("2.25 Ost", 2.25), ("E2.25", 2.25), ("2\u{b0}15'w", -2.25)]
    {
        assert_eq!(place("1", text).map(|place| place.1), Ok(degrees), "{text}");
    }
}

#[test]
fn what_has_two_readings_or_none_is_refused() {
    for (latitude, longitude, what) in [
        ("1", "2.25 O", "\"2.25 O\" does not say which hemisphere"),
        ("2.25E", "48.5N", "\"2.25E\" is a longitude, by its letter"),
        ("48.5", "2.25N", "\"2.25N\" is a latitude, by its letter"),
        ("-48.5 N", "2", "\"-48.5 N\" has a sign or a letter that contradicts another"),
        ("+48.5 S", "2", "contradicts another"),
        ("48\u{b0}75'N", "2", "has minutes or seconds that are not below 60"),
        ("48 51 61 N", "2", "has minutes or seconds that are not below 60"),
        ("90\u{b0}30'N", "2", "is not a latitude from -90 to 90"),
        ("48.5 X", "2", "is not a number"),
        ("48.5\u{b0}30'", "2", "is not a number"),
        ("48 51", "2", "is not a number"),
        ("48'51\"", "2", "is not a number"),
        ("48\u{b0}51\"", "2", "is not a number"),
        ("N48.5S", "2", "is not a number"),
        ("48 858 267", "2", "separators of thousands"),
        ("48,858,267", "2", "separators of thousands"),
        ("48.858.267", "2", "separators of thousands"),
        ("1.234,5", "2", "separators of thousands"),
        ("48'858'267", "2", "separators of thousands"),
        ("488566", "2", "is not a latitude from -90 to 90: the decimal point seems to be lost"),
        ("4,89E+07", "2", "the decimal point seems to be lost"),
        ("1", "2294500", "is not a longitude from -180 to 180: the decimal point seems to be lost"),
        ("5411943.79", "448251.8", "it seems to be metres of a map projection"),
        ("1", "358.2", "it seems to count from 0 to 360"),
        ("1", "-200", "more than half way around the Earth"),
        ("#####", "2", "a spreadsheet put an error"),
        ("#REF!", "2", "a spreadsheet put an error"),
        ("=A1", "2", "a formula"),
        ("NULL", "2", "a missing value"),
        ("N/A", "2", "a missing value"),
        ("02. Mrz", "2", "a date"),
        ("48/85", "2", "a date"),
        ("2024-03-02", "2", "a date"),
    ] {
        let error = place(latitude, longitude).expect_err(latitude);
        assert!(error.contains(what), "{latitude} {longitude}: {error}");
    }
}

#[test]
fn decimal_commas_between_separating_commas_are_explained() {
    let (said, hint) = complaint(photos("IMG_ID,LAT,LON\na.jpg,48,858267,2,2945\n"));
    assert_eq!(
        said,
        "t.csv, line 2: 5 fields, but the header has 3; commas seem to separate the columns and the decimals"
    );
    assert!(hint.contains("semicolons"), "{hint}");
    let (said, _) = complaint(photos("IMG_ID,LAT,LON\na.jpg;48.5;2.25\n"));
    assert_eq!(said, "t.csv, line 2: 1 field, but the header has 3; this row is separated by semicolons");
}
