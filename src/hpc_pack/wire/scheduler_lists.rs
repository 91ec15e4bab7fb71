//! Lists, the nodes, and what there is to know of the cluster.

use super::{
    ApiVersion, Call, Fault, Flow, WireReply, bags,
    scheduler::{ask, bag, job_id, told},
};
use crate::hpc_pack::{
    Form, HeadNode, Quirk,
    domain::{Ask, JobList, Page, Row, TaskList},
};
use crate::mock::Moment;
use std::borrow::Cow;

/// How much work a list does before others get their turn.
const SLICE: usize = 500;

/// The URI parameters of a list, decoded.
struct Asked<'a> {
    properties: Option<Cow<'a, str>>,
    sort: Option<Cow<'a, str>>,
    filter: Option<Cow<'a, str>>,
    owner: Option<Cow<'a, str>>,
    query_id: Option<Cow<'a, str>>,
    rows: Option<i32>,
    expand: Option<bool>,
    object_number: Option<u64>,
}

impl<'a> Asked<'a> {
    /// Reads them; `sort` is what the parameter for the sort key is called.
    fn read(node: &HeadNode, call: &Call<'a>, sort: &str) -> Result<Self, Fault> {
        let query = call.query;
        let filter = query
            .get("$filter")
            .filter(|filter| !filter.trim().is_empty());
        let render = query.get("Render").filter(|render| !render.is_empty());
        let rendered = match &render {
            None => false,
            Some(render) if render.eq_ignore_ascii_case("RestPropRender") => true,
            Some(_) => {
                return Err(Fault::bad_request(
                    "The URI parameter Render of a list takes RestPropRender only.",
                ));
            }
        };
        if filter.is_some() && !rendered && !node.quirks.has(Quirk::FilterWithoutRender) {
            return Err(Fault::bad_request(
                "$filter needs Render=RestPropRender beside it.",
            ));
        }
        let new_enough = call
            .version
            .is_some_and(|version| version >= ApiVersion::V2012_11);
        if filter.is_some() && !new_enough && !node.quirks.has(Quirk::FilterWithoutVersion) {
            return Err(Fault::bad_request(
                "$filter needs api-version 2012-11-01 or later.",
            ));
        }
        let object_number = query
            .get("CurrentObjectNumber")
            .filter(|number| !number.is_empty())
            .map(|number| number.trim().parse())
            .transpose()
            .map_err(|_| {
                Fault::bad_request("The URI parameter CurrentObjectNumber takes a number.")
            })?;
        Ok(Self {
            properties: query.get("Properties"),
            sort: query.get(sort),
            filter,
            owner: query.get("Owner"),
            query_id: query.get("QueryId"),
            rows: query.integer("RowsPerRead")?,
            expand: query
                .boolean("ExpandParametric")?
                .or(node.quirks.has(Quirk::CollapsedByDefault).then_some(false)),
            object_number,
        })
    }

    fn ask(&self) -> Ask<'_> {
        Ask {
            properties: self.properties.as_deref(),
            sort: self.sort.as_deref(),
            filter: self.filter.as_deref(),
            owner: self.owner.as_deref(),
            rows: self.rows.map(i64::from),
            expand: self.expand.unwrap_or(true),
            query_id: self.query_id.as_deref(),
            object_number: self.object_number,
        }
    }
}

/// Get Job List.
pub(super) fn jobs(node: &HeadNode, call: &Call<'_>) -> Result<Flow, Fault> {
    let asked = Asked::read(node, call, "SortJobsBy")?;
    let list = ask(node, call, |scheduler| {
        scheduler.job_list(asked.ask(), call.now)
    })?;
    Ok(more_jobs(node, list, call.now))
}

/// Does more of a list of jobs, and gives it once it is whole. Others have their turn between, so that nobody waits for a long
/// list.
fn more_jobs(node: &HeadNode, mut list: JobList, now: Moment) -> Flow {
    let page = node.scheduler().list_jobs(&mut list, now, SLICE);
    match page {
        Some(page) => paged(node, &page, "x-ms-continuation-queryId", true),
        None => Flow::rest(move |node| Ok(more_jobs(node, list, now))),
    }
}

