use super::{
    catalogue::NodeProperty,
    state::{AVAILABILITIES, JOB_TYPES, LOCATIONS, NodeState, Words},
    value::Value,
};
use crate::mock::{Clock, Moment};
use serde_json::{Map, Value as Json};

/// The cluster: nodes, groups, job templates. It does not change while it runs.
#[derive(Clone, Debug)]
pub(crate) struct Cluster {
    /// The nodes; the place in the list plus one is the id.
    pub(crate) nodes: Vec<Node>,
    /// The groups in their order.
    pub(crate) groups: Vec<Group>,
    /// The names of the job templates; the first is the default.
    pub(crate) templates: Vec<String>,
    /// The node that the scheduler runs on.
    pub(crate) head_node: String,
}

/// A group of nodes.
#[derive(Clone, Debug)]
pub(crate) struct Group {
    /// Its name.
    pub(crate) name: String,
    /// What it is for.
    pub(crate) description: String,
}

/// A node.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    /// Its name.
    pub(crate) name: String,
    /// The groups it is in.
    pub(crate) groups: Vec<String>,
    /// Offline, Draining, Online.
    pub(crate) state: NodeState,
    /// Cores.
    pub(crate) cores: u32,
    /// Sockets.
    pub(crate) sockets: u32,
    memory: i64,
    speed: u32,
    reachable: bool,
    availability: &'static str,
    location: &'static str,
    job_type: &'static str,
    dns_suffix: String,
    azure_service: String,
    /// Since when it is in its state.
    pub(crate) since: Moment,
}

/// The group of the head nodes.
const HEAD: &str = "HeadNodes";
/// The group of the nodes that run tasks.
pub(crate) const COMPUTE: &str = "ComputeNodes";
const BROKER: &str = "WCFBrokerNodes";

impl Default for Cluster {
    /// A head node, a broker node, four compute nodes of 8 cores, three groups, two templates.
    fn default() -> Self {
        let node = |name: String, group: &str, job_type| Node {
            job_type,
            groups: vec![group.to_owned()],
            ..Node::named(name)
        };
        let mut nodes = vec![
            node("HEADNODE".to_owned(), HEAD, "Admin"),
            node("BROKERNODE01".to_owned(), BROKER, "Broker"),
        ];
        nodes.extend((1..=4).map(|n| node(format!("COMPUTENODE{n:02}"), COMPUTE, "Batch")));
        let group = |name: &str, description: &str| Group {
            name: name.to_owned(),
            description: description.to_owned(),
        };
        Self {
            nodes,
            groups: vec![
                group(HEAD, "The nodes that run the scheduler"),
                group(COMPUTE, "The nodes that run tasks"),
                group(BROKER, "The nodes that broker SOA sessions"),
            ],
            templates: vec!["Default".to_owned(), "LowPriority".to_owned()],
            head_node: "HEADNODE".to_owned(),
        }
    }
}

impl Node {
    fn named(name: String) -> Self {
        Self {
            name,
            groups: Vec::new(),
            state: NodeState::Online,
            cores: 8,
            sockets: 2,
            memory: 16_384,
            speed: 2_600,
            reachable: true,
            availability: "AlwaysOn",
            location: "OnPremise",
            job_type: "Batch",
            dns_suffix: "hpc.example".to_owned(),
            azure_service: String::new(),
            since: Clock::START,
        }
    }

    /// Whether tasks can be placed there.
    pub(crate) fn takes_tasks(&self) -> bool {
        self.state == NodeState::Online && self.reachable && self.job_type == "Batch"
    }

