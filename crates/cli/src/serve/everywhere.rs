//! What is told about objects, with what the Envoys of all controllers have to say.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::sync::Arc;

use model::{FleetId, ObjectId, Problem, Report, Verdict};
use peers::{Connect, Exchange, Input, News, Progress};
use runtime::Notice;
use status::{Statement, Target};
use tokio::sync::{mpsc, watch};

/// Our Envoys, and what the other controllers say of theirs.
pub(super) struct Everywhere {
    exchange: Exchange,
    /// The connected Envoys of each fleet.
    connected: BTreeMap<FleetId, BTreeSet<String>>,
    /// What our own engine says.
    said: BTreeMap<ObjectId, (Report, u64)>,
    /// What Envoys of other controllers have against objects.
    rejections: BTreeMap<ObjectId, Problem>,
}

impl Everywhere {
    pub(super) fn new(connect: Connect) -> Self {
        Self {
            exchange: Exchange::new(connect),
            connected: BTreeMap::new(),
            said: BTreeMap::new(),
            rejections: BTreeMap::new(),
        }
    }

    /// What other controllers are answered from.
    pub(super) fn progress(&self) -> Arc<Progress> {
        self.exchange.progress()
    }

    /// Runs until nobody tells or listens any more.
    pub(super) async fn run(
        mut self,
        mut notices: mpsc::UnboundedReceiver<Notice>,
        mut peers: watch::Receiver<BTreeSet<SocketAddr>>,
        mut leads: watch::Receiver<bool>,
        told: mpsc::UnboundedSender<status::Input>,
    ) {
        peers.mark_changed();
        leads.mark_changed();
        loop {
            let news = tokio::select! {
                notice = notices.recv() => match notice {
                    Some(notice) => self.notice(notice),
                    None => return,
                },
                news = self.exchange.heard() => self.news(news),
                Ok(()) = peers.changed() => {
                    let peers = peers.borrow_and_update().clone();
                    self.hand(Input::Peers(peers))
                }
                Ok(()) = leads.changed() => {
                    let leads = *leads.borrow_and_update();
                    self.hand(Input::Leads(leads))
                }
            };
            for news in news {
                if told.send(news).is_err() {
                    return;
                }
            }
        }
    }

    fn notice(&mut self, notice: Notice) -> Vec<status::Input> {
        match notice {
            Notice::Report { report, carried_by } => {
                self.said.insert(report.object.clone(), (report.clone(), carried_by));
                let mut told = vec![self.say(&report.object)];
                told.extend(self.hand(Input::Reported(report, carried_by)).into_iter().map(Some));
                told.into_iter().flatten().collect()
            }
            Notice::Forgotten(object) => {
                self.said.remove(&object);
                let mut told = self.hand(Input::Forgotten(object.clone()));
                told.extend(Target::of(&object).map(status::Input::Unsaid));
                told
            }
            Notice::Acknowledged { fleet, generation, .. } => {
                self.hand(Input::Acknowledged(fleet, generation))
            }
            Notice::Connected { fleet, node } => {
                self.connected.entry(fleet.clone()).or_default().insert(node);
                self.count(fleet)
            }
            Notice::Disconnected { fleet, node } => {
                self.connected.entry(fleet.clone()).or_default().remove(&node);
                self.count(fleet)
            }
            Notice::Dissolved(fleet) => {
                self.connected.remove(&fleet);
                let mut told = self.hand(Input::Dissolved(fleet.clone()));
                told.push(status::Input::Dissolved(fleet));
                told
            }
            Notice::Published(_) | Notice::Rejected { .. } => vec![],
        }
    }

    /// Tells how many Envoys of a fleet there are.
    fn count(&mut self, fleet: FleetId) -> Vec<status::Input> {
        let count = self.connected.get(&fleet).map_or(0, BTreeSet::len);
        self.hand(Input::Nodes(fleet, count))
    }

    fn hand(&mut self, input: Input) -> Vec<status::Input> {
        let news = self.exchange.handle(input);
        self.news(news)
    }

    fn news(&mut self, news: Vec<News>) -> Vec<status::Input> {
        let mut told = Vec::new();
        for news in news {
            match news {
                News::InForce(fleet, publication) => {
                    told.push(status::Input::Acknowledged(fleet, publication));
                }
                News::Rejected(object, problem) => {
                    match problem {
                        Some(problem) => drop(self.rejections.insert(object.clone(), problem)),
                        None => drop(self.rejections.remove(&object)),
                    }
                    told.extend(self.say(&object));
                }
            }
        }
        told
    }

