//! Routes of one root that take the same requests.

use model::RouteMatch;

/// A route on its way into a host.
pub(crate) trait Candidate {
    /// Which requests it takes.
    fn matches(&self) -> &RouteMatch;

    /// Whether nobody wrote it: it came along with another, and gives way to one that was written.
    fn is_implied(&self) -> bool;
}

/// A route that is never used, and the one that is used instead (a place among those that stay).
pub(crate) type Loser<T> = (T, usize);

/// Of several routes with the same match the last counts, as in Contour. Gives those that stay, in their
/// order, and those that were written in vain.
pub(crate) fn settle<T: Candidate>(routes: Vec<T>) -> (Vec<T>, Vec<Loser<T>>) {
    let winners = winners(&routes);
    if winners.iter().enumerate().all(|(place, winner)| place == *winner) {
        return (routes, vec![]);
    }
    let mut stays = Vec::with_capacity(routes.len());
    let mut new_places = vec![0; routes.len()];
    let mut losers = Vec::new();
    for (place, route) in routes.into_iter().enumerate() {
        if winners[place] == place {
            new_places[place] = stays.len();
            stays.push(route);
        } else if !route.is_implied() {
            losers.push((route, winners[place]));
        }
    }
    let losers = losers.into_iter().map(|(route, winner)| (route, new_places[winner])).collect();
    (stays, losers)
}

/// For each route the place of the one that counts.
fn winners<T: Candidate>(routes: &[T]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..routes.len()).collect();
    if routes.len() < 2 {
        return order;
    }
    // The last of each group wins: a stable sort keeps the order of writing, behind what is implied.
    order.sort_by(|a, b| {
        let (a, b) = (&routes[*a], &routes[*b]);
        a.matches().cmp(b.matches()).then_with(|| b.is_implied().cmp(&a.is_implied()))
    });
    let mut winners = vec![0; routes.len()];
    for group in order.chunk_by(|a, b| routes[*a].matches() == routes[*b].matches()) {
        for place in group {
            winners[*place] = group[group.len() - 1];
        }
    }
    winners
}

#[cfg(test)]
mod tests {
    use model::PathMatch;

    use super::*;

    #[derive(Debug, PartialEq)]
    struct Written(RouteMatch, bool, &'static str);

    impl Candidate for Written {
        fn matches(&self) -> &RouteMatch {
            &self.0
        }

        fn is_implied(&self) -> bool {
            self.1
        }
    }

    fn route(path: &str, implied: bool, name: &'static str) -> Written {
        Written(RouteMatch::new(PathMatch::Prefix(path.into()), vec![], vec![]), implied, name)
    }

    #[test]
    fn the_last_of_equal_matches_stays_and_the_others_are_told_by_whom() {
        let routes = vec![route("/a", false, "1"), route("/b", false, "2"), route("/a", false, "3")];
        let (stays, losers) = settle(routes);
        assert_eq!(stays, [route("/b", false, "2"), route("/a", false, "3")]);
        assert_eq!(losers, [(route("/a", false, "1"), 1)]);
    }

    #[test]
    fn what_is_implied_gives_way_without_a_word() {
        let (stays, losers) = settle(vec![route("/a", false, "1"), route("/a", true, "2")]);
        assert_eq!(stays, [route("/a", false, "1")]);
        assert_eq!(losers, []);
    }
}
