"""What a country name in the source means for a letter: ISO code, language, time zone."""

from typing import NamedTuple


class Country(NamedTuple):
    code: str
    language: str
    timezone: str


UNKNOWN = Country("", "en", "Europe/London")

# The source's own names. Language: what a shop would write in, out of the languages it has mail in.
COUNTRIES: dict[str, Country] = {
    "Australia": Country("AU", "en", "Australia/Sydney"),
    "Austria": Country("AT", "de", "Europe/Vienna"),
    "Bahrain": Country("BH", "ar", "Asia/Bahrain"),
    "Belgium": Country("BE", "fr", "Europe/Brussels"),
    "Brazil": Country("BR", "en", "America/Sao_Paulo"),
    "Canada": Country("CA", "en", "America/Toronto"),
    "Channel Islands": Country("JE", "en", "Europe/Jersey"),
    "Cyprus": Country("CY", "en", "Asia/Nicosia"),
    "Czech Republic": Country("CZ", "en", "Europe/Prague"),
    "Denmark": Country("DK", "en", "Europe/Copenhagen"),
    "EIRE": Country("IE", "en", "Europe/Dublin"),
    "European Community": UNKNOWN,
    "Finland": Country("FI", "en", "Europe/Helsinki"),
    "France": Country("FR", "fr", "Europe/Paris"),
    "Germany": Country("DE", "de", "Europe/Berlin"),
    "Greece": Country("GR", "en", "Europe/Athens"),
    "Hong Kong": Country("HK", "en", "Asia/Hong_Kong"),
    "Iceland": Country("IS", "en", "Atlantic/Reykjavik"),
    "Israel": Country("IL", "he", "Asia/Jerusalem"),
    "Italy": Country("IT", "en", "Europe/Rome"),
    "Japan": Country("JP", "en", "Asia/Tokyo"),
    "Lebanon": Country("LB", "ar", "Asia/Beirut"),
    "Lithuania": Country("LT", "en", "Europe/Vilnius"),
    "Malta": Country("MT", "en", "Europe/Malta"),
    "Netherlands": Country("NL", "en", "Europe/Amsterdam"),
    "Norway": Country("NO", "en", "Europe/Oslo"),
    "Poland": Country("PL", "en", "Europe/Warsaw"),
    "Portugal": Country("PT", "en", "Europe/Lisbon"),
    "RSA": Country("ZA", "en", "Africa/Johannesburg"),
    "Saudi Arabia": Country("SA", "ar", "Asia/Riyadh"),
    "Singapore": Country("SG", "en", "Asia/Singapore"),
    "Spain": Country("ES", "en", "Europe/Madrid"),
    "Sweden": Country("SE", "en", "Europe/Stockholm"),
    "Switzerland": Country("CH", "de", "Europe/Zurich"),
    "USA": Country("US", "en", "America/New_York"),
    "United Arab Emirates": Country("AE", "ar", "Asia/Dubai"),
    "United Kingdom": Country("GB", "en", "Europe/London"),
    "Unspecified": UNKNOWN,
}
_BY_CODE = {country.code: country for country in COUNTRIES.values()}


def find_country(name: str) -> Country:
    """By the source's name; a name nobody knows counts as unknown, never as an error."""
    return COUNTRIES.get(name, UNKNOWN)


def read_code(code: str) -> Country:
    """By ISO code; the empty code is the unknown country."""
    return _BY_CODE.get(code, UNKNOWN)
