//! Whether this node may write: it never forks itself (DESIGN §3.8).

use congvan_core::{Seq, Standing};

/// What the node knows when it asks itself whether it may write.
#[derive(Clone, Debug, Default)]
pub(crate) struct Facts {
    /// Our agency's standing in the roster; `None` while the roster does not know it.
    pub standing: Option<Standing>,
    /// The last number of our chain here.
    pub head: u64,
    /// The highest number that the key ever signed, by the mark beside it.
    pub mark: u64,
    /// The ledger came out of a backup and no peer was asked since.
    pub restored: bool,
    /// Peers were asked for our chain's head, and nothing is missing.
    pub confirmed: bool,
    /// Peers hold other entries of ours than we do, from this number on.
    pub contradicted: Option<Seq>,
    /// Our chain is in quarantine from this number on.
    pub quarantined: Option<Seq>,
    /// The roster knows nodes other than ours: somebody can be asked.
    pub others: bool,
    /// The operator chose to start without asking.
    pub offline_start: bool,
}

/// Whether this node may write, and if not, why, in words for its operator.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Gate {
    /// It may.
    Open,
    /// Not yet; peers or the registrar can still change that.
    Waiting(String),
    /// Not without the operator or the registrar.
    Refused(String),
}

impl Facts {
    /// The rule, in the order in which an operator would want to hear of it.
    pub(crate) fn judge(&self) -> Gate {
        let Facts { head, mark, .. } = *self;
        match self.standing {
            None => {
                return Gate::Waiting(
                    "the roster here does not know this agency yet; have the registrar admit it, and import the \
                     roster or connect to a peer"
                        .to_owned(),
                );
            }
            Some(Standing::Suspended) => {
                return Gate::Refused("the registrar has suspended this agency".to_owned());
            }
            Some(Standing::Closed) => return Gate::Refused("the registrar has closed this agency".to_owned()),
            Some(Standing::Active) => {}
        }
        if let Some(seq) = self.contradicted.or(self.quarantined) {
            return Gate::Refused(format!(
                "two different entries of this agency exist with number {seq}; the registrar must name the one that \
                 stands (roster resolve)"
            ));
        }
        if mark > head {
            let asked =
                if self.confirmed { "the peers asked do not have them" } else { "waiting for peers to return them" };
            return Gate::Waiting(format!(
                "this ledger is older than its key: it ends at number {head}, the key has signed up to {mark}; the \
                 missing entries are taken back from peers first ({asked})"
            ));
        }
        if self.confirmed {
            return Gate::Open;
        }
        if self.restored {
            return Gate::Waiting(
                "this ledger was restored from a backup; peers are asked first for what was written after it"
                    .to_owned(),
            );
        }
        if self.offline_start || !self.others {
            return Gate::Open;
        }
        Gate::Waiting(
            "no peer has confirmed yet where this agency's chain ends; to write without asking, start with \
             offline_start"
                .to_owned(),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts() -> Facts {
        Facts { standing: Some(Standing::Active), head: 7, mark: 7, others: true, ..Facts::default() }
    }

    #[test]
    fn an_unconfirmed_node_with_peers_waits() {
        assert!(matches!(facts().judge(), Gate::Waiting(_)));
        assert_eq!(Facts { confirmed: true, ..facts() }.judge(), Gate::Open);
        assert_eq!(Facts { offline_start: true, ..facts() }.judge(), Gate::Open);
        assert_eq!(Facts { others: false, ..facts() }.judge(), Gate::Open);
    }

    #[test]
    fn an_older_ledger_than_its_key_never_writes() {
        let older = Facts { head: 6, offline_start: true, others: false, ..facts() };
        assert!(matches!(older.judge(), Gate::Waiting(why) if why.contains("ends at number 6")));
        assert!(matches!(Facts { confirmed: true, ..older }.judge(), Gate::Waiting(_)));
    }

    #[test]
    fn a_restored_ledger_writes_only_after_peers_were_asked() {
        let restored = Facts { restored: true, offline_start: true, others: false, ..facts() };
        assert!(matches!(restored.judge(), Gate::Waiting(_)));
        assert_eq!(Facts { confirmed: true, ..restored }.judge(), Gate::Open);
    }

    #[test]
    fn standing_and_forks_close_the_gate() {
        for standing in [Standing::Suspended, Standing::Closed] {
            let facts = Facts { standing: Some(standing), confirmed: true, ..facts() };
            assert!(matches!(facts.judge(), Gate::Refused(_)));
        }
        let forked = Facts { contradicted: Seq::new(5), confirmed: true, ..facts() };
        assert!(matches!(forked.judge(), Gate::Refused(why) if why.contains("number 5")));
        let unknown = Facts { standing: None, confirmed: true, ..facts() };
        assert!(matches!(unknown.judge(), Gate::Waiting(_)));
    }
}
