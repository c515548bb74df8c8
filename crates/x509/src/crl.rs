//! Certificate revocation lists.

use bytes::Bytes;
use x509_parser::prelude::FromDer;
use x509_parser::revocation_list::CertificateRevocationList;

use crate::ca::CaBundle;
use crate::der;
use crate::note::Note;
use crate::pem::{self, Block, Content, InvalidPem, Label};

/// Why `crl.pem` is not usable. Envoy accepts any bytes there and then refuses every client. Texts follow
/// Contour's (reference 3.4).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidCrl {
    /// Missing or empty.
    #[error("empty \"crl.pem\" key")]
    Empty,
    /// Not one X509 CRL block.
    #[error("failed to locate CRL, want at least one PEM block of type X509 CRL")]
    None,
    /// Not PEM.
    #[error("invalid CRL: {0}")]
    Pem(#[from] InvalidPem),
    /// A block of another type.
    #[error("invalid CRL: unexpected block type {label:?} on line {line}, want only X509 CRL")]
    UnexpectedBlock {
        /// Line of its BEGIN marker, from 1.
        line: usize,
        /// What the block says it is.
        label: &'static str,
    },
    /// The content of a block is no revocation list.
    #[error("invalid CRL: revocation list {index} (line {line}) cannot be read")]
    Unparsable {
        /// Which block, from 1.
        index: usize,
        /// Line of its BEGIN marker, from 1.
        line: usize,
    },
}

/// One or more revocation lists, each parsed.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Crl {
    pem: Bytes,
    lists: Vec<Facts>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Facts {
    issuer: Box<[u8]>,
    next_update: Option<i64>,
}

impl Crl {
    /// Checks `crl.pem`.
    ///
    /// # Errors
    /// If it is empty, not PEM, holds a block that is not a revocation list, or one that does not parse.
    pub fn parse(text: &[u8]) -> Result<Self, InvalidCrl> {
        if text.is_empty() {
            return Err(InvalidCrl::Empty);
        }
        let blocks = pem::decode(text)?;
        if blocks.is_empty() {
            return Err(InvalidCrl::None);
        }
        let mut pem = String::new();
        let lists = blocks
            .into_iter()
            .zip(1..)
            .map(|(block, index)| list(block, index, &mut pem))
            .collect::<Result<_, _>>()?;
        Ok(Self { pem: pem.into(), lists })
    }

    /// The lists as PEM, in their order, nothing else between or after them.
    #[must_use]
    pub fn pem(&self) -> &Bytes {
        &self.pem
    }

    /// Whether at least one list was issued by a certificate of `bundle`. If not, Envoy refuses every client.
    #[must_use]
    pub fn is_for(&self, bundle: &CaBundle) -> bool {
        self.lists.iter().any(|list| bundle.has_subject(&list.issuer))
    }

    /// What will not work as meant, at `now` in unix seconds.
    #[must_use]
    pub fn notes(&self, now: i64) -> Vec<Note> {
        let due = self.lists.iter().zip(1..).filter_map(|(list, index)| Some((list.next_update?, index)));
        due.filter(|(next_update, _)| *next_update < now)
            .map(|(next_update, index)| Note::CrlExpired { index, next_update })
            .collect()
    }
}

fn list(block: Block, index: usize, pem: &mut String) -> Result<Facts, InvalidCrl> {
    let line = block.line;
    let (Label::Crl, Content::Der(der)) = (block.label, block.content) else {
        return Err(InvalidCrl::UnexpectedBlock { line, label: block.label.name() });
    };
    let facts = facts(&der).ok_or(InvalidCrl::Unparsable { index, line })?;
    pem::encode(Label::Crl, &der, pem);
    Ok(facts)
}

fn facts(der: &[u8]) -> Option<Facts> {
    let (_, list) = der::is_revocation_list(der).then(|| CertificateRevocationList::from_der(der).ok())??;
    let next_update = list.next_update().map(|time| time.timestamp());
    Some(Facts { issuer: list.issuer().as_raw().into(), next_update })
}
