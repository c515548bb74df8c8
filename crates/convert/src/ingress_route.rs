//! IngressRoutes to HTTPProxies (reference 4.5).

mod object;
mod paths;
mod world;

use std::collections::{BTreeMap, BTreeSet};

use api::{IngressRoute, Kind, Object, ObjectId};
use serde_json::{Map, Value};

use crate::tree::{self, Content, Node};
use crate::{Conversion, Finding, document};
use world::World;

const GROUP: &str = "projectcontour.io/v1";
const OLD_GROUP: &str = "contour.heptio.com/v1beta1";

/// Converts all IngressRoutes in these texts of files, and the TLSCertificateDelegations of their group.
///
/// Objects that delegate to one another are converted together or not at all, wherever they stand.
pub fn ingress_routes(texts: &[&str]) -> Conversion {
    let documents: Vec<Vec<Document<'_>>> = texts.iter().map(|text| documents(text)).collect();
    let mut findings = Vec::new();
    let all = || documents.iter().flatten().flat_map(Document::objects).map(|(_, fields)| fields);
    let objects = unique(all().filter_map(read), &mut findings);
    let taken: BTreeSet<_> = all().filter_map(taken).collect();
    findings.extend(all().filter_map(delegation_id).filter(|id| taken.contains(id)).map(taken_already));
    let mut world = World::new(objects, taken, findings);
    world.judge(|world| all().flat_map(|fields| misfits(fields, world)).collect());
    let texts = texts.iter().zip(&documents).map(|(text, documents)| rewritten(text, documents, &world));
    let texts = texts.collect();
    let World { objects, refused, mut findings, .. } = world;
    findings.sort_by(|a, b| a.object.cmp(&b.object));
    let converted = objects.into_keys().filter(|id| !refused.contains(id)).collect();
    Conversion { texts, converted, findings }
}

/// Objects by name; of one that stands in several places nobody knows which is meant.
fn unique(
    objects: impl Iterator<Item = (ObjectId, IngressRoute, Vec<Finding>)>,
    findings: &mut Vec<Finding>,
) -> BTreeMap<ObjectId, IngressRoute> {
    let mut unique = BTreeMap::new();
    for (object, route, found) in objects {
        findings.extend(found);
        if unique.insert(object.clone(), route).is_some() {
            let (path, message) = (String::new(), "stands in several places".into());
            let help = Some("keep one of them".into());
            findings.push(Finding { object, refuses: true, path, message, help });
        }
    }
    unique
}

/// A document of a file.
struct Document<'t> {
    text: &'t str,
    range: std::ops::Range<usize>,
    value: Value,
}

fn documents(text: &str) -> Vec<Document<'_>> {
    let ranges = files::documents(text).into_iter();
    let read = |range: std::ops::Range<usize>| {
        let value = files::value(&text[range.clone()]).unwrap_or_default();
        Document { text: &text[range.clone()], range, value }
    };
    ranges.map(read).collect()
}

impl Document<'_> {
    /// Its objects with their paths: one, or those of a list.
    fn objects(&self) -> Vec<(String, &Map<String, Value>)> {
        let Some(fields) = self.value.as_object() else { return vec![] };
        match list(fields) {
            None => vec![(String::new(), fields)],
            Some(items) => {
                let items = items.iter().enumerate();
                let objects = items
                    .filter_map(|(index, item)| Some((tree::element("items", index), item.as_object()?)));
                objects.collect()
            }
        }
    }
}

fn list(fields: &Map<String, Value>) -> Option<&Vec<Value>> {
    let is_list = word(fields, "kind").is_some_and(|kind| kind.ends_with("List"));
    fields.get("items").and_then(Value::as_array).filter(|_| is_list)
}

fn word<'v>(fields: &'v Map<String, Value>, key: &str) -> Option<&'v str> {
    fields.get(key).and_then(Value::as_str)
}

fn is_old(fields: &Map<String, Value>, kind: &str) -> bool {
    word(fields, "apiVersion") == Some(OLD_GROUP) && word(fields, "kind") == Some(kind)
}

/// The id of an object; its namespace is `default` where none is written.
fn id(kind: Kind, fields: &Map<String, Value>) -> Option<ObjectId> {
    let metadata = fields.get("metadata")?.as_object()?;
    let namespace = word(metadata, "namespace").unwrap_or("default");
    Some(ObjectId::new(kind, namespace, word(metadata, "name")?))
}

/// The object that would become one that is there already.
fn taken(fields: &Map<String, Value>) -> Option<ObjectId> {
    let kind = match word(fields, "kind").filter(|_| word(fields, "apiVersion") == Some(GROUP))? {
        "HTTPProxy" => Kind::IngressRoute,
        "TLSCertificateDelegation" => Kind::HeptioCertificateDelegation,
        _ => return None,
    };
    id(kind, fields)
}