    /// What there is to tell of an object: our own words, and, where our Envoys took it, those of others' that did not.
    fn say(&self, object: &ObjectId) -> Option<status::Input> {
        let (report, carried_by) = self.said.get(object)?;
        let mut report = report.clone();
        let rejection = self.rejections.get(object);
        if let Some(rejection) = rejection.filter(|rejection| {
            !report
                .problems
                .iter()
                .any(|problem| (problem.kind, problem.reason) == (rejection.kind, rejection.reason))
        }) {
            report.problems.push(rejection.clone());
            report.verdict = Verdict::Invalid;
        }
        Some(status::Input::Said(Box::new(Statement::of(&report, *carried_by)?)))
    }
}

/// Answers the other controllers that come to the port of xDS.
pub(super) async fn answer(progress: Arc<Progress>, mut accepted: mpsc::Receiver<Box<dyn xds::Io>>) {
    let mut peers = tokio::task::JoinSet::new();
    loop {
        tokio::select! {
            peer = accepted.recv() => {
                let Some(peer) = peer else { return };
                let progress = Arc::clone(&progress);
                peers.spawn(async move { peers::serve(&progress, peer).await });
            }
            Some(ended) = peers.join_next() => {
                if let Ok(Err(error)) = ended {
                    tracing::debug!(%error, "a controller that asked has gone");
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use model::{Kind, Severity};

    use super::*;

    fn object() -> ObjectId {
        ObjectId::new(Kind::HttpProxy, "ns", "a")
    }

    fn report(verdict: Verdict, problems: Vec<Problem>) -> Report {
        Report::new(object(), 1, verdict, problems)
    }

    fn rejection(message: &str) -> Problem {
        Problem {
            severity: Severity::Error,
            kind: "EnvoyError",
            reason: "Rejected",
            path: String::new(),
            message: message.to_owned(),
            help: None,
        }
    }

    fn statement(report: &Report, carried_by: u64) -> Statement {
        Statement::of(report, carried_by).unwrap()
    }

    fn said(told: Vec<status::Input>) -> Vec<Statement> {
        let said = told.into_iter().filter_map(|input| match input {
            status::Input::Said(statement) => Some(*statement),
            _ => None,
        });
        said.collect()
    }

    fn acknowledged(told: Vec<status::Input>) -> Vec<u64> {
        let acknowledged = told.into_iter().filter_map(|input| match input {
            status::Input::Acknowledged(_, publication) => Some(publication),
            _ => None,
        });
        acknowledged.collect()
    }

    fn everywhere() -> Everywhere {
        let files = certs::TlsFiles { ca: "ca".into(), certificate: "crt".into(), key: "key".into() };
        Everywhere::new(Connect::tls(&"isobath".try_into().unwrap(), files))
    }

    #[tokio::test]
    async fn what_envoys_elsewhere_reject_is_told_with_our_own_words() {
        let mut everywhere = everywhere();
        let told =
            everywhere.notice(Notice::Report { report: report(Verdict::Valid, vec![]), carried_by: 3 });
        assert_eq!(said(told), [statement(&report(Verdict::Valid, vec![]), 3)]);
        let told = everywhere.news(vec![News::Rejected(object(), Some(rejection("no")))]);
        assert_eq!(said(told), [statement(&report(Verdict::Invalid, vec![rejection("no")]), 3)]);
        let own = report(Verdict::Invalid, vec![rejection("our Envoys say it, too")]);
        let told = everywhere.notice(Notice::Report { report: own.clone(), carried_by: 4 });
        assert_eq!(said(told), [statement(&own, 4)]);
        let told = everywhere.news(vec![News::Rejected(object(), None)]);
        assert_eq!(said(told), [statement(&own, 4)]);
    }

    #[tokio::test]
    async fn a_leader_alone_tells_what_its_envoys_have() {
        let mut everywhere = everywhere();
        everywhere.notice(Notice::Report { report: report(Verdict::Valid, vec![]), carried_by: 3 });
        everywhere.notice(Notice::Connected { fleet: FleetId::ingress(), node: "envoy-1".to_owned() });
        assert_eq!(acknowledged(everywhere.hand(Input::Leads(true))), [0]);
        let notice = Notice::Acknowledged {
            fleet: FleetId::ingress(),
            generation: 3,
            after: std::time::Duration::ZERO,
            in_all: std::time::Duration::ZERO,
            nodes: 1,
        };
        assert_eq!(acknowledged(everywhere.notice(notice)), [3]);
        let told = everywhere.notice(Notice::Forgotten(object()));
        assert!(
            matches!(&told[..], [status::Input::Unsaid(target)] if Target::of(&object()).as_ref() == Some(target))
        );
    }
}
