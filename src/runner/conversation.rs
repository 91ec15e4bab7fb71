use super::{
    MockModel, MockTarget, Outcome, ScenarioResult, Target,
    exchange::Talk,
    names::uses_what_is_unset,
    record::{Count, Record},
    render::first_scope,
    shared::Shared,
    step::{At, Stepped, Went},
};
use crate::{
    auth::User,
    client::{Client, ClientOptions, Connections, Credentials, Origin, Scheme},
    contract::{Contract, Level},
    mock::{
        self, Clock, Documented, Ids, Kind, Model, Server, ServerOptions, wiremock_door::Mounted,
    },
    plan::{Plan, PlannedStep},
    source::Scope,
};
use std::{
    collections::BTreeMap,
    sync::{Arc, atomic::Ordering::Relaxed},
    time::Instant,
};
use tokio::task::JoinSet;

/// Who may use a mock that demands credentials.
const USER: (&str, &str) = ("wireproof", "wireproof-password");

/// What a scenario came to, and how often each clause was judged.
pub(super) struct Finished {
    pub(super) result: ScenarioResult,
    pub(super) counts: BTreeMap<usize, Count>,
}

/// Where a scenario runs; the mock lives as long as this.
struct Stage {
    origin: Origin,
    client: Client,
    clock: Option<Clock>,
    server: Serving,
}

/// What answers; it stops when it is dropped.
enum Serving {
    /// Somebody else's server.
    Elsewhere,
    Own(Server),
    Mounted(Mounted),
}

/// Runs one scenario to its end, cleanup included.
pub(super) async fn converse(
    shared: &Arc<Shared>,
    contract: &Arc<Contract>,
    target: &Target,
    plan: &Arc<Plan>,
) -> Finished {
    let began = Instant::now();
    let mut record = Record::default();
    let mut compared_steps = Vec::new();
    let mut went = Went::Errored;
    match stage(shared, contract, target, plan).await {
        Err(error) => record.errors.push(error),
        Ok(stage) => {
            let url = stage.clock.is_none();
            let hook = shared.options.snapshots.clone();
            let compared = hook.filter(|hook| (hook.wanted)(plan));
            let talk = Arc::new(Talk {
                shared: shared.clone(),
                client: stage.client.clone(),
                judge: shared.judge(contract, &plan.target.traits, url),
                plan: plan.clone(),
                origin: stage.origin.clone(),
                clock: stage.clock.clone(),
                trace: shared.options.keep_trace || compared.is_some(),
            });
            went = talk.conversation(&mut record).await;
            if let Some(hook) = compared.filter(|_| went == Went::On) {
                let steps: Vec<_> = record
                    .trace
                    .iter()
                    .filter(|kept| !kept.cleanup)
                    .cloned()
                    .collect();
                let found = (hook.compare)(plan, &steps, !url);
                for step in steps.iter().filter(|kept| kept.last) {
                    let id = &step.plan.steps[step.at.0][step.at.1].id;
                    if !compared_steps.contains(id) {
                        compared_steps.push(id.clone());
                    }
                }
                let worst = found.iter().map(|finding| finding.level).max();
                record.findings.extend(found);
                talk.halt(worst);
            }
            if !shared.options.keep_trace {
                record.trace = Vec::new();
            }
            match stage.server {
                Serving::Elsewhere => {}
                Serving::Own(server) => drop(server),
                Serving::Mounted(server) => drop(server),
            }
        }
    }
    Finished {
        result: ScenarioResult {
            id: plan.id.clone(),
            title: plan.scenario.title.clone(),
            outcome: outcome(&record, went, shared),
            findings: record.findings,
            elapsed: began.elapsed(),
            requests: record.requests,
            compared: compared_steps,
            trace: record.trace,
        },
        counts: record.counts,
    }
}

