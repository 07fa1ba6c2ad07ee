//! The country at places close to borders, in enclaves and exclaves, on islands and in disputed areas.

use geo::{LatLon, Place, Region, ReverseGeocoder};

type Known = (f64, f64, Option<&'static str>, &'static str);

/// Places whose country people got wrong from other tools.
#[rustfmt::skip]
const REPORTED: &[Known] = &[
    (59.09735, 11.2577, Some("NO"), "Sponvika"),
    (58.937, 11.174, Some("SE"), "Strömstad"),
    (51.4406, 4.9293, Some("BE"), "Baarle-Hertog church: Belgian exclave in the Netherlands"),
    (51.447, 4.929, Some("NL"), "Baarle-Nassau centre"),
    (47.6969, 8.6905, Some("DE"), "Büsingen: German exclave in Switzerland"),
    (45.97, 8.9708, Some("IT"), "Campione d'Italia: exclave in Switzerland"),
    (42.4633, 1.9808, Some("ES"), "Llivia: exclave in France"),
    (35.8894, -5.3213, Some("ES"), "Ceuta"),
    (35.2923, -2.9381, Some("ES"), "Melilla"),
    (36.1408, -5.3536, Some("GI"), "Gibraltar"),
    (36.163, -5.349, Some("ES"), "La Linea"),
    (54.7104, 20.4522, Some("RU"), "Kaliningrad"),
    (39.2089, 45.4122, Some("AZ"), "Nakhchivan"),
    (26.2, 56.13, Some("OM"), "Khasab: Musandam exclave"),
    (25.2816, 56.287, Some("OM"), "Madha: Omani exclave in the Emirates"),
    (25.2738, 56.2709, Some("AE"), "Nahwa: Emirati enclave inside Madha"),
    (42.6629, 21.1655, Some("XK"), "Pristina"),
    (25.033, 121.5654, Some("TW"), "Taipei"),
    (22.1987, 113.5439, Some("MO"), "Macao"),
    (22.5431, 114.0579, Some("CN"), "Shenzhen, 3 km from Hong Kong"),
    (44.9572, 34.1108, Some("UA"), "Simferopol"),
    (27.1418, -13.188, Some("EH"), "Laayoune"),
    (35.169, 33.364, Some("CY"), "Nicosia, south"),
    (35.19, 33.363, Some("CY"), "Nicosia, north"),
    (42.2249, 43.9701, Some("GE"), "Tskhinvali"),
    (43.0015, 41.0234, Some("GE"), "Sukhumi"),
    (46.8403, 29.6433, Some("MD"), "Tiraspol"),
    (34.0837, 74.7973, Some("IN"), "Srinagar"),
    (-51.6977, -57.8517, Some("FK"), "Stanley"),
    (-7.3195, 72.4113, Some("IO"), "Diego Garcia"),
    (12.1784, -68.2385, Some("BQ"), "Bonaire"),
    (18.0708, -63.0501, Some("MF"), "Saint Martin, French side"),
    (18.0296, -63.0471, Some("SX"), "Sint Maarten, Dutch side"),
    (5.1617, -52.6503, Some("GF"), "Kourou"),
    (-21.1151, 55.5364, Some("RE"), "Reunion"),
    (78.2232, 15.6469, Some("SJ"), "Longyearbyen"),
    (62.0079, -6.79, Some("FO"), "Torshavn"),
    (-16.78, 179.98, Some("FJ"), "Taveuni, east of 180"),
    (-16.7, -179.99, Some("FJ"), "Fiji, west of 180"),
    (64.7337, 177.4968, Some("RU"), "Anadyr"),
    (65.58, -171.03, Some("RU"), "Chukotka, west longitude"),
    (51.88, -176.65, Some("US"), "Adak"),
    (52.83, 173.18, Some("US"), "Attu, east longitude"),
    (-90.0, 0.0, Some("AQ"), "South Pole"),
    (90.0, 0.0, None, "North Pole: sea"),
    (0.0, 0.0, None, "Gulf of Guinea: sea"),
    (-77.8463, 166.6683, Some("AQ"), "McMurdo"),
    (45.0, -40.0, None, "mid Atlantic"),
    (41.9022, 12.4539, Some("VA"), "Vatican City"),
    (43.7384, 7.4246, Some("MC"), "Monaco"),
    (43.749, 7.426, Some("FR"), "Beausoleil, 1 km from Monaco"),
];

