//! The search for a cycle of waits, over any [`Graph`].

/// The locks and the waits that can be seen from here.
pub(super) trait Graph {
    /// A lock, as a wait refers to it.
    type Lock;
    /// A published wait, with the lock at which it is published. Equal only for one that has been
    /// published there all the time.
    type Step: Clone + PartialEq;

    /// What the holder of `lock` waits for, read anew.
    fn steps(&mut self, lock: &Self::Lock) -> Steps<Self::Step>;

    /// The lock that is waited for.
    fn wanted(&self, step: &Self::Step) -> Self::Lock;

    /// The number of the wait, which rises with the time at which it started.
    fn number(&self, step: &Self::Step) -> u64;

    /// Whether this is the wait that the search is for.
    fn is_own(&self, step: &Self::Step) -> bool;
}

/// The waits of the owner of a lock.
pub(super) enum Steps<Step> {
    /// There may be some, which cannot be seen now.
    Unknown,
    /// All of them; only a task may have more than one.
    Known(Vec<Step>),
}

/// A cycle of waits that existed at one instant; the last one is the own wait.
pub(super) type Cycle<Step> = Vec<Step>;

/// The result of a search.
pub(super) enum Found<Step> {
    /// The wait is not in a cycle, or not yet: then a later wait closes it, and its owner finds it.
    None,
    /// It has to be looked at again.
    Unclear,
    /// The wait is in a cycle.
    Cycle {
        steps: Cycle<Step>,
        /// Whether it started last.
        is_youngest: bool,
    },
}

/// More locks than any way leads over; a limit for a search among records that are damaged.
const MAX_STEPS: usize = 10_000;

/// Searches for a cycle from `wanted`, the lock that the own wait is for.
pub(super) fn search<G: Graph>(graph: &mut G, wanted: &G::Lock) -> Found<G::Step> {
    let first = match look(graph, wanted) {
        Look::Nothing => return Found::None,
        Look::Unclear => return Found::Unclear,
        Look::Cycle(steps) => steps,
    };
    if !stands(graph, wanted, &first) {
        return Found::Unclear;
    }
    let own = first.last().map(|own| graph.number(own));
    let is_youngest = first.iter().map(|step| graph.number(step)).max() == own;
    Found::Cycle { steps: first, is_youngest }
}

/// Whether a second look finds all steps of the first one.
fn stands<G: Graph>(graph: &mut G, wanted: &G::Lock, first: &[G::Step]) -> bool {
    let mut locks: Vec<_> = first.iter().map(|step| graph.wanted(step)).collect();
    // The last step leads back to the first lock.
    locks.pop();
    let locks = std::iter::once(wanted).chain(&locks);
    locks.zip(first).all(|(lock, step)| match graph.steps(lock) {
        Steps::Known(steps) => steps.contains(step),
        Steps::Unknown => false,
    })
}

enum Look<Step> {
    Nothing,
    Unclear,
    Cycle(Vec<Step>),
}

/// A wait that was reached, and the one from whose lock it was.
struct Reached<Step> {
    step: Step,
    from: Option<usize>,
}

/// Follows all ways from `wanted`, the shortest first.
fn look<G: Graph>(graph: &mut G, wanted: &G::Lock) -> Look<G::Step> {
    let mut reached: Vec<Reached<G::Step>> = Vec::new();
    let mut is_unclear = false;
    let mut next = 0;
    let mut from: Option<usize> = None;
    loop {
        let steps = match from {
            None => graph.steps(wanted),
            Some(at) => {
                let lock = graph.wanted(&reached[at].step);
                graph.steps(&lock)
            }
        };
        match steps {
            Steps::Unknown => is_unclear = true,
            Steps::Known(steps) => {
                for step in steps {
                    if graph.is_own(&step) {
                        return Look::Cycle(way_to(&reached, from, step));
                    }
                    // A way that returns to another wait is the cycle of others.
                    if !reached.iter().any(|it| it.step == step) {
                        reached.push(Reached { step, from });
                    }
                }
            }
        }
        if next == reached.len() || next == MAX_STEPS {
            return if is_unclear { Look::Unclear } else { Look::Nothing };
        }
        from = Some(next);
        next += 1;
    }
}

/// The steps on the way to `last`, which is the own wait.
fn way_to<Step: Clone>(reached: &[Reached<Step>], from: Option<usize>, last: Step) -> Cycle<Step> {
    let mut steps = vec![last];
    let mut at = from;
    while let Some(number) = at {
        steps.push(reached[number].step.clone());
        at = reached[number].from;
    }
    steps.reverse();
    steps
}

#[cfg(test)]
mod tests;
