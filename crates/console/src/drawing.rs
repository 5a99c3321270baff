//! The members of the cluster and the links between them, drawn on the server: no script has a part in it.

use askama::Template;
use ops::{LinkInfo, NodeReport};

use crate::{
    language::{filters, t, t1, t2, t3},
    words,
};

/// A small drawing, in units that are pixels on a phone.
#[derive(Template)]
#[template(path = "drawing.html")]
pub(crate) struct Drawing {
    width: i32,
    height: i32,
    dots: Vec<Dot>,
    pub(crate) lines: Vec<Line>,
}

/// A member to be drawn.
pub(crate) struct Member<'a> {
    pub(crate) node: u64,
    pub(crate) name: &'a str,
    /// `good`, `warn` or `bad`.
    pub(crate) mood: &'static str,
    pub(crate) state: &'a str,
    pub(crate) is_senior: bool,
    pub(crate) is_here: bool,
    pub(crate) report: Option<&'a NodeReport>,
}

struct Dot {
    x: i32,
    y: i32,
    name: String,
    full_name: String,
    mood: &'static str,
    state: String,
    is_senior: bool,
}

/// A link.
pub(crate) struct Line {
    from: (i32, i32),
    to: (i32, i32),
    /// Where its figures are written; none where too many lines are there.
    label: Option<(i32, i32)>,
    pub(crate) names: (String, String),
    /// `up`, `cut` or `unknown`.
    pub(crate) state: &'static str,
    pub(crate) round_trip: String,
    pub(crate) traffic: String,
}

const WIDTH: i32 = 360;
/// Up to so many members each line has its figures beside it; beyond, those of this server, and cut ones.
const LABELLED_MEMBERS: usize = 5;
/// Members that are drawn: more are in the table alone.
pub(crate) const DRAWN_MAX: usize = 12;
/// Characters of a name that fit under its dot.
const NAME_CHARS: usize = 11;

impl Drawing {
    /// Of these members; none where there is no link to draw, or more than a drawing can show.
    pub(crate) fn of(members: &[Member<'_>]) -> Option<Self> {
        if members.len() < 2 || members.len() > DRAWN_MAX {
            return None;
        }
        let (places, height) = places(members.len());
        let dots = members.iter().zip(&places).map(|(member, (x, y))| Dot {
            x: *x,
            y: *y,
            name: short(member.name),
            full_name: member.name.to_owned(),
            mood: member.mood,
            state: member.state.to_owned(),
            is_senior: member.is_senior,
        });
        let pairs = (0..members.len()).flat_map(|one| (one + 1..members.len()).map(move |other| (one, other)));
        Some(Self {
            width: WIDTH,
            height,
            dots: dots.collect(),
            lines: pairs.map(|pair| Line::of(members, &places, pair)).collect(),
        })
    }
}

impl Line {
    /// For whoever does not see the drawing.
    fn in_words(&self) -> String {
        let names = t2("{0} and {1}", &self.names.0, &self.names.1);
        match self.state {
            "cut" => t1("{0}: the link is cut.", names),
            _ => t3("{0}: round trip {1}, {2}.", names, &self.round_trip, &self.traffic),
        }
    }

