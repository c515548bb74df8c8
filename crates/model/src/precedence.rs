//! Which of two matches is tried first.
//!
//! Contour's order (reference: its routes sorted by specificity), made a total order: exact paths, then
//! expressions, then prefixes; longer before shorter; a condition on the method before none; more
//! header conditions before fewer; more query conditions before fewer; then the conditions themselves.

use std::cmp::{Ordering, Reverse};

use crate::{PathMatch, RouteMatch};

impl RouteMatch {
    /// Which of two is tried first, as far as that does not depend on what the conditions are: the Gateway API settles
    /// the rest by age (specification of `HTTPRouteRule.matches`).
    #[must_use]
    pub fn specificity(&self, other: &Self) -> Ordering {
        self.path
            .cmp(&other.path)
            .then_with(|| other.has_method().cmp(&self.has_method()))
            .then_with(|| other.headers.len().cmp(&self.headers.len()))
            .then_with(|| other.query.len().cmp(&self.query.len()))
    }
}

impl Ord for RouteMatch {
    fn cmp(&self, other: &Self) -> Ordering {
        self.specificity(other)
            .then_with(|| self.headers.cmp(&other.headers))
            .then_with(|| self.query.cmp(&other.query))
    }
}

impl PartialOrd for RouteMatch {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for PathMatch {
    fn cmp(&self, other: &Self) -> Ordering {
        self.specificity().cmp(&other.specificity())
    }
}

impl PartialOrd for PathMatch {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PathMatch {
    /// Sorts by class, then longer first, then reverse lexical, then segments before text.
    fn specificity(&self) -> (u8, Reverse<usize>, Reverse<&str>, u8) {
        let (class, text, kind) = match self {
            Self::Exact(text) => (0, text, 0),
            Self::Regex(text) => (1, text, 0),
            Self::Segments(text) => (2, text, 0),
            Self::Prefix(text) => (2, text, 1),
        };
        (class, Reverse(text.len()), Reverse(text), kind)
    }
}

#[cfg(test)]
mod tests {
    use crate::{HeaderMatch, HeaderPredicate, PathMatch, QueryMatch, QueryPredicate, RouteMatch, TextMatch};

    fn path(path: PathMatch) -> RouteMatch {
        RouteMatch::new(path, vec![], vec![])
    }

    fn header(name: &str, predicate: HeaderPredicate) -> HeaderMatch {
        HeaderMatch { name: name.into(), predicate, invert: false, missing_is_empty: false }
    }

    fn exact(value: &str) -> HeaderPredicate {
        HeaderPredicate::Exact(TextMatch { value: value.into(), ignore_case: false })
    }

    fn with_headers(headers: Vec<HeaderMatch>) -> RouteMatch {
        RouteMatch::new(PathMatch::Prefix("/".into()), headers, vec![])
    }

    fn assert_order(routes: &[RouteMatch]) {
        let mut sorted: Vec<_> = routes.iter().rev().cloned().collect();
        sorted.sort();
        assert_eq!(sorted, routes);
    }

    #[test]
    fn exact_comes_before_regex_before_prefix() {
        assert_order(&[
            path(PathMatch::Exact("/a".into())),
            path(PathMatch::Regex("/a.*".into())),
            path(PathMatch::Prefix("/abcdefgh".into())),
        ]);
    }

    #[test]
    fn longer_comes_first_and_equal_lengths_in_reverse_order() {
        assert_order(&[
            path(PathMatch::Prefix("/long/er".into())),
            path(PathMatch::Prefix("/b".into())),
            path(PathMatch::Prefix("/a".into())),
        ]);
    }

    #[test]
    fn equal_prefixes_by_segment_come_before_text() {
        assert_order(&[path(PathMatch::Segments("/a".into())), path(PathMatch::Prefix("/a".into()))]);
    }

    #[test]
    fn a_method_comes_before_more_headers() {
        assert_order(&[
            with_headers(vec![header(":method", exact("GET"))]),
            with_headers(vec![header("a", exact("1")), header("b", exact("2"))]),
            with_headers(vec![header("a", exact("1"))]),
            with_headers(vec![]),
        ]);
    }

    /// Proves instead/one-set-one-match.
    #[test]
    fn the_order_of_conditions_does_not_matter() {
        let one = with_headers(vec![header("a", exact("1")), header("b", exact("2"))]);
        let other = with_headers(vec![header("b", exact("2")), header("a", exact("1"))]);
        assert_eq!(one, other);
    }

    /// Proves instead/total-order.
    #[test]
    fn any_routes_have_one_order() {
        let names = ["a", "b", "c"];
        let predicates = [HeaderPredicate::Present, exact("1"), exact("2")];
        let headers = names.iter().flat_map(|name| predicates.iter().map(|each| header(name, each.clone())));
        let headers: Vec<_> = headers.collect();
        let pairs =
            headers.iter().flat_map(|one| headers.iter().map(|other| vec![one.clone(), other.clone()]));
        let routes: Vec<_> = pairs.map(with_headers).collect();
        for (a, b) in routes.iter().flat_map(|a| routes.iter().map(move |b| (a, b))) {
            assert_eq!(a.cmp(b), b.cmp(a).reverse(), "{a:?} {b:?}");
            assert_eq!(a.cmp(b).is_eq(), a == b, "{a:?} {b:?}");
            for c in routes.iter().filter(|c| a < b && b < *c) {
                assert!(a < c, "{a:?} {b:?} {c:?}");
            }
        }
    }

    #[test]
    fn query_conditions_break_ties() {
        let query = |predicate| {
            RouteMatch::new(
                PathMatch::Prefix("/".into()),
                vec![],
                vec![QueryMatch { name: "q".into(), predicate }],
            )
        };
        let text = TextMatch { value: "v".into(), ignore_case: false };
        assert_order(&[
            query(QueryPredicate::Exact(text.clone())),
            query(QueryPredicate::Prefix(text)),
            query(QueryPredicate::Present),
        ]);
    }
}
