//! The frame around every page: menu, banner, who is logged in.

use ops::{Headline, NodeState, Role};

use crate::{
    assets,
    guard::Visitor,
    language::{t, t1, t2, told},
    routes,
};

/// What a page is framed by.
pub(crate) struct Frame {
    /// The page's heading.
    pub(crate) title: String,
    /// What was done just before, if something was.
    pub(crate) notice: Option<&'static str>,
    pub(crate) menu: Vec<MenuItem>,
    pub(crate) banner: Banner,
    /// Who is logged in, and as what.
    pub(crate) who: String,
    pub(crate) role: String,
    pub(crate) may_change: bool,
    pub(crate) is_owner: bool,
    /// What every form carries.
    pub(crate) csrf: String,
    pub(crate) style: &'static str,
    pub(crate) script: &'static str,
    pub(crate) icon: &'static str,
}

/// A line of the menu.
pub(crate) struct MenuItem {
    pub(crate) path: &'static str,
    pub(crate) label: &'static str,
    pub(crate) is_here: bool,
}

/// What the cluster is doing, on every page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Banner {
    /// `calm`, `good`, `warn` or `bad`.
    pub(crate) mood: &'static str,
    pub(crate) text: String,
}

impl Frame {
    /// For this page, as this visitor sees it.
    pub(crate) fn new(title: &str, path: &str, visitor: &Visitor, headline: &Headline) -> Self {
        let role = visitor.actor.role();
        let item = |info: routes::RouteInfo| {
            let label = info.menu.filter(|_| info.needs.allows(role))?;
            let is_here = path == info.path || (info.path != "/" && path.starts_with(&format!("{}/", info.path)));
            Some(MenuItem {
                path: info.path,
                label: t(label),
                is_here,
            })
        };
        Self {
            title: title.to_owned(),
            notice: None,
            menu: routes::table().into_iter().filter_map(item).collect(),
            banner: Banner::of(headline),
            who: visitor.actor.to_string(),
            role: told(role),
            may_change: *role != Role::ReadOnly,
            is_owner: *role == Role::Owner,
            csrf: visitor.token.csrf(),
            style: assets::style(),
            script: assets::script(),
            icon: assets::icon(),
        }
    }
}

impl Banner {
    /// In words.
    pub(crate) fn of(headline: &Headline) -> Self {
        let because = |text: &str| match &headline.problem {
            Some(problem) => format!("{text}: {}", told(problem)),
            None => text.to_owned(),
        };
        let (mood, text) = match (headline.state, headline.members) {
            (NodeState::Alone, _) => match headline.problem {
                Some(_) => ("bad", because(t("This server is not in the cluster"))),
                None => ("calm", t("Clustering is off").to_owned()),
            },
            (NodeState::Member, 0 | 1) => ("warn", t("Only member of its cluster: no failover").to_owned()),
            (NodeState::Member, members) => {
                let senior = headline.senior.as_deref();
                let text = match senior {
                    Some(name) => t2("{0} members, senior {1}", members, name),
                    None => t1("{0} members, no senior just now", members),
                };
                ("good", text)
            }
            (NodeState::Joining, _) => ("warn", because(t("This server is joining the cluster"))),
            (NodeState::Fenced, _) => (
                "bad",
                because(t("This server is cut off from its cluster and does nothing")),
            ),
            (NodeState::Draining, _) => (
                "warn",
                t("This server hands over what it has, and then ends").to_owned(),
            ),
            (NodeState::Silent | NodeState::Unknown, _) => {
                ("bad", because(t("It is unknown how this server stands in its cluster")))
            }
        };
        Self { mood, text }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(state: NodeState, members: usize, senior: Option<&str>, problem: Option<&str>, expected: (&str, &str)) {
        let headline = Headline {
            state,
            members,
            senior: senior.map(str::to_owned),
            problem: problem.map(str::to_owned),
        };
        let banner = Banner::of(&headline);
        assert_eq!((banner.mood, banner.text.as_str()), expected);
    }

    #[test]
    fn the_banner_says_what_the_cluster_is_doing() {
        check(NodeState::Alone, 0, None, None, ("calm", "Clustering is off"));
        let text = "This server is not in the cluster: no port is free";
        check(NodeState::Alone, 0, None, Some("no port is free"), ("bad", text));
        let text = "Only member of its cluster: no failover";
        check(NodeState::Member, 1, Some("n1"), None, ("warn", text));
        check(NodeState::Member, 3, Some("n1"), None, ("good", "3 members, senior n1"));
        check(
            NodeState::Member,
            3,
            None,
            None,
            ("good", "3 members, no senior just now"),
        );
        check(
            NodeState::Joining,
            0,
            None,
            None,
            ("warn", "This server is joining the cluster"),
        );
    }
}
