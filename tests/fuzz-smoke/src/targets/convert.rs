//! The conversion of files: what it writes can be read, document by document, and has nothing left to convert.

/// Converts the bytes as a file.
pub fn run(data: &[u8]) {
    let old = String::from_utf8_lossy(data);
    let conversion = convert::ingress_routes(&[&old]);
    let new = &conversion.texts[0];
    assert_eq!(files::documents(new).len(), files::documents(&old).len(), "{new}");
    let again = convert::ingress_routes(&[new]);
    let left = again.converted.iter().find(|id| conversion.converted.contains(id));
    assert_eq!(left, None, "{new}");
}
