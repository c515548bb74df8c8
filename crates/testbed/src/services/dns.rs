//! Names of Services, for whoever asks by UDP: addresses of IPv4 only.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context as _, Result};
use tokio::net::UdpSocket;

const HEADER: usize = 12;
const TYPE_A: [u8; 2] = [0, 1];

/// Names with the addresses behind them. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub(super) struct Names(Arc<Mutex<BTreeMap<String, Vec<String>>>>);

impl Names {
    pub(super) fn replace(&self, names: BTreeMap<String, Vec<String>>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = names;
    }

    fn find(&self, name: &str) -> Option<Vec<Ipv4Addr>> {
        let names = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Some(names.get(name)?.iter().filter_map(|address| address.parse().ok()).collect())
    }
}

/// Binds the port; the future answers until it is dropped.
pub(super) async fn serve(names: Names, address: (&str, u16)) -> Result<impl Future<Output = ()> + use<>> {
    let socket = UdpSocket::bind(address).await.context("the port of DNS")?;
    Ok(async move {
        let mut question = [0; 1500];
        loop {
            // An error is that of an earlier answer that nobody waited for.
            let Ok((length, asker)) = socket.recv_from(&mut question).await else { continue };
            if let Some(answer) = answer(&question[..length], &names) {
                let _ = socket.send_to(&answer, asker).await;
            }
        }
    })
}

/// Nothing for what is no question.
fn answer(question: &[u8], names: &Names) -> Option<Vec<u8>> {
    let (name, end) = name(question)?;
    let kind = question.get(end..end + 2)?;
    let found = names.find(&name);
    let addresses: Vec<Ipv4Addr> = found.iter().flatten().filter(|_| kind == TYPE_A).copied().collect();
    let code = if found.is_some() { 0 } else { 3 };
    let count = u16::try_from(addresses.len()).ok()?.to_be_bytes();
    let mut answer = question.get(..2)?.to_vec();
    answer.extend([0x85, 0x80 | code, 0, 1, count[0], count[1], 0, 0, 0, 0]);
    answer.extend(question.get(HEADER..end + 4)?);
    for address in addresses {
        // The name of the question, type A, class IN, five seconds, four bytes.
        answer.extend([0xc0, 0x0c, 0, 1, 0, 1, 0, 0, 0, 5, 0, 4]);
        answer.extend(address.octets());
    }
    Some(answer)
}

/// The name that is asked for, in small letters, and where it ends.
fn name(question: &[u8]) -> Option<(String, usize)> {
    let (mut labels, mut at) = (Vec::new(), HEADER);
    loop {
        let length = usize::from(*question.get(at)?);
        if length == 0 {
            return Some((labels.join("."), at + 1));
        }
        let label = question.get(at + 1..at + 1 + length)?;
        labels.push(String::from_utf8_lossy(label).to_ascii_lowercase());
        at += 1 + length;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn question(name: &str, kind: u8) -> Vec<u8> {
        let mut bytes = vec![7, 7, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0];
        for label in name.split('.') {
            bytes.push(u8::try_from(label.len()).unwrap());
            bytes.extend(label.as_bytes());
        }
        bytes.extend([0, 0, kind, 0, 1]);
        bytes
    }

    #[test]
    fn a_service_is_found_by_its_name() {
        let names = Names::default();
        names.replace([("a.b.svc.cluster.local".to_owned(), vec!["10.96.0.9".to_owned()])].into());
        let a = answer(&question("A.b.svc.cluster.local", 1), &names).unwrap();
        assert_eq!((&a[..4], &a[a.len() - 4..]), (&[7, 7, 0x85, 0x80][..], &[10, 96, 0, 9][..]));
        let aaaa = answer(&question("a.b.svc.cluster.local", 28), &names).unwrap();
        assert_eq!(aaaa[3..8], [0x80, 0, 1, 0, 0], "it exists, and has no such address");
        let other = answer(&question("x.b.svc.cluster.local", 1), &names).unwrap();
        assert_eq!(other[3], 0x83, "there is no such name");
        assert_eq!(answer(&[1, 2, 3], &names), None);
    }
}