    /// The value of a property; `id` is the place in the list plus one.
    pub(crate) fn value(&self, property: NodeProperty, id: usize) -> Value {
        let int = |number: u32| Value::Int(i64::from(number));
        let word = |words: Words, name: &'static str| {
            let number = words.iter().find(|(word, _)| *word == name);
            Value::Word(name, number.map_or(0, |(_, number)| *number))
        };
        match property {
            NodeProperty::Availability => word(AVAILABILITIES, self.availability),
            NodeProperty::AzureServiceName => self.azure_service.clone().into(),
            NodeProperty::CpuSpeed => int(self.speed),
            NodeProperty::DnsSuffix => self.dns_suffix.clone().into(),
            NodeProperty::Guid => format!("00000000-0000-4000-8000-{id:012x}").into(),
            NodeProperty::Id => Value::Int(i64::try_from(id).unwrap_or(i64::MAX)),
            NodeProperty::JobType => word(JOB_TYPES, self.job_type),
            NodeProperty::Location => word(LOCATIONS, self.location),
            NodeProperty::MemorySize => Value::Int(self.memory),
            NodeProperty::MoveToOffline => Value::Bool(self.state == NodeState::Draining),
            NodeProperty::Name => self.name.clone().into(),
            NodeProperty::NodeGroups => self.groups.join(",").into(),
            NodeProperty::NumCores => int(self.cores),
            NodeProperty::NumSockets => int(self.sockets),
            NodeProperty::OfflineTime => {
                Value::Time((self.state != NodeState::Online).then_some(self.since))
            }
            NodeProperty::OnlineTime => {
                Value::Time((self.state == NodeState::Online).then_some(self.since))
            }
            NodeProperty::Reachable => Value::Bool(self.reachable),
            NodeProperty::State => Value::Word(self.state.name(), self.state as i64),
        }
    }
}

impl Cluster {
    /// The node of that name in any letter case, with its place in the list.
    pub(crate) fn node(&self, name: &str) -> Option<(usize, &Node)> {
        self.nodes
            .iter()
            .enumerate()
            .find(|(_, node)| node.name.eq_ignore_ascii_case(name))
    }

    /// The group of that name in any letter case.
    pub(crate) fn group(&self, name: &str) -> Option<&Group> {
        self.groups
            .iter()
            .find(|group| group.name.eq_ignore_ascii_case(name))
    }

    /// The names of the nodes in a group.
    pub(crate) fn members<'a>(&'a self, group: &'a Group) -> impl Iterator<Item = &'a str> {
        self.nodes
            .iter()
            .filter(|node| node.groups.contains(&group.name))
            .map(|node| node.name.as_str())
    }

    /// Reads a cluster file: JSON with `nodes` (each with a `name`, and `groups`, `state`, `cores`, `sockets`, `memory`, `speed`,
    /// `reachable`, `availability`, `location`, `jobType`, `dnsSuffix`, `azureServiceName`), and if need be `groups` (`name`,
    /// `description`), `templates` and `headNode`.
    ///
    /// # Errors
    /// The first thing that does not read, for a person.
    pub(crate) fn read(text: &str) -> Result<Self, String> {
        let json: Json = serde_json::from_str(text).map_err(|e| e.to_string())?;
        let file = object(&json, "the file")?;
        known(
            file,
            "the file",
            &["nodes", "groups", "templates", "headNode"],
        )?;
        let nodes: Vec<_> = array(file, "nodes")?
            .iter()
            .map(node)
            .collect::<Result<_, _>>()?;
        if nodes.is_empty() {
            return Err("`nodes` has no node".to_owned());
        }
        let mut groups: Vec<_> = array(file, "groups")?
            .iter()
            .map(group)
            .collect::<Result<_, _>>()?;
        for name in nodes.iter().flat_map(|node| &node.groups) {
            if !groups.iter().any(|group| group.name == *name) {
                groups.push(Group {
                    name: name.clone(),
                    description: String::new(),
                });
            }
        }
        let mut templates = strings(file, "templates")?;
        if templates.is_empty() {
            templates.push("Default".to_owned());
        }
        let head_node = match file.get("headNode") {
            Some(name) => string(name, "headNode")?,
            None => nodes[0].name.clone(),
        };
        Ok(Self {
            nodes,
            groups,
            templates,
            head_node,
        })
    }
}