/// Both sides of borders all over the world.
#[rustfmt::skip]
const OTHERS: &[Known] = &[
    (47.6959, 8.635, Some("CH"), "Schaffhausen, west of Büsingen"),
    (47.696, 8.756, Some("DE"), "Gailingen, east of Büsingen"),
    (47.689, 8.749, Some("CH"), "Diessenhofen"),
    (46.0037, 8.9511, Some("CH"), "Lugano, across the lake from Campione"),
    (45.9525, 8.967, Some("CH"), "Bissone"),
    (42.4317, 1.9283, Some("ES"), "Puigcerdà"),
    (42.459, 2.039, Some("FR"), "Saillagouse, east of Llívia"),
    (35.849, -5.357, Some("MA"), "Fnideq, south of Ceuta"),
    (35.263, -2.933, Some("MA"), "Beni Ensar, at Melilla"),
    (55.078, 21.882, Some("RU"), "Sovetsk"),
    (55.087, 21.903, Some("LT"), "Panemunė"),
    (38.908, 46.023, Some("AZ"), "Ordubad"),
    (38.903, 46.245, Some("AM"), "Meghri"),
    (38.937, 45.633, Some("IR"), "Jolfa"),
    (-9.198, 124.358, Some("TL"), "Pante Macassar, Oecusse"),
    (-9.446, 124.478, Some("ID"), "Kefamenanu, south of Oecusse"),
    (-9.106, 124.892, Some("ID"), "Atambua"),
    (-5.556, 12.19, Some("AO"), "Cabinda"),
    (-5.923, 12.355, Some("CD"), "Muanda"),
    (-4.779, 11.863, Some("CG"), "Pointe-Noire"),
    (41.9022, 12.4573, Some("VA"), "Saint Peter's Square"),
    (41.9031, 12.4663, Some("IT"), "Castel Sant'Angelo"),
    (43.942, 12.447, Some("SM"), "Borgo Maggiore"),
    (44.059, 12.568, Some("IT"), "Rimini"),
    (43.7285, 7.416, Some("MC"), "Fontvieille"),
    (43.721, 7.406, Some("FR"), "Cap-d'Ail"),
    (43.757, 7.47, Some("FR"), "Roquebrune-Cap-Martin"),
    (47.141, 9.521, Some("LI"), "Vaduz"),
    (47.166, 9.479, Some("CH"), "Buchs"),
    (47.237, 9.598, Some("AT"), "Feldkirch"),
    (-29.315, 27.486, Some("LS"), "Maseru"),
    (-29.194, 27.46, Some("ZA"), "Ladybrand"),
    (-29.289, 29.068, Some("LS"), "Mokhotlong"),
    (36.111, -5.3465, Some("GI"), "Europa Point"),
    (22.501, 114.128, Some("HK"), "Sheung Shui"),
    (22.533, 114.055, Some("CN"), "Futian"),
    (22.156, 113.558, Some("MO"), "Taipa"),
    (22.222, 113.548, Some("CN"), "Gongbei"),
    (60.097, 19.935, Some("AX"), "Mariehamn"),
    (60.4518, 22.2666, Some("FI"), "Turku"),
    (35.501, 12.609, Some("IT"), "Lampedusa"),
    (36.15, 29.59, Some("GR"), "Kastellorizo"),
    (36.201, 29.638, Some("TR"), "Kaş"),
    (37.757, 26.977, Some("GR"), "Samos"),
    (37.858, 27.26, Some("TR"), "Kuşadası"),
    (1.1301, 104.0529, Some("ID"), "Batam"),
    (46.779, -56.177, Some("PM"), "Saint-Pierre"),
    (49.187, -2.107, Some("JE"), "Saint Helier"),
    (49.456, -2.539, Some("GG"), "Saint Peter Port"),
    (54.152, -4.486, Some("IM"), "Douglas"),
    (32.295, -64.783, Some("BM"), "Hamilton"),
    (-10.428, 105.67, Some("CX"), "Christmas Island"),
    (-27.15, -109.43, Some("CL"), "Easter Island"),
    (-37.068, -12.311, Some("SH"), "Tristan da Cunha"),
    (13.474, 144.748, Some("GU"), "Guam"),
    (-12.78, 45.228, Some("YT"), "Mayotte"),
    (12.524, -70.027, Some("AW"), "Aruba"),
    (17.896, -62.85, Some("BL"), "Gustavia"),
    (-54.281, -36.509, Some("GS"), "Grytviken"),
    (-49.35, 70.22, Some("TF"), "Port-aux-Français"),
    (65.835, 24.137, Some("SE"), "Haparanda"),
    (65.848, 24.146, Some("FI"), "Tornio"),
    (59.377, 28.19, Some("EE"), "Narva"),
    (59.37, 28.223, Some("RU"), "Ivangorod"),
    (57.7778, 26.0473, Some("EE"), "Valga"),
    (57.7753, 26.0101, Some("LV"), "Valka"),
    (51.153, 14.987, Some("DE"), "Görlitz"),
    (51.15, 15.008, Some("PL"), "Zgorzelec"),
    (49.75, 18.633, Some("PL"), "Cieszyn"),
    (49.746, 18.624, Some("CZ"), "Český Těšín"),
    (45.941, 13.622, Some("IT"), "Gorizia"),
    (45.956, 13.648, Some("SI"), "Nova Gorica"),
    (47.763, 18.128, Some("SK"), "Komárno"),
    (47.743, 18.119, Some("HU"), "Komárom"),
    (43.096, -79.038, Some("US"), "Niagara Falls, New York"),
    (43.09, -79.085, Some("CA"), "Niagara Falls, Ontario"),
    (31.759, -106.487, Some("US"), "El Paso"),
    (31.737, -106.485, Some("MX"), "Ciudad Juárez"),
    (45.005, -72.099, Some("US"), "Derby Line"),
    (45.013, -72.095, Some("CA"), "Stanstead"),
    (-25.547, -54.588, Some("BR"), "Foz do Iguaçu"),
    (-25.509, -54.611, Some("PY"), "Ciudad del Este"),
    (-25.599, -54.574, Some("AR"), "Puerto Iguazú"),
    (-4.253, -69.938, Some("BR"), "Tabatinga"),
    (-4.215, -69.941, Some("CO"), "Leticia"),
    (-4.3, 15.3, Some("CD"), "Kinshasa"),
    (-4.27, 15.28, Some("CG"), "Brazzaville"),
    (29.532, 35.006, Some("JO"), "Aqaba"),
    (29.558, 34.948, Some("IL"), "Eilat"),
    (29.492, 34.896, Some("EG"), "Taba"),
];

