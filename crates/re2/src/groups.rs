//! The named classes that RE2 knows.

/// Code points from and to, both included.
type Ranges = &'static [(u32, u32)];

const DIGIT: Ranges = &[(0x30, 0x39)];
const UPPER: Ranges = &[(0x41, 0x5a)];
const LOWER: Ranges = &[(0x61, 0x7a)];
const ALPHA: Ranges = &[(0x41, 0x5a), (0x61, 0x7a)];
const ALNUM: Ranges = &[(0x30, 0x39), (0x41, 0x5a), (0x61, 0x7a)];
const WORD: Ranges = &[(0x30, 0x39), (0x41, 0x5a), (0x5f, 0x5f), (0x61, 0x7a)];
const SPACE: Ranges = &[(0x09, 0x0d), (0x20, 0x20)];
/// Perl's has no vertical tab.
const PERL_SPACE: Ranges = &[(0x09, 0x0a), (0x0c, 0x0d), (0x20, 0x20)];
const PUNCT: Ranges = &[(0x21, 0x2f), (0x3a, 0x40), (0x5b, 0x60), (0x7b, 0x7e)];
const XDIGIT: Ranges = &[(0x30, 0x39), (0x41, 0x46), (0x61, 0x66)];

/// Name, name of the complement, members.
pub(crate) const PERL: [(&str, &str, Ranges); 3] =
    [("\\d", "\\D", DIGIT), ("\\s", "\\S", PERL_SPACE), ("\\w", "\\W", WORD)];

/// The members of `[:name:]`.
pub(crate) fn posix(name: &str) -> Option<Ranges> {
    Some(match name {
        "alnum" => ALNUM,
        "alpha" => ALPHA,
        "ascii" => &[(0, 0x7f)],
        "blank" => &[(0x09, 0x09), (0x20, 0x20)],
        "cntrl" => &[(0, 0x1f), (0x7f, 0x7f)],
        "digit" => DIGIT,
        "graph" => &[(0x21, 0x7e)],
        "lower" => LOWER,
        "print" => &[(0x20, 0x7e)],
        "punct" => PUNCT,
        "space" => SPACE,
        "upper" => UPPER,
        "word" => WORD,
        "xdigit" => XDIGIT,
        _ => return None,
    })
}

/// The size of `\p{name}`: the most instructions it takes, negated and case-folded or not.
pub(crate) fn unicode(name: &str) -> Option<u16> {
    let row = UNICODE.binary_search_by(|(known, _)| known.as_bytes().cmp(name.as_bytes())).ok()?;
    UNICODE.get(row).map(|&(_, size)| size)
}

