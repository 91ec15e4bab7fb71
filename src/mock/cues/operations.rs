use crate::{contract::Contract, message::Request};
use std::{
    collections::BTreeMap,
    fmt,
    sync::{Arc, OnceLock},
};

/// Tells which operation of a contract a request is. The contract is read when it is first asked.
#[derive(Clone)]
pub struct Operations(Arc<Inner>);

struct Inner {
    read: Box<dyn Fn() -> Option<Arc<Contract>> + Send + Sync>,
    contract: OnceLock<Option<Arc<Contract>>>,
    /// What was set, with what there is no trait of.
    set: BTreeMap<String, String>,
}

impl Operations {
    /// Of the contract that `read` gives, on a target that is set so; names that are no traits do not matter.
    #[must_use]
    pub fn of(
        read: impl Fn() -> Option<Arc<Contract>> + Send + Sync + 'static,
        set: impl IntoIterator<Item = (String, String)>,
    ) -> Self {
        Self(Arc::new(Inner {
            read: Box::new(read),
            contract: OnceLock::new(),
            set: set.into_iter().collect(),
        }))
    }

    /// Of no contract: no request is an operation.
    #[must_use]
    pub fn unknown() -> Self {
        Self::of(|| None, [])
    }

    /// The id of the operation that a request is.
    #[must_use]
    pub fn of_request(&self, request: &Request) -> Option<&str> {
        let contract = self.contract()?;
        let (index, _) = contract.operation_for(request, &self.0.set)?;
        Some(contract.operations[index].id.as_str())
    }

    /// All ids; none where there is no contract.
    #[must_use]
    pub fn ids(&self) -> Option<Vec<String>> {
        let operations = &self.contract()?.operations;
        Some(operations.iter().map(|known| known.id.clone()).collect())
    }

    /// The id of the contract.
    #[must_use]
    pub fn contract_id(&self) -> Option<&str> {
        self.contract().map(|contract| contract.id.as_str())
    }

    fn contract(&self) -> Option<&Contract> {
        let inner = &self.0;
        inner.contract.get_or_init(|| (inner.read)()).as_deref()
    }
}

impl fmt::Debug for Operations {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Operations")
            .field("set", &self.0.set)
            .finish_non_exhaustive()
    }
}