/// What the documentation says about disputed areas: a choice, not a judgement.
#[rustfmt::skip]
const DISPUTED: &[Known] = &[
    (44.9572, 34.1108, Some("UA"), "Simferopol"),
    (48.0159, 37.8028, Some("UA"), "Donetsk"),
    (27.1418, -13.188, Some("EH"), "Laayoune"),
    (23.6848, -15.958, Some("EH"), "Dakhla"),
    (42.6629, 21.1655, Some("XK"), "Pristina"),
    (25.033, 121.5654, Some("TW"), "Taipei"),
    (24.4493, 118.3767, Some("TW"), "Kinmen"),
    (35.19, 33.363, Some("CY"), "Nicosia, north"),
    (35.3364, 33.3192, Some("CY"), "Kyrenia"),
    (43.0015, 41.0234, Some("GE"), "Sukhumi"),
    (46.8403, 29.6433, Some("MD"), "Tiraspol"),
    (34.0837, 74.7973, Some("IN"), "Srinagar"),
    (34.359, 73.471, Some("PK"), "Muzaffarabad"),
    (27.5861, 91.8594, Some("IN"), "Tawang"),
    (35.2, 79.2, Some("CN"), "Aksai Chin"),
    (31.7783, 35.2297, Some("IL"), "East Jerusalem"),
    (32.9925, 35.689, Some("IL"), "Katzrin, Golan Heights"),
    (31.7054, 35.2024, Some("PS"), "Bethlehem"),
    (31.5017, 34.4668, Some("PS"), "Gaza"),
    (-51.6977, -57.8517, Some("FK"), "Stanley"),
    (-7.3195, 72.4113, Some("IO"), "Diego Garcia"),
    (-65.2456, -64.2575, Some("AQ"), "Vernadsky station"),
];

fn at(latitude: f64, longitude: f64) -> LatLon {
    LatLon::new(latitude, longitude).expect("a coordinate")
}

/// All places that are wrong, not the first.
fn check(places: &[Known]) {
    let found = |latitude, longitude| ReverseGeocoder::embedded().country_code(at(latitude, longitude));
    let wrong: Vec<_> = places
        .iter()
        .filter(|(latitude, longitude, code, _)| found(*latitude, *longitude) != *code)
        .map(|place| (place, found(place.0, place.1)))
        .collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn reported_places_are_right() {
    check(REPORTED);
}

#[test]
fn both_sides_of_borders_are_right() {
    check(OTHERS);
}

#[test]
fn disputed_areas_are_as_documented() {
    check(DISPUTED);
}

#[test]
fn full_places_agree_with_the_country() {
    let geocoder = ReverseGeocoder::embedded();
    for (latitude, longitude, code, what) in REPORTED.iter().chain(OTHERS) {
        let point = at(*latitude, *longitude);
        assert_eq!(geocoder.place(point).country_code.as_deref(), *code, "{what}");
        // Whatever the country, a region that names it contains the place, and so does one prepared for many.
        if let Some(code) = code {
            let region: Region = code.parse().expect("a country code");
            let place = Place { country_code: Some((*code).to_owned()), ..Place::default() };
            assert!(region.contains(point, &place) && region.matcher().contains(point, Some(code)), "{what}");
        }
    }
}
