//! What listeners answer where no route is: they are there before their routes and after them.

use model::{
    Action, DirectResponse, HeaderEdits, Kind, ObjectId, PathMatch, Policies, Route, RouteMatch, Traffic,
    VirtualHostKey,
};
use store::{Age, Carries, Reader, ServedOn};

use crate::{Contribution, Fragment, Origin, Rank};

/// What a Gateway or a ListenerSet contributes: 404 at each of its listeners.
pub(super) fn contribution(reader: &Reader<'_>, id: &ObjectId) -> Contribution {
    let mut out = Contribution::default();
    let Some(offer) = reader.offer(id).filter(|_| matches!(id.kind, Kind::Gateway | Kind::ListenerSet))
    else {
        return out;
    };
    for listener in &offer.listeners {
        let Some(on) = listener.served_on.as_ref().filter(|_| answers(listener.carries)) else { continue };
        let key = VirtualHostKey { listener: on.listener.clone(), host: listener.host.clone() };
        out.fragments.insert(key, fragment(id, on));
    }
    out
}

/// Whether there is somebody to answer: connections and datagrams that nobody takes get nowhere.
const fn answers(carries: Carries) -> bool {
    matches!(carries, Carries::Http | Carries::Https)
}

fn fragment(id: &ObjectId, on: &ServedOn) -> Fragment {
    let answer = Route {
        matches: RouteMatch::new(PathMatch::Prefix("/".into()), vec![], vec![]),
        action: Action::Respond(DirectResponse { status: 404, body: "".into() }),
        policies: Policies::default(),
        jwt: None,
        authorization: None,
        cors: None,
        request_headers: HeaderEdits::default(),
        response_headers: HeaderEdits::default(),
        origin: id.clone(),
    };
    Fragment {
        rank: Rank { origin: Origin::Gateway, age: Age::MAX, root: id.clone() },
        section: None,
        tls: on.tls.clone(),
        traffic: Traffic::Http(vec![answer]),
        policies: Policies::default(),
        cors: None,
        jwt_providers: vec![],
        closed: false,
        authorization: None,
    }
}