fn outcome(record: &Record, went: Went, shared: &Shared) -> Outcome {
    if !record.errors.is_empty() {
        return Outcome::Errored(record.errors.join("; "));
    }
    match went {
        Went::Errored => Outcome::Errored("it could not be run".to_owned()),
        Went::Blocked => Outcome::Blocked,
        _ if record.worst() == Some(Level::Must) => Outcome::Failed,
        Went::Stopped => {
            // One that others have missed already, where nothing else stopped it.
            let why = shared.over().unwrap_or("the server stopped answering");
            Outcome::Skipped(why.to_owned())
        }
        Went::On | Went::Ended => Outcome::Passed,
    }
}

async fn stage(
    shared: &Shared,
    contract: &Arc<Contract>,
    target: &Target,
    plan: &Plan,
) -> Result<Stage, String> {
    match target {
        Target::Url(url) => Ok(Stage {
            origin: url.origin.clone(),
            client: shared.client.clone(),
            clock: None,
            server: Serving::Elsewhere,
        }),
        Target::Mock(mock) => {
            let clock = Clock::skipping(Clock::START);
            let kind = match mock.model {
                MockModel::Kind(kind) => kind,
                MockModel::Documented => return documented(shared, contract, plan, clock).await,
            };
            let model = model(kind, mock, contract, plan, &clock)?;
            let scheme = match plan.target.traits.get("auth").map(String::as_str) {
                Some("basic") => Some(Scheme::Basic),
                Some("ntlm") => Some(Scheme::Ntlm),
                _ => None,
            };
            let users = vec![User::new(USER.0, USER.1)];
            let options = ServerOptions {
                clock: clock.clone(),
                auth: match scheme {
                    None => mock::Auth::None,
                    Some(Scheme::Ntlm) => mock::Auth::Ntlm { users },
                    Some(_) => mock::Auth::Basic { users },
                },
                // Nobody reads it.
                journal_bytes: 0,
                ..ServerOptions::default()
            };
            let server = Server::start(model, options).map_err(|error| error.to_string())?;
            let (origin, _) = Origin::parse(&server.url()).map_err(|error| error.to_string())?;
            let client = match scheme {
                None => shared.client.clone(),
                Some(scheme) => {
                    let credentials = Some(Credentials {
                        user: USER.0.to_owned(),
                        password: USER.1.to_owned(),
                        scheme,
                    });
                    let options = ClientOptions {
                        credentials,
                        ..ClientOptions::default()
                    };
                    Client::new(&options).map_err(|error| error.to_string())?
                }
            };
            Ok(Stage {
                origin,
                client,
                clock: Some(clock),
                server: Serving::Own(server),
            })
        }
    }
}

/// A suite without a mock of its own: the replies that its contract documents, through wiremock.
async fn documented(
    shared: &Shared,
    contract: &Arc<Contract>,
    plan: &Plan,
    clock: Clock,
) -> Result<Stage, String> {
    let model = Documented::new(contract.clone(), plan.target.traits.clone());
    let server = Mounted::start(Arc::new(model), clock.clone()).await;
    let (origin, _) = Origin::parse(&server.url()).map_err(|error| error.to_string())?;
    Ok(Stage {
        origin,
        client: shared.client.clone(),
        clock: Some(clock),
        server: Serving::Mounted(server),
    })
}

fn model(
    kind: &Kind,
    mock: &MockTarget,
    contract: &Arc<Contract>,
    plan: &Plan,
    clock: &Clock,
) -> Result<Arc<dyn Model>, String> {
    let differs = |(name, value): &(&String, &String)| {
        let default = contract.traits.get(*name).map(|declared| &declared.default);
        default != Some(*value) && kind.settings.iter().any(|setting| setting.name == *name)
    };
    let traits = plan.target.traits.iter().filter(differs);
    let mut set: Vec<(String, String)> = traits
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect();
    set.extend(mock.settings.iter().cloned());
    let options = mock::Options {
        set,
        quirks: mock.quirks.clone(),
        clock: clock.clone(),
        ids: Ids::seeded(seed(&plan.id)),
        data_dir: None,
    };
    (kind.start)(&options).map_err(|error| error.to_string())
}

