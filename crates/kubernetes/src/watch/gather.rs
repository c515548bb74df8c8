//! What the watches tell, in batches.

use std::collections::BTreeSet;

use api::Object;
use model::ObjectId;
use store::Change;
use tokio::sync::mpsc;

use super::{BACKLOG, Batch, Unreadable};

/// What a watch has to tell.
#[derive(Debug)]
pub(super) enum News {
    /// An object is there, in this form.
    Applied(Object),
    /// An object is there, and cannot be read.
    Unreadable(Box<Unreadable>),
    /// An object is gone.
    Removed(ObjectId),
    /// The watch of this number has told everything that there is.
    Complete(usize),
}

/// Gives everything that is ready as one batch, until nobody takes it any more or nobody tells anything.
pub(super) async fn gather(mut news: mpsc::Receiver<News>, expected: usize, batches: mpsc::Sender<Batch>) {
    let mut incomplete: BTreeSet<_> = (0..expected).collect();
    let mut synced = false;
    let mut ready = Vec::new();
    while news.recv_many(&mut ready, BACKLOG).await > 0 {
        let mut batch = Batch::default();
        for each in ready.drain(..) {
            batch.take(each, &mut incomplete);
        }
        batch.synced = !synced && incomplete.is_empty();
        synced |= batch.synced;
        if !batch.is_empty() && batches.send(batch).await.is_err() {
            return;
        }
    }
}

impl Batch {
    fn take(&mut self, news: News, incomplete: &mut BTreeSet<usize>) {
        match news {
            News::Applied(object) => {
                let change = Change::Applied(object);
                self.forget_unreadable(&change.object());
                self.changes.push(change);
            }
            News::Unreadable(unreadable) => {
                self.forget_unreadable(&unreadable.report.object);
                self.changes.push(Change::Removed(unreadable.report.object.clone()));
                self.unreadable.push(*unreadable);
            }
            News::Removed(object) => {
                self.forget_unreadable(&object);
                self.changes.push(Change::Removed(object));
            }
            News::Complete(number) => {
                incomplete.remove(&number);
            }
        }
    }

    /// What is told last is what is told.
    fn forget_unreadable(&mut self, object: &ObjectId) {
        self.unreadable.retain(|unreadable| unreadable.report.object != *object);
    }

    fn is_empty(&self) -> bool {
        self.changes.is_empty() && !self.synced
    }
}
