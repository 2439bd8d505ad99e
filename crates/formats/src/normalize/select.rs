//! Which passes run: by name, by group, by default.

use super::{ALL, Group, Pass};

/// A name that is neither a pass nor a group of them.
#[derive(Debug, thiserror::Error)]
#[error("there is no normalize pass or group `{name}`{}", near.map(|near| format!("; did you mean `{near}`?")).unwrap_or_default())]
pub struct PassError {
    pub name: String,
    pub near: Option<&'static str>,
}

/// The passes that run when nothing is said, in their order.
pub fn default_passes() -> Vec<&'static Pass> {
    ALL.iter().copied().filter(|pass| pass.group == Group::Scrubbing).collect()
}

/// The passes that are selected and not ignored, in their fixed order; the default ones where nothing is selected. A
/// name is a pass, a group (`scrubbing`, `careful`, `shaping`), `default` or `all`.
///
/// # Errors
/// A name that does not exist.
pub fn resolve(select: &[String], ignore: &[String]) -> Result<Vec<&'static Pass>, PassError> {
    for name in select.iter().chain(ignore) {
        if !knows(name) {
            let groups = [Group::Scrubbing, Group::Careful, Group::Shaping].map(Group::name);
            let known: Vec<&'static str> = ALL.iter().map(|pass| pass.name).chain(groups).chain(["all", "default"]).collect();
            return Err(PassError { name: name.clone(), near: crate::shape::nearest(name, &known) });
        }
    }
    let chosen = |pass: &&'static Pass| match select {
        [] => pass.group == Group::Scrubbing,
        names => names.iter().any(|name| means(name, pass)),
    };
    Ok(ALL.iter().copied().filter(chosen).filter(|pass| !ignore.iter().any(|name| means(name, pass))).collect())
}

/// Whether this names passes.
pub fn knows(name: &str) -> bool {
    ALL.iter().any(|pass| means(name, pass))
}

fn means(name: &str, pass: &Pass) -> bool {
    let group = if name == "default" { Group::Scrubbing.name() } else { name };
    name == "all" || name == pass.name || group == pass.group.name()
}