fn node(json: &Json) -> Result<Node, String> {
    let fields = object(json, "a node")?;
    known(
        fields,
        "a node",
        &[
            "name",
            "groups",
            "state",
            "cores",
            "sockets",
            "memory",
            "speed",
            "reachable",
            "availability",
            "location",
            "jobType",
            "dnsSuffix",
            "azureServiceName",
        ],
    )?;
    let name = fields.get("name").ok_or("a node has no `name`")?;
    let mut node = Node::named(string(name, "name")?);
    node.groups = strings(fields, "groups")?;
    for (key, value) in fields {
        let number = || {
            value
                .as_u64()
                .and_then(|number| u32::try_from(number).ok())
                .ok_or_else(|| format!("`{key}` of a node is no number"))
        };
        let word = |words: Words| {
            let name = string(value, key)?;
            words
                .iter()
                .map(|(word, _)| *word)
                .find(|word| word.eq_ignore_ascii_case(&name))
                .ok_or_else(|| format!("`{name}` is no `{key}` of a node"))
        };
        match key.as_str() {
            "state" => {
                let name = string(value, key)?;
                node.state = NodeState::named(&name)
                    .ok_or_else(|| format!("`{name}` is no state of a node"))?;
            }
            "cores" => node.cores = number()?,
            "sockets" => node.sockets = number()?,
            "memory" => node.memory = i64::from(number()?),
            "speed" => node.speed = number()?,
            "reachable" => {
                node.reachable = value.as_bool().ok_or("`reachable` is true or false")?;
            }
            "availability" => node.availability = word(AVAILABILITIES)?,
            "location" => node.location = word(LOCATIONS)?,
            "jobType" => node.job_type = word(JOB_TYPES)?,
            "dnsSuffix" => node.dns_suffix = string(value, key)?,
            "azureServiceName" => node.azure_service = string(value, key)?,
            _ => {}
        }
    }
    Ok(node)
}

fn group(json: &Json) -> Result<Group, String> {
    let fields = object(json, "a group")?;
    known(fields, "a group", &["name", "description"])?;
    let text = |key| {
        fields
            .get(key)
            .map_or(Ok(String::new()), |value| string(value, key))
    };
    match text("name")? {
        name if name.is_empty() => Err("a group has no `name`".to_owned()),
        name => Ok(Group {
            name,
            description: text("description")?,
        }),
    }
}

fn object<'a>(json: &'a Json, what: &str) -> Result<&'a Map<String, Json>, String> {
    json.as_object()
        .ok_or_else(|| format!("{what} is no object"))
}

fn known(fields: &Map<String, Json>, what: &str, names: &[&str]) -> Result<(), String> {
    match fields.keys().find(|key| !names.contains(&key.as_str())) {
        Some(key) => Err(format!(
            "{what} has no `{key}`; it has {}",
            names.join(", ")
        )),
        None => Ok(()),
    }
}

fn array<'a>(fields: &'a Map<String, Json>, key: &str) -> Result<&'a [Json], String> {
    match fields.get(key) {
        None => Ok(&[]),
        Some(Json::Array(items)) => Ok(items),
        Some(_) => Err(format!("`{key}` is no list")),
    }
}

fn string(json: &Json, key: &str) -> Result<String, String> {
    json.as_str()
        .map(str::to_owned)
        .ok_or_else(|| format!("`{key}` is no text"))
}

fn strings(fields: &Map<String, Json>, key: &str) -> Result<Vec<String>, String> {
    array(fields, key)?
        .iter()
        .map(|item| string(item, key))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::{COMPUTE, Cluster};
    use rstest::rstest;

    #[test]
    fn the_default_cluster_has_six_nodes_in_three_groups() {
        let cluster = Cluster::default();
        assert_eq!((cluster.nodes.len(), cluster.groups.len()), (6, 3));
        let compute = cluster.group(COMPUTE).unwrap();
        assert_eq!(cluster.members(compute).count(), 4);
        assert!(cluster.node("headnode").is_some());
    }

    #[test]
    fn a_file_replaces_it_and_brings_the_groups_that_its_nodes_name() {
        let text = r#"{"nodes": [{"name": "A", "cores": 2, "state": "draining", "groups": ["G"]}, {"name": "B"}]}"#;
        let cluster = Cluster::read(text).unwrap();
        assert_eq!(cluster.nodes[0].cores, 2);
        assert_eq!(cluster.groups[0].name, "G");
        assert_eq!(
            (cluster.head_node.as_str(), cluster.templates.len()),
            ("A", 1)
        );
    }

    #[rstest]
    #[case("", "EOF")]
    #[case("[]", "no object")]
    #[case(r#"{"nodes": []}"#, "no node")]
    #[case(r#"{"nodes": [{}]}"#, "no `name`")]
    #[case(r#"{"nodes": [{"name": "A", "core": 1}]}"#, "no `core`")]
    #[case(r#"{"nodes": [{"name": "A", "state": "asleep"}]}"#, "asleep")]
    #[case(r#"{"nodes": [{"name": "A", "cores": -1}]}"#, "`cores`")]
    #[case(r#"{"node": []}"#, "no `node`")]
    fn what_does_not_read_is_told(#[case] text: &str, #[case] told: &str) {
        let error = Cluster::read(text).unwrap_err();
        assert!(error.contains(told), "{error}");
    }
}