    fn of(members: &[Member<'_>], places: &[(i32, i32)], (one, other): (usize, usize)) -> Self {
        let (a, b) = (&members[one], &members[other]);
        let ends: Vec<&LinkInfo> = [(a, b), (b, a)]
            .into_iter()
            .filter_map(|(from, to)| end(from, to))
            .collect();
        let state = match ends.iter().all(|end| end.is_up) {
            _ if ends.is_empty() => "unknown",
            true => "up",
            false => "cut",
        };
        let is_up = state == "up";
        let round_trip = ends
            .iter()
            .filter_map(|end| end.round_trip_micros)
            .max()
            .filter(|_| is_up);
        // What one end sends the other one reads.
        let traffic = ends.iter().filter_map(|end| end.per_sec).max();
        let is_labelled = members.len() <= LABELLED_MEMBERS || a.is_here || b.is_here || state == "cut";
        Self {
            from: places[one],
            to: places[other],
            label: is_labelled.then(|| label(members, places, (one, other))),
            names: (a.name.to_owned(), b.name.to_owned()),
            round_trip: match (state, round_trip) {
                ("cut", _) => t("cut").to_owned(),
                (_, Some(micros)) => words::micros(micros),
                (_, None) => t("unknown").to_owned(),
            },
            traffic: match traffic.filter(|_| is_up) {
                Some(bytes) => format!("{}/s", words::bytes(&bytes)),
                None if state == "cut" => t("nothing passes").to_owned(),
                None => t("unknown").to_owned(),
            },
            state,
        }
    }
}

/// What one end of a link says of it.
fn end<'a>(from: &Member<'a>, to: &Member<'_>) -> Option<&'a LinkInfo> {
    from.report?.links.iter().find(|link| link.node == to.node)
}

/// Where the dots are, and how high the drawing is: two side by side, more on a ring, from the top on.
fn places(count: usize) -> (Vec<(i32, i32)>, i32) {
    if count == 2 {
        return (vec![(70, 62), (290, 62)], 124);
    }
    let (middle, radius) = ((180.0, 165.0), 128.0);
    let place = |position: usize| {
        let turn = std::f64::consts::TAU * position as f64 / count as f64;
        (
            rounded(middle.0 + radius * turn.sin()),
            rounded(middle.1 - radius * turn.cos()),
        )
    };
    ((0..count).map(place).collect(), 350)
}

/// Where a line's figures are: in the middle where no other line crosses there, else nearer to one end.
fn label(members: &[Member<'_>], places: &[(i32, i32)], (one, other): (usize, usize)) -> (i32, i32) {
    let (from, to) = (places[one], places[other]);
    let are_neighbours = other - one == 1 || other - one == members.len() - 1;
    // In hundredths of the way.
    let way = match (members.len() > LABELLED_MEMBERS, are_neighbours) {
        (true, _) if members[one].is_here => 64,
        (true, _) if members[other].is_here => 36,
        (_, true) => 50,
        (_, false) => 26,
    };
    let between = |a: i32, b: i32| a + (b - a) * way / 100;
    (between(from.0, to.0), between(from.1, to.1))
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "a place in a drawing of some hundred units"
)]
fn rounded(place: f64) -> i32 {
    place.round() as i32
}

fn short(name: &str) -> String {
    if name.chars().count() <= NAME_CHARS {
        return name.to_owned();
    }
    let begin: String = name.chars().take(NAME_CHARS - 1).collect();
    format!("{begin}…")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn report(links: &[(u64, bool)]) -> NodeReport {
        NodeReport {
            links: links
                .iter()
                .map(|(node, is_up)| LinkInfo {
                    node: *node,
                    is_up: *is_up,
                    round_trip_micros: Some(400 * node),
                    per_sec: Some(1024),
                    ..LinkInfo::default()
                })
                .collect(),
            ..NodeReport::default()
        }
    }

    fn member(node: u64, report: Option<&NodeReport>) -> Member<'_> {
        Member {
            node,
            name: "a name that is far too long to be drawn",
            mood: "good",
            state: "live",
            is_senior: node == 1,
            is_here: node == 1,
            report,
        }
    }

    #[track_caller]
    fn check(one: Option<&NodeReport>, other: Option<&NodeReport>, expected: (&str, &str, &str)) {
        let drawing = Drawing::of(&[member(1, one), member(2, other)]).unwrap();
        let [line] = drawing.lines.try_into().ok().unwrap();
        assert_eq!((line.state, line.round_trip.as_str(), line.traffic.as_str()), expected);
    }

    #[test]
    fn a_line_is_what_its_ends_say() {
        let (up, back, cut) = (report(&[(2, true)]), report(&[(1, true)]), report(&[(1, false)]));
        check(Some(&up), Some(&back), ("up", "0.8 ms", "1.0 KiB/s"));
        check(Some(&up), None, ("up", "0.8 ms", "1.0 KiB/s"));
        check(Some(&up), Some(&cut), ("cut", "cut", "nothing passes"));
        check(None, None, ("unknown", "unknown", "unknown"));
    }

    #[test]
    fn every_pair_has_a_line_and_nothing_leaves_the_drawing() {
        for count in 2..=DRAWN_MAX {
            let members: Vec<_> = (1..=count as u64).map(|node| member(node, None)).collect();
            let drawing = Drawing::of(&members).unwrap();
            assert_eq!(drawing.lines.len(), count * (count - 1) / 2);
            let inside = |(x, y): (i32, i32)| (20..=WIDTH - 20).contains(&x) && (10..=drawing.height - 30).contains(&y);
            assert!(drawing.dots.iter().all(|dot| inside((dot.x, dot.y))), "{count}");
            assert!(drawing.dots.iter().all(|dot| dot.name.chars().count() <= NAME_CHARS));
            let labels: Vec<_> = drawing.lines.iter().filter_map(|line| line.label).collect();
            assert!(labels.iter().all(|label| inside(*label)), "{count}");
            let are_apart = |(one, other): (&(i32, i32), &(i32, i32))| {
                (one.0 - other.0).abs() >= 30 || (one.1 - other.1).abs() >= 22
            };
            for (position, label) in labels.iter().enumerate() {
                let others = labels.iter().skip(position + 1);
                assert!(others.map(|other| (label, other)).all(are_apart), "{count}: {labels:?}");
            }
        }
        for count in [0, 1, DRAWN_MAX + 1] {
            let members: Vec<_> = (1..=count as u64).map(|node| member(node, None)).collect();
            assert!(Drawing::of(&members).is_none());
        }
    }
}
