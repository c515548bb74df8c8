//! One watch: a list, then every change, and again from the start where that is lost.

use std::sync::Arc;
use std::time::Duration;

use kube::Client;
use kube::api::WatchParams;
use kube::core::Request;
use tokio::sync::mpsc;
use tokio::time::Instant;

use super::decode::{self, Head};
use super::events::{Event, Events};
use super::failure::{Failure, Remedy};
use super::gather::News;
use super::kinds::{Origin, Target};
use super::known::{Known, Sight};
use super::pages::Page;
use super::pause::{Pause, spread};
use super::tally::{Before, State, Tally};
use super::{Settings, Unreadable};

/// How long a watch lives at most; the API server ends it, and it is begun again.
const LIFETIME: Duration = Duration::from_secs(290);
/// A watch that ends sooner is a failure, lest it be begun again at once for ever.
const SHORT: Duration = Duration::from_secs(1);
/// So many objects must be missing for a list to be doubted.
const DOUBTFUL: usize = 10;

/// Follows the objects of one target.
pub(super) struct Follower {
    client: Client,
    number: usize,
    target: Target,
    settings: Arc<Settings>,
    tally: Arc<Tally>,
    news: mpsc::Sender<News>,
    known: Known,
    /// The version up to which everything was told; `None` before a list is complete.
    version: Option<String>,
    /// When the last list was complete.
    listed: Instant,
    streams: bool,
    pause: Pause,
    is_complete: bool,
    /// Since when lists lack most of what was known.
    doubts: Option<Instant>,
}

impl Follower {
    pub(super) fn new(
        client: Client,
        number: usize,
        target: Target,
        settings: Arc<Settings>,
        tally: Arc<Tally>,
        news: mpsc::Sender<News>,
    ) -> Self {
        Self {
            client,
            number,
            target,
            tally,
            news,
            known: Known::default(),
            version: None,
            listed: Instant::now(),
            streams: settings.streams,
            pause: Pause::new(settings.first_pause),
            is_complete: false,
            doubts: None,
            settings,
        }
    }

    /// Follows for ever, or until nobody takes the news any more.
    pub(super) async fn run(mut self) {
        loop {
            let began = Instant::now();
            let failure = match (self.version.take(), self.streams) {
                (None, false) => self.list_pages().await.err(),
                (version, _) => match self.follow(version).await {
                    Ok(()) if began.elapsed() < SHORT => Some(Failure::Broken("ended at once".to_owned())),
                    ended => ended.err(),
                },
            };
            match failure {
                None => self.relist_what_is_old(),
                Some(Failure::Unwanted) => return,
                Some(failure) => {
                    if self.suffer(failure).await.is_err() {
                        return;
                    }
                }
            }
        }
    }

    /// An event may get lost, however unlikely: a list tells.
    fn relist_what_is_old(&mut self) {
        if self.listed.elapsed() > spread(self.settings.relist) {
            self.version = None;
        }
    }

    /// Reads a list in pages. What was known stays until the list is complete.
    async fn list_pages(&mut self) -> Result<(), Failure> {
        self.known.begin_list();
        let mut rest = None;
        loop {
            let page = Page::fetch(&self.client, &self.target, rest).await?;
            let content = page.content()?;
            for object in content.items.iter().flatten() {
                self.put(object.get()).await?;
            }
            rest = content.rest();
            if rest.is_none() {
                self.version = Some(content.version().to_owned());
                return self.complete().await;
            }
        }
    }

    /// Reads the events after a version, or a list and then events.
    async fn follow(&mut self, version: Option<String>) -> Result<(), Failure> {
        let mut listing = version.is_none();
        let request = self.request(version.as_deref().unwrap_or_default(), listing)?;
        self.version = version;
        let mut events = Events::open(&self.client, request).await?;
        if listing {
            self.known.begin_list();
        }
        loop {
            let event = if listing {
                events.next(self.settings.silence_in_list).await.map_err(unsupported)?
            } else {
                events.next(self.settings.silence).await?
            };
            match event {
                None => return Ok(()),
                Some(Event::Put(object)) => self.put_after(object, listing).await?,
                Some(Event::Gone(object)) => self.remove(object).await?,
                Some(Event::Bookmark { version, ends_list }) if ends_list == listing => {
                    self.version = Some(version);
                    if listing {
                        listing = false;
                        self.complete().await?;
                    }
                }
                Some(Event::Bookmark { .. }) => {}
            }
            if !listing {
                self.pause.reset();
            }
        }
    }

