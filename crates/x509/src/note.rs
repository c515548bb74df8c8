//! What is accepted, as Envoy accepts it, but will hardly do what its owner wants.

use std::fmt;

use x509_parser::time::ASN1Time;

/// A remark about something valid. Certificates and lists count from 1, times are unix seconds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Note {
    /// The certificate is past its end; it is served, and clients refuse it.
    Expired {
        /// Which certificate of the text.
        index: usize,
        /// Its last valid second.
        not_after: i64,
    },
    /// The certificate is not valid yet; it is served, and clients refuse it.
    NotYetValid {
        /// Which certificate of the text.
        index: usize,
        /// Its first valid second.
        not_before: i64,
    },
    /// The first certificate is signed with a hash that clients refuse.
    WeakSignature {
        /// `SHA-1`, `MD5` or `MD2`.
        hash: &'static str,
    },
    /// An RSA certificate whose key usage lacks digitalSignature: TLS 1.3 clients refuse it.
    NoDigitalSignature,
    /// A certificate of a CA bundle that is no CA: exactly this certificate is trusted.
    NotACa {
        /// Which certificate of the text.
        index: usize,
    },
    /// The revocation list is past its next update: Envoy then refuses every client of that CA.
    CrlExpired {
        /// Which list of the text.
        index: usize,
        /// When the next list was due.
        next_update: i64,
    },
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Expired { index, not_after } => {
                write!(f, "certificate {index} expired on {}", date(*not_after))
            }
            Self::NotYetValid { index, not_before } => {
                write!(f, "certificate {index} is not valid before {}", date(*not_before))
            }
            Self::WeakSignature { hash } => {
                write!(f, "certificate is signed with {hash}, which clients refuse")
            }
            Self::NoDigitalSignature => f.write_str(
                "certificate has a key usage without digitalSignature, which TLS 1.3 clients refuse",
            ),
            Self::NotACa { index } => {
                write!(f, "certificate {index} is not a CA: only this very certificate is trusted by it")
            }
            Self::CrlExpired { index, next_update } => write!(
                f,
                "revocation list {index} was due for renewal on {}: clients of its CA are refused",
                date(*next_update)
            ),
        }
    }
}

/// Adds the notes about a validity period.
pub(crate) fn validity(index: usize, not_before: i64, not_after: i64, now: i64) -> Option<Note> {
    if not_after < now {
        return Some(Note::Expired { index, not_after });
    }
    (now < not_before).then_some(Note::NotYetValid { index, not_before })
}

fn date(unix_seconds: i64) -> String {
    ASN1Time::from_timestamp(unix_seconds).map_or_else(|_| unix_seconds.to_string(), |time| time.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_note_says_the_date_in_words() {
        let note = Note::Expired { index: 1, not_after: 0 };
        assert_eq!(note.to_string(), "certificate 1 expired on Jan  1 00:00:00 1970 +00:00");
    }

    #[test]
    fn both_ends_of_the_validity_period_belong_to_it() {
        assert_eq!(validity(1, 10, 20, 10), None);
        assert_eq!(validity(1, 10, 20, 20), None);
        assert_eq!(validity(1, 10, 20, 9), Some(Note::NotYetValid { index: 1, not_before: 10 }));
        assert_eq!(validity(1, 10, 20, 21), Some(Note::Expired { index: 1, not_after: 20 }));
    }
}