/// Unicode's general categories and scripts with their measured program sizes, sorted by name; all of them are known to Envoy 1.40.
#[rustfmt::skip]
const UNICODE: &[(&str, u16)] = &[
    ("Adlam", 25), ("Ahom", 26), ("Anatolian_Hieroglyphs", 23), ("Any", 11), ("Arabic", 122),
    ("Armenian", 31), ("Avestan", 22), ("Balinese", 23), ("Bamum", 31), ("Bassa_Vah", 25), ("Batak", 22),
    ("Bengali", 34), ("Bhaiksuki", 27), ("Bopomofo", 31), ("Brahmi", 23), ("Braille", 21), ("Buginese", 23),
    ("Buhid", 22), ("C", 108), ("Canadian_Aboriginal", 30), ("Carian", 24), ("Caucasian_Albanian", 25),
    ("Cc", 19), ("Cf", 102), ("Chakma", 25), ("Cham", 27), ("Cherokee", 31), ("Chorasmian", 23), ("Co", 25),
    ("Common", 407), ("Coptic", 27), ("Cs", 20), ("Cuneiform", 28), ("Cypriot", 26), ("Cypro_Minoan", 24),
    ("Cyrillic", 61), ("Deseret", 22), ("Devanagari", 33), ("Dives_Akuru", 31), ("Dogra", 23),
    ("Duployan", 28), ("Egyptian_Hieroglyphs", 22), ("Elbasan", 22), ("Elymaic", 22), ("Ethiopic", 86),
    ("Georgian", 38), ("Glagolitic", 32), ("Gothic", 24), ("Grantha", 38), ("Greek", 97), ("Gujarati", 34),
    ("Gunjala_Gondi", 30), ("Gurmukhi", 37), ("Han", 84), ("Hangul", 64), ("Hanifi_Rohingya", 23),
    ("Hanunoo", 23), ("Hatran", 24), ("Hebrew", 36), ("Hiragana", 42), ("Imperial_Aramaic", 23),
    ("Inherited", 128), ("Inscriptional_Pahlavi", 23), ("Inscriptional_Parthian", 23), ("Javanese", 25),
    ("Kaithi", 24), ("Kannada", 33), ("Katakana", 63), ("Kawi", 26), ("Kayah_Li", 24), ("Kharoshthi", 30),
    ("Khitan_Small_Script", 29), ("Khmer", 27), ("Khojki", 25), ("Khudawadi", 26), ("L", 1203), ("Lao", 33),
    ("Latin", 113), ("Lepcha", 25), ("Limbu", 27), ("Linear_A", 25), ("Linear_B", 29), ("Lisu", 30),
    ("Ll", 888), ("Lm", 256), ("Lo", 999), ("Lt", 37), ("Lu", 850), ("Lycian", 22), ("Lydian", 23),
    ("M", 748), ("Mahajani", 24), ("Makasar", 24), ("Malayalam", 26), ("Mandaic", 21), ("Manichaean", 23),
    ("Marchen", 27), ("Masaram_Gondi", 30), ("Mc", 433), ("Me", 41), ("Medefaidrin", 23),
    ("Meetei_Mayek", 28), ("Mende_Kikakui", 24), ("Meroitic_Cursive", 25), ("Meroitic_Hieroglyphs", 22),
    ("Miao", 26), ("Mn", 817), ("Modi", 24), ("Mongolian", 35), ("Mro", 25), ("Multani", 27), ("Myanmar", 31),
    ("N", 476), ("Nabataean", 23), ("Nag_Mundari", 24), ("Nandinagari", 27), ("Nd", 269), ("New_Tai_Lue", 26),
    ("Newa", 24), ("Nko", 19), ("Nl", 68), ("No", 278), ("Nushu", 31), ("Nyiakeng_Puachue_Hmong", 27),
    ("Ogham", 22), ("Ol_Chiki", 22), ("Old_Hungarian", 24), ("Old_Italic", 23), ("Old_North_Arabian", 22),
    ("Old_Permic", 23), ("Old_Persian", 25), ("Old_Sogdian", 22), ("Old_South_Arabian", 22),
    ("Old_Turkic", 22), ("Old_Uyghur", 24), ("Oriya", 35), ("Osage", 25), ("Osmanya", 23), ("P", 581),
    ("Pahawh_Hmong", 28), ("Palmyrene", 22), ("Pau_Cin_Hau", 23), ("Pc", 37), ("Pd", 76), ("Pe", 158),
    ("Pf", 37), ("Phags_Pa", 23), ("Phoenician", 23), ("Pi", 38), ("Po", 554), ("Ps", 162),
    ("Psalter_Pahlavi", 24), ("Rejang", 26), ("Runic", 25), ("S", 559), ("Samaritan", 20), ("Saurashtra", 24),
    ("Sc", 100), ("Sharada", 23), ("Shavian", 22), ("Siddham", 25), ("SignWriting", 25), ("Sinhala", 41),
    ("Sk", 101), ("Sm", 173), ("So", 439), ("Sogdian", 24), ("Sora_Sompeng", 25), ("Soyombo", 25),
    ("Sundanese", 23), ("Syloti_Nagri", 23), ("Syriac", 27), ("Tagalog", 23), ("Tagbanwa", 25),
    ("Tai_Le", 24), ("Tai_Tham", 29), ("Tai_Viet", 24), ("Takri", 25), ("Tamil", 42), ("Tangsa", 27),
    ("Tangut", 30), ("Telugu", 32), ("Thaana", 20), ("Thai", 23), ("Tibetan", 27), ("Tifinagh", 26),
    ("Tirhuta", 24), ("Toto", 24), ("Ugaritic", 23), ("Vai", 23), ("Vithkuqi", 31), ("Wancho", 23),
    ("Warang_Citi", 25), ("Yezidi", 24), ("Yi", 24), ("Z", 38), ("Zanabazar_Square", 23), ("Zl", 23),
    ("Zp", 23), ("Zs", 37),
];