    fn request(&self, version: &str, listing: bool) -> Result<http::Request<Vec<u8>>, Failure> {
        let seconds = u32::try_from(spread(LIFETIME).as_secs()).unwrap_or(u32::MAX);
        let params = WatchParams {
            field_selector: self.target.watched.fields.map(Into::into),
            label_selector: self.target.labels.map(Into::into),
            timeout: Some(seconds),
            send_initial_events: listing,
            ..WatchParams::default()
        };
        let request = Request::new(self.target.path()).watch(&params, version);
        request.map_err(|error| Failure::Broken(error.to_string()))
    }

    async fn put_after(&mut self, object: &str, listing: bool) -> Result<(), Failure> {
        let version = self.put(object).await?;
        if !listing && version.is_some() {
            self.version = version;
        }
        Ok(())
    }

    /// Tells an object, if it is new in any way, and gives its version.
    async fn put(&mut self, raw: &str) -> Result<Option<String>, Failure> {
        let Ok(head) = Head::of(raw) else {
            self.tally.could_not_read();
            tracing::error!(kind = %self.kind(), "object without a readable name");
            return Ok(None);
        };
        let version = Some(head.version().to_owned()).filter(|version| !version.is_empty());
        if self.known.see(&head) == Sight::Told {
            return Ok(version);
        }
        let watched = self.target.watched;
        let news = match decode::object(watched, raw) {
            Ok(object) => News::Applied(object),
            Err(problem) => {
                self.tally.could_not_read();
                let object = head.id(watched.kind);
                tracing::warn!(%object, reason = problem.message, "object cannot be read");
                let report = head.unreadable(watched.kind, problem);
                News::Unreadable(Box::new(Unreadable { report, object: decode::shell(watched, raw) }))
            }
        };
        self.tally.has(self.known.count());
        self.tell(news).await?;
        Ok(version)
    }

    async fn remove(&mut self, raw: &str) -> Result<(), Failure> {
        let Ok(head) = Head::of(raw) else { return Ok(()) };
        if !head.version().is_empty() {
            self.version = Some(head.version().to_owned());
        }
        if self.known.forget(&head) {
            self.tally.has(self.known.count());
            self.tell(News::Removed(head.id(self.kind()))).await?;
        }
        Ok(())
    }

    /// Whether a list lacks so much that it is not believed. Objects go by ones and by namespaces, and are told to; that
    /// most of them go unseen is a fault, as a rule, and would take most hosts away.
    fn doubt(&mut self) -> Result<(), Failure> {
        let absent = self.known.absent();
        if absent < DOUBTFUL || absent * 2 < self.known.count() {
            self.doubts = None;
            return Ok(());
        }
        let since = *self.doubts.get_or_insert_with(Instant::now);
        if since.elapsed() < self.settings.disbelief { Err(Failure::Implausible(absent)) } else { Ok(()) }
    }

    /// A list is complete: what it lacked is gone.
    async fn complete(&mut self) -> Result<(), Failure> {
        self.doubt()?;
        self.doubts = None;
        for (namespace, name) in self.known.end_list() {
            let object = model::ObjectId::new(store::kind(self.kind()), namespace, &*name);
            self.tell(News::Removed(object)).await?;
        }
        self.listed = Instant::now();
        self.pause.reset();
        self.tally.has(self.known.count());
        self.tally.listed();
        tracing::debug!(kind = %self.kind(), objects = self.known.count(), "listed");
        self.told_all().await
    }

    async fn told_all(&mut self) -> Result<(), Failure> {
        if std::mem::replace(&mut self.is_complete, true) {
            return Ok(());
        }
        self.tell(News::Complete(self.number)).await
    }

