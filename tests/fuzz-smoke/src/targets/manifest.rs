//! The reader of manifest files, with the rendering of what is wrong in them.

/// Reads the bytes as a file.
pub fn run(data: &[u8]) {
    files::read_any(data);
}