/// A TLSCertificateDelegation of the old group.
fn delegation_id(fields: &Map<String, Value>) -> Option<ObjectId> {
    id(Kind::HeptioCertificateDelegation, fields).filter(|_| is_old(fields, "TLSCertificateDelegation"))
}

fn taken_already(object: ObjectId) -> Finding {
    let message = format!("there is a TLSCertificateDelegation of {GROUP} with this name already");
    let help = Some("write what both say into that one, or rename one of the two".into());
    Finding { object, refuses: true, path: "metadata.name".into(), message, help }
}

/// An IngressRoute as its type, if it is one that can be read.
fn read(fields: &Map<String, Value>) -> Option<(ObjectId, IngressRoute, Vec<Finding>)> {
    let mut findings = Vec::new();
    let object = id(Kind::IngressRoute, fields).filter(|_| is_old(fields, "IngressRoute"))?;
    let refusal = |path: String, message: &str| Finding {
        object: object.clone(),
        refuses: true,
        path,
        message: message.to_owned(),
        help: None,
    };
    match api::decode(Kind::IngressRoute, Value::Object(fields.clone())) {
        Err(problem) => findings.push(refusal(problem.path, &problem.message)),
        Ok(decoded) => {
            let unknown = decoded.unknown.into_iter();
            findings.extend(unknown.map(|path| refusal(path, "there is no such field in an IngressRoute")));
            if let Object::IngressRoute(route) = decoded.object {
                return Some((object, *route, findings));
            }
        }
    }
    Some((object, IngressRoute::default(), findings))
}

/// What an API server would refuse of the HTTPProxy that an object becomes, by the fields that it comes from.
fn misfits(fields: &Map<String, Value>, world: &World) -> Vec<Finding> {
    if !is_old(fields, "IngressRoute") {
        return vec![];
    }
    let Some((object, node)) = id(Kind::IngressRoute, fields).zip(convert("", fields, world)) else {
        return vec![];
    };
    let places: BTreeMap<_, _> = node.places("").into_iter().collect();
    let refused = match api::decode(Kind::HttpProxy, node.value()) {
        Ok(decoded) => decoded.violations.into_iter().map(|each| (each.path, each.message)).collect(),
        Err(problem) => vec![(problem.path, problem.message)],
    };
    let finding = |(path, message): (String, String)| {
        let from = places.get(&path).filter(|from| *from != tree::NOWHERE);
        let message = match from {
            Some(from) if *from == path => message,
            _ => format!("{message}, as {path} of the HTTPProxy"),
        };
        let path = from.cloned().unwrap_or_default();
        Finding { object: object.clone(), refuses: true, path, message, help: None }
    };
    refused.into_iter().map(finding).collect()
}

/// A file with what is converted in it; the rest stays byte for byte.
fn rewritten(text: &str, documents: &[Document<'_>], world: &World) -> String {
    let mut new = String::new();
    let mut end = 0;
    for document in documents {
        new.push_str(&text[end..document.range.start]);
        match converted(document, world) {
            Some(root) => new.push_str(&document::rewritten(document.text, &root)),
            None => new.push_str(document.text),
        }
        end = document.range.end;
    }
    new.push_str(&text[end..]);
    new
}

/// A document with its objects converted; `None` where there is nothing to convert.
fn converted(document: &Document<'_>, world: &World) -> Option<Node> {
    let fields = document.value.as_object()?;
    if list(fields).is_none() {
        return convert("", fields, world);
    }
    let mut changed = false;
    let items = document.objects().into_iter().map(|(path, fields)| {
        let new = convert(&path, fields, world);
        changed |= new.is_some();
        new.unwrap_or_else(|| Node::copy(&path, &Value::Object(fields.clone())))
    });
    let mut items: Vec<_> = items.collect();
    let mut root = Node::copy("", &document.value);
    if let Content::Map(fields) = &mut root.content {
        for (key, node) in fields {
            match key.as_str() {
                "items" => *node = Node::list("items", std::mem::take(&mut items)),
                // A list of one kind is a list of several now.
                "kind" => *node = Node::scalar("kind", "List"),
                "apiVersion" => *node = Node::scalar("apiVersion", "v1"),
                _ => {}
            }
        }
    }
    changed.then_some(root)
}

fn convert(path: &str, fields: &Map<String, Value>, world: &World) -> Option<Node> {
    if let Some(id) = delegation_id(fields) {
        return (!world.refused.contains(&id)).then(|| object::delegation(path, fields));
    }
    let id = id(Kind::IngressRoute, fields).filter(|_| is_old(fields, "IngressRoute"))?;
    let route = world.objects.get(&id).filter(|_| !world.refused.contains(&id))?;
    Some(object::proxy(path, fields, route, world.base(&id)))
}