    async fn tell(&self, news: News) -> Result<(), Failure> {
        self.news.send(news).await.map_err(|_| Failure::Unwanted)
    }

    fn kind(&self) -> api::Kind {
        self.target.watched.kind
    }

    /// Does what a failure asks for.
    async fn suffer(&mut self, failure: Failure) -> Result<(), Failure> {
        if let Failure::Unsupported(reason) = &failure
            && self.streams
            && self.version.is_none()
        {
            tracing::debug!(kind = %self.kind(), reason, "lists are asked for in pages");
            self.streams = false;
            return Ok(());
        }
        if failure == Failure::Unwanted {
            return Err(failure);
        }
        if self.is_of_absence(&failure).await {
            return self.is_absent().await;
        }
        let Remedy { counts, lists, wait } = failure.remedy();
        let before = if counts { self.tally.failed() } else { Before::Worked };
        self.say(&failure, before);
        if lists {
            self.version = None;
        }
        let pause = self.pause.next(self.settings.longest_pause);
        let wait = wait.map(|wait| wait + spread(self.settings.first_pause));
        tokio::time::sleep(wait.map_or(pause, |wait| wait.max(pause))).await;
        Ok(())
    }

    /// Whether a failure means that the API server does not have the kind.
    async fn is_of_absence(&self, failure: &Failure) -> bool {
        let may_be = matches!(failure, Failure::Refused(_)) && self.target.watched.origin == Origin::Defined;
        *failure == Failure::Absent || (may_be && self.is_undefined().await)
    }

    /// Logs a failure. An outage is told once, and not by each attempt.
    fn say(&self, failure: &Failure, before: Before) {
        let kind = self.kind();
        match (failure, before) {
            (Failure::Expired, _) => tracing::info!(%kind, "watch expired, listing anew"),
            (Failure::Implausible(absent), _) => {
                let known = self.known.count();
                tracing::error!(%kind, absent, known, "most objects are missing from a list; it is not believed yet");
            }
            (Failure::Busy(wait), _) => tracing::info!(%kind, ?wait, "the API server asks for patience"),
            (Failure::Refused(reason), Before::Worked) => {
                let resource = self.target.plural();
                tracing::warn!(%kind, resource, reason, "watch refused: its role needs list and watch");
            }
            (Failure::Broken(reason) | Failure::Unsupported(reason), Before::Worked) => {
                tracing::warn!(%kind, reason, "watch failed; what is known is kept, and it is tried again");
            }
            (again, _) => tracing::debug!(%kind, ?again, "watch failed again"),
        }
    }

    /// The API server does not have the kind. What was known before stays: a kind that goes takes its objects with
    /// it, one by one, and they were told; this is something else.
    async fn is_absent(&mut self) -> Result<(), Failure> {
        if self.known.count() == 0 {
            self.tally.stands(State::Absent);
            self.told_all().await?;
        } else {
            let _ = self.tally.failed();
            tracing::warn!(kind = %self.kind(), "the API server lost the kind; what was known is kept");
        }
        tokio::time::sleep(self.pause.next(self.settings.longest_absence)).await;
        Ok(())
    }

    /// Whether the API server has no such kind. It refuses those who may not read a kind before it looks whether it
    /// has it, but tells everyone which kinds it has.
    async fn is_undefined(&self) -> bool {
        let Ok(request) = http::Request::get(self.target.watched.root()).body(vec![]) else { return false };
        match self.client.request::<serde_json::Value>(request).await {
            Ok(found) => {
                let plural = self.target.plural();
                !found["resources"].as_array().into_iter().flatten().any(|each| each["name"] == plural)
            }
            Err(error) => matches!(error.into(), Failure::Absent),
        }
    }
}

/// An API server that does not know of lists as streams may wait for the next event.
fn unsupported(failure: Failure) -> Failure {
    match failure {
        Failure::Broken(message) => Failure::Unsupported(message),
        Failure::Expired
        | Failure::Absent
        | Failure::Refused(_)
        | Failure::Unsupported(_)
        | Failure::Busy(_)
        | Failure::Implausible(_)
        | Failure::Unwanted => failure,
    }
}
