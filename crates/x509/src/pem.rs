//! PEM text in and out. Strict about markers, so that no block is ever skipped in silence: a leaf that
//! is overlooked would make its issuer the served certificate.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

const BEGIN: &[u8] = b"-----BEGIN ";
const DASHES: &[u8] = b"-----";

/// What a block says it is. Unknown labels are not kept: nothing of a user's text gets into an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Label {
    Certificate,
    Pkcs8,
    RsaKey,
    EcKey,
    EcParameters,
    EncryptedKey,
    Crl,
    Other(&'static str),
}

const LABELS: &[(&str, Label)] = &[
    ("CERTIFICATE", Label::Certificate),
    ("PRIVATE KEY", Label::Pkcs8),
    ("RSA PRIVATE KEY", Label::RsaKey),
    ("EC PRIVATE KEY", Label::EcKey),
    ("EC PARAMETERS", Label::EcParameters),
    ("ENCRYPTED PRIVATE KEY", Label::EncryptedKey),
    ("X509 CRL", Label::Crl),
    ("TRUSTED CERTIFICATE", Label::Other("TRUSTED CERTIFICATE")),
    ("X509 CERTIFICATE", Label::Other("X509 CERTIFICATE")),
    ("CERTIFICATE REQUEST", Label::Other("CERTIFICATE REQUEST")),
    ("NEW CERTIFICATE REQUEST", Label::Other("NEW CERTIFICATE REQUEST")),
    ("DSA PRIVATE KEY", Label::Other("DSA PRIVATE KEY")),
    ("OPENSSH PRIVATE KEY", Label::Other("OPENSSH PRIVATE KEY")),
    ("PUBLIC KEY", Label::Other("PUBLIC KEY")),
    ("RSA PUBLIC KEY", Label::Other("RSA PUBLIC KEY")),
    ("DH PARAMETERS", Label::Other("DH PARAMETERS")),
    ("PKCS7", Label::Other("PKCS7")),
];

impl Label {
    fn parse(text: &[u8]) -> Self {
        let known = LABELS.iter().find(|(name, _)| name.as_bytes() == text);
        known.map_or(Self::Other("of unknown type"), |(_, label)| *label)
    }

    pub(crate) fn name(self) -> &'static str {
        if let Self::Other(name) = self {
            return name;
        }
        LABELS.iter().find(|(_, label)| *label == self).map_or("", |(name, _)| name)
    }
}

/// One decoded block. It may hold a private key: it has no `Debug`.
pub(crate) struct Block {
    pub(crate) label: Label,
    /// 1-based line of its BEGIN marker.
    pub(crate) line: usize,
    pub(crate) content: Content,
}

/// The payload of a block.
pub(crate) enum Content {
    Der(Vec<u8>),
    /// A password protects it (`Proc-Type: 4,ENCRYPTED`).
    Encrypted,
}

/// Text that is not well-formed PEM. Lines count from 1.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidPem {
    /// A BEGIN marker that is indented, preceded by other bytes or not closed by five dashes.
    #[error("line {line}: a BEGIN marker must fill its line, like -----BEGIN CERTIFICATE-----")]
    Begin {
        /// Where the marker stands.
        line: usize,
    },
    /// The text or the next block begins before the END marker of this one.
    #[error("the block that begins on line {line} ({label}) has no matching END marker")]
    Unterminated {
        /// Where the block begins.
        line: usize,
        /// What the block says it is.
        label: &'static str,
    },
    /// The lines between the markers are not base64.
    #[error("the block that begins on line {line} ({label}) is not valid base64")]
    Base64 {
        /// Where the block begins.
        line: usize,
        /// What the block says it is.
        label: &'static str,
    },
}

/// Decodes every block of `text`; text outside blocks is skipped, as OpenSSL's tools write it there.
pub(crate) fn decode(text: &[u8]) -> Result<Vec<Block>, InvalidPem> {
    let mut lines = text.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii_end).zip(1..);
    let mut blocks = Vec::new();
    while let Some((text, line)) = lines.next() {
        if let Some(label) = begin_marker(text, line)? {
            blocks.push(read_block(Label::parse(label), label, line, &mut lines)?);
        }
    }
    Ok(blocks)
}

/// The label if the line is a BEGIN marker, an error if it holds one without being one.
fn begin_marker(text: &[u8], line: usize) -> Result<Option<&[u8]>, InvalidPem> {
    if let Some(label) = text.strip_prefix(BEGIN).and_then(|rest| rest.strip_suffix(DASHES)) {
        return Ok(Some(label));
    }
    if text.windows(BEGIN.len()).any(|part| part == BEGIN) {
        return Err(InvalidPem::Begin { line });
    }
    Ok(None)
}

