//! The messages of the cases, word by word: `messages.txt` holds each input with message and hint, for reading through.

use std::fmt::Write as _;

use super::{complaint, photos};

const INPUTS: [&str; 37] = [
    "",
    "IMG_ID,y,x\n",
    "a.jpg,48.5,2.25\n",
    "IMG_ID LAT LON\n",
    "id,filename,lat,lon\n",
    "IMG_ID,lat,latitude,lon\n",
    "IMG_ID,LAT,LON,LAT\n",
    "My photos\nIMG_ID,LAT,LON\n",
    "{\"IMG_ID\": 1}\n",
    "<html>\n",
    "PK\u{3}\u{4}xl/workbook.xml",
    "PAR1\u{15}\0",
    "IMG_ID,LAT,LON\na,48,5,2,25\n",
    "IMG_ID,LAT,LON\na;48.5;2.25\n",
    "IMG_ID,LAT,LON\na,48.5\n",
    "IMG_ID,LAT,LON\n,48.5,2.25\n",
    "IMG_ID,LAT,LON\na,488566,2.25\n",
    "IMG_ID,LAT,LON\na,48.5,358.2\n",
    "IMG_ID,LAT,LON\na,48.5,-200\n",
    "IMG_ID,LAT,LON\na,151.2,-33.8\n",
    "IMG_ID,LAT,LON\na,5411943.79,448251.80\n",
    "IMG_ID,LAT,LON\na,48.858.267,2.25\n",
    "IMG_ID,LAT,LON\na,NULL,NULL\n",
    "IMG_ID,LAT,LON\na,#####,2.25\n",
    "IMG_ID,LAT,LON\na,48.5,25. Feb\n",
    "IMG_ID,LAT,LON\na,48.5,2.25 O\n",
    "IMG_ID,LAT,LON\na,2.25E,48.5N\n",
    "IMG_ID,LAT,LON\na,-48.5 N,2.25\n",
    "IMG_ID,LAT,LON\na,48 75 0 N,2.25\n",
    "IMG_ID,LAT,LON\na,48.5,\n",
    "IMG_ID,LAT,LON\na,nan,nan\n",
    "IMG_ID,coordinates\na,48.5\n",
    "IMG_ID;coordinates\na;\"48,5,2,25\"\n",
    "IMG_ID,lonlat\na,\"2.25, 148.5\"\n",
    "IMG_ID,lonlat\na,2.25\n",
    "IMG_ID,LAT,LON,precision_km\na,48.5,2.25,-5\n",
    "IMG_ID,LAT,LON,precision_km\na,48.5,2.25,about 5\n",
];

#[test]
fn messages_and_hints_are_those_that_were_read_through() {
    let mut all = String::new();
    for input in INPUTS {
        let (said, hint) = complaint(photos(input));
        writeln!(all, "{input:?}\n  {said}\n  hint: {hint}\n").unwrap();
    }
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/src/table/tests/messages.txt");
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(path, &all).unwrap();
    }
    let expected = std::fs::read_to_string(path).unwrap();
    for (found, expected) in all.split("\n\n").zip(expected.split("\n\n")) {
        assert_eq!(found, expected);
    }
    assert_eq!(all, expected);
}