/// Get Task List.
pub(super) fn tasks(node: &HeadNode, call: &Call<'_>) -> Result<Flow, Fault> {
    let asked = Asked::read(node, call, "SortTasksBy")?;
    let list = ask(node, call, |scheduler| {
        scheduler.task_list(job_id(call), asked.ask(), call.now)
    })?;
    Ok(more_tasks(node, list, call.now))
}

/// The same of a list of tasks.
fn more_tasks(node: &HeadNode, mut list: TaskList, now: Moment) -> Flow {
    let page = node.scheduler().list_tasks(&mut list, now, SLICE);
    match page {
        Some(page) => paged(node, &page, "x-ms-continuation-queryId", true),
        None => Flow::rest(move |node| Ok(more_tasks(node, list, now))),
    }
}

/// Get Node List.
pub(super) fn nodes(node: &HeadNode, call: &Call<'_>) -> Result<Flow, Fault> {
    let mut asked = Asked::read(node, call, "SortNodesBy")?;
    asked.object_number = None;
    let page = ask(node, call, |scheduler| {
        scheduler.list_nodes(asked.ask(), call.now)
    })?;
    Ok(paged(node, &page, "x-ms-continuation-QueryId", false))
}

fn paged(node: &HeadNode, page: &Page, header: &'static str, numbered: bool) -> Flow {
    let mut reply = WireReply::xml(objects(&page.rows));
    if let Some(next) = &page.next {
        reply = reply.header(header, next.query_id.clone());
        if numbered && !node.quirks.has(Quirk::ObjectNumberMissing) {
            reply = reply.header(
                "x-ms-continuation-CurrentObjectNumber",
                next.object_number.to_string(),
            );
        }
    }
    reply.into()
}

fn objects(rows: &[Row]) -> String {
    bags::objects(
        rows.iter()
            .map(|row| row.iter().map(|(name, value)| (*name, value.written()))),
    )
}

/// Get Node.
pub(super) fn node(node: &HeadNode, call: &Call<'_>) -> Result<Flow, Fault> {
    let found = node.scheduler().node(&call.params[0]);
    found
        .map(|row| bag(&row))
        .map_err(|fault| told(node, &fault))
}

/// Get Node Group List.
pub(super) fn groups(node: &HeadNode, _: &Call<'_>) -> Result<Flow, Fault> {
    Ok(WireReply::xml(objects(&node.scheduler().groups())).into())
}

/// Get Node Group Members.
pub(super) fn members(node: &HeadNode, call: &Call<'_>) -> Result<Flow, Fault> {
    let found = node.scheduler().group_members(&call.params[0]);
    found
        .map(|names| WireReply::xml(bags::strings(names)).into())
        .map_err(|fault| told(node, &fault))
}

/// Get Job Templates.
pub(super) fn templates(node: &HeadNode, _: &Call<'_>) -> Result<Flow, Fault> {
    Ok(WireReply::xml(bags::strings(node.scheduler().templates())).into())
}

/// Get Clusters.
pub(super) fn clusters(node: &HeadNode, _: &Call<'_>) -> Result<Flow, Fault> {
    let row = [("Name", node.settings.cluster.as_str())];
    Ok(WireReply::xml(bags::objects([row])).into())
}

/// Get Active Head Node.
pub(super) fn head_node(node: &HeadNode, _: &Call<'_>) -> Result<Flow, Fault> {
    Ok(WireReply::xml(bags::string(&node.scheduler().cluster().head_node)).into())
}

/// Get Version.
pub(super) fn version(node: &HeadNode, _: &Call<'_>) -> Result<Flow, Fault> {
    let version = match node.settings.form {
        _ if node.quirks.has(Quirk::VersionOfThreeParts) => "5.2.6291",
        // HPC Pack 2016 Update 2, and 2012 R2 Update 3.
        Form::V2016 => "5.2.6291.0",
        Form::Pre2016 => "4.5.5079.0",
    };
    Ok(WireReply::xml(bags::string(version)).into())
}