fn read_block<'a>(
    label: Label,
    raw_label: &[u8],
    line: usize,
    lines: &mut impl Iterator<Item = (&'a [u8], usize)>,
) -> Result<Block, InvalidPem> {
    let mut body = Vec::new();
    let mut encrypted = false;
    for (text, _) in lines {
        if let Some(end) = text.strip_prefix(b"-----END ") {
            if end.strip_suffix(DASHES) != Some(raw_label) {
                break;
            }
            let content =
                if encrypted { Content::Encrypted } else { Content::Der(decode_body(&body, label, line)?) };
            return Ok(Block { label, line, content });
        }
        if text.starts_with(DASHES) {
            break;
        }
        // RFC 1421 headers stand before the body; base64 holds no colon.
        if body.is_empty() && text.contains(&b':') {
            encrypted |= text.starts_with(b"Proc-Type:") && text.ends_with(b"ENCRYPTED");
        } else {
            body.extend_from_slice(text.trim_ascii());
        }
    }
    Err(InvalidPem::Unterminated { line, label: label.name() })
}

fn decode_body(body: &[u8], label: Label, line: usize) -> Result<Vec<u8>, InvalidPem> {
    STANDARD.decode(body).map_err(|_| InvalidPem::Base64 { line, label: label.name() })
}

/// Characters of a line of base64 (RFC 7468 2).
const COLUMNS: usize = 64;

/// Appends one block in its canonical form: 64 columns, `\n` line ends.
pub(crate) fn encode(label: Label, der: &[u8], out: &mut String) {
    let name = label.name();
    let body = STANDARD.encode(der);
    let markers = 2 * (name.len() + "-----BEGIN -----\n".len());
    out.reserve(markers + body.len() + body.len().div_ceil(COLUMNS));
    out.extend(["-----BEGIN ", name, "-----\n"]);
    let mut rest = body.as_str();
    while !rest.is_empty() {
        let (line, tail) = rest.split_at(rest.len().min(COLUMNS));
        out.extend([line, "\n"]);
        rest = tail;
    }
    out.extend(["-----END ", name, "-----\n"]);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(text: &str) -> Result<Vec<(&'static str, usize)>, InvalidPem> {
        decode(text.as_bytes()).map(|blocks| blocks.iter().map(|b| (b.label.name(), b.line)).collect())
    }

    #[test]
    fn blocks_are_found_between_other_text_with_either_line_end() {
        let text = "subject=a\r\n-----BEGIN CERTIFICATE-----\r\nAAAA\r\n-----END CERTIFICATE-----\r\ntext\n\
                    -----BEGIN X509 CRL-----\nAA==\n-----END X509 CRL-----";
        assert_eq!(labels(text), Ok(vec![("CERTIFICATE", 2), ("X509 CRL", 6)]));
    }

    #[test]
    fn a_marker_after_other_bytes_is_an_error_and_not_skipped() {
        for text in [
            "\u{feff}-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
            "  -----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
            "-----BEGIN CERTIFICATE----\nAAAA\n-----END CERTIFICATE-----\n",
        ] {
            assert_eq!(labels(text), Err(InvalidPem::Begin { line: 1 }), "{text}");
        }
    }

    #[test]
    fn a_block_needs_its_own_end_marker() {
        let unterminated = Err(InvalidPem::Unterminated { line: 1, label: "CERTIFICATE" });
        for end in
            ["", "-----END PRIVATE KEY-----\n", "-----BEGIN CERTIFICATE-----\n", "-----END CERTIFICATE----\n"]
        {
            assert_eq!(labels(&format!("-----BEGIN CERTIFICATE-----\nAAAA\n{end}")), unterminated, "{end}");
        }
    }

    #[test]
    fn a_block_that_is_not_base64_is_named_by_its_line() {
        let text = "\n-----BEGIN CERTIFICATE-----\n!!!!\n-----END CERTIFICATE-----\n";
        assert_eq!(labels(text), Err(InvalidPem::Base64 { line: 2, label: "CERTIFICATE" }));
    }

    #[test]
    fn an_unknown_label_is_not_quoted() {
        let text = "-----BEGIN hunter2-----\nAAAA\n-----END hunter2-----\n";
        assert_eq!(labels(text), Ok(vec![("of unknown type", 1)]));
    }

    #[test]
    fn encoding_then_decoding_gives_the_same_bytes() {
        for length in [0_usize, 1, 47, 48, 49, 500] {
            let der: Vec<u8> = (0..length).map(|i| i as u8).collect();
            let mut text = String::new();
            encode(Label::Certificate, &der, &mut text);
            assert!(text.lines().all(|line| line.len() <= 64));
            let blocks = decode(text.as_bytes()).unwrap();
            assert!(matches!(&blocks[0].content, Content::Der(found) if *found == der));
        }
    }
}