/// The same number for the same id in every run and build (FNV-1a).
fn seed(id: &str) -> u64 {
    id.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

impl Talk {
    async fn conversation(self: &Arc<Self>, record: &mut Record) -> Went {
        let mut scope = first_scope(&self.plan);
        let mut connections = self.client.connections();
        let mut went = Went::On;
        for (group, steps) in self.plan.steps.iter().enumerate() {
            if self.shared.options.stop.is_asked() || self.shared.halted.load(Relaxed) {
                went = Went::Stopped;
                break;
            }
            let stepped = match steps.as_slice() {
                [one] => {
                    let at = At {
                        group,
                        index: 0,
                        cleanup: false,
                    };
                    vec![self.step(&mut connections, &scope, one, at, record).await]
                }
                several => self.at_once(several, group, &scope, record).await,
            };
            went = stepped
                .iter()
                .map(|stepped| stepped.went)
                .max()
                .unwrap_or(Went::On);
            // What was made is to be cleaned up, also where another step of the group failed.
            set(&mut scope, stepped);
            if went != Went::On {
                break;
            }
        }
        let cleaned = self.cleanup(&mut scope, &mut connections, record).await;
        if went == Went::On { cleaned } else { went }
    }

    /// Sends several steps at once, each on a connection of its own.
    async fn at_once(
        self: &Arc<Self>,
        steps: &[PlannedStep],
        group: usize,
        scope: &Scope,
        record: &mut Record,
    ) -> Vec<Stepped> {
        let mut running = JoinSet::new();
        for index in 0..steps.len() {
            let (talk, scope) = (self.clone(), scope.clone());
            running.spawn(async move {
                let mut record = Record::default();
                let mut connections: Connections = talk.client.connections();
                let at = At {
                    group,
                    index,
                    cleanup: false,
                };
                let step = &talk.plan.steps[group][index];
                let stepped = talk
                    .step(&mut connections, &scope, step, at, &mut record)
                    .await;
                (index, stepped, record)
            });
        }
        let mut done = Vec::new();
        while let Some(joined) = running.join_next().await {
            match joined {
                Ok(one) => done.push(one),
                Err(error) => record.errors.push(format!("a parallel step: {error}")),
            }
        }
        done.sort_by_key(|(index, ..)| *index);
        done.into_iter()
            .map(|(_, stepped, own)| {
                record.join(own);
                stepped
            })
            .collect()
    }

    /// Runs what always runs. A step that uses a name which was never set is left out; one that fails does not stop the others.
    async fn cleanup(
        &self,
        scope: &mut Scope,
        connections: &mut Connections,
        record: &mut Record,
    ) -> Went {
        let mut worst = Went::On;
        for (index, step) in self.plan.cleanup.iter().enumerate() {
            if self.is_url() && self.shared.gave_up() {
                break;
            }
            if uses_what_is_unset(step, scope) {
                continue;
            }
            let at = At {
                group: 0,
                index,
                cleanup: true,
            };
            let stepped = self.step(connections, scope, step, at, record).await;
            worst = worst.max(stepped.went);
            set(scope, vec![stepped]);
        }
        worst
    }
}

fn set(scope: &mut Scope, stepped: Vec<Stepped>) {
    for (name, value) in stepped.into_iter().flat_map(|stepped| stepped.sets) {
        match (name.as_str(), value, scope.get("path")) {
            // Steps that ran at once may each have named a parameter of their own.
            ("path", serde_json::Value::Object(new), Some(serde_json::Value::Object(mut path))) => {
                path.extend(new);
                scope.set("path", &path.into());
            }
            (name, value, _) => scope.set_told(name, &value),
        }
    }
}
