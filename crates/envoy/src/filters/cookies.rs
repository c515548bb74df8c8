//! Attributes of cookies that backends set. A backend of a route tells the filter what to change; without that nothing
//! is run.
//!
//! The script is a constant: what users wrote comes to it as data.

use envoy_protos::envoy::extensions::filters::http::lua::v3::LuaPerRoute;
use envoy_protos::envoy::extensions::filters::http::lua::v3::lua_per_route::Override;
use envoy_protos::google::protobuf::value::Kind;
use envoy_protos::google::protobuf::{Any, Struct, Value};
use model::{CookieRewrite, VirtualHost};

use super::script::named_script;
use crate::any::pack;
use crate::listener::ConnectionManager;

/// The name of the script among those of the filter.
const NAME: &str = "cookies";

/// The context has a table for each cookie: new values by the lower-case names of attributes. Attributes that are
/// rewritten are taken out and put at the end; all others, and all other cookies, stay as they are. No pattern here
/// goes back in the text: a backend decides how long it is.
const SCRIPT: &str = r#"local function the_only_word(text)
  local first, last = string.find(text, "%S+")
  if first and not string.find(text, "%S", last + 1) then return string.sub(text, first, last) end
end

local function before_equals(text)
  local equals = string.find(text, "=", 1, true)
  return the_only_word(equals and string.sub(text, 1, equals - 1) or text)
end

local function rewritten(cookie, rewrite)
  local parts = {}
  for part in string.gmatch(cookie, "[^;]+") do
    local name = string.lower(before_equals(part) or "")
    if #parts == 0 or rewrite[name] == nil then table.insert(parts, part) end
  end
  if rewrite.path then table.insert(parts, " Path=" .. rewrite.path) end
  if rewrite.domain then table.insert(parts, " Domain=" .. rewrite.domain) end
  if rewrite.samesite then table.insert(parts, " SameSite=" .. rewrite.samesite) end
  if rewrite.secure then table.insert(parts, " Secure") end
  return table.concat(parts, ";")
end

function envoy_on_response(handle)
  local headers = handle:headers()
  local count = headers:getNumValues("set-cookie")
  if count == 0 then return end
  local context = handle:filterContext()
  local cookies, found = {}, false
  for index = 0, count - 1 do
    local cookie = headers:getAtIndex("set-cookie", index)
    local name = before_equals(string.match(cookie, "^[^;]*"))
    local rewrite = name and context:get(name)
    if rewrite then
      cookie = rewritten(cookie, rewrite)
      found = true
    end
    table.insert(cookies, cookie)
  end
  if not found then return end
  headers:remove("set-cookie")
  for _, cookie in ipairs(cookies) do headers:add("set-cookie", cookie) end
end
"#;

/// A chain of one host has the filter if the host needs it: each has a memory of its own for scripts. Only roots change
/// cookies.
pub(super) fn config(manager: &ConnectionManager<'_>) -> Option<Any> {
    let may_be_needed =
        manager.serves_roots() && manager.only_host().is_none_or(VirtualHost::rewrites_cookies);
    may_be_needed.then(|| named_script(NAME, SCRIPT))
}

/// What a backend of a route says.
pub(super) fn message(rewrites: &[CookieRewrite]) -> Any {
    let context = rewrites.iter().map(|rewrite| (rewrite.name.to_string(), attributes(rewrite))).collect();
    pack(&LuaPerRoute {
        filter_context: Some(Struct { fields: context }),
        r#override: Some(Override::Name(NAME.to_owned())),
        ..Default::default()
    })
}

/// New values by the lower-case names of attributes.
fn attributes(rewrite: &CookieRewrite) -> Value {
    let CookieRewrite { name: _, path, domain, secure, same_site } = rewrite;
    let text = |text: &str| Kind::StringValue(text.to_owned());
    let all = [
        ("path", path.as_deref().map(text)),
        ("domain", domain.as_deref().map(text)),
        ("samesite", same_site.map(|word| text(word.as_str()))),
        ("secure", secure.map(Kind::BoolValue)),
    ];
    let set = all.into_iter().filter_map(|(key, kind)| Some((key.to_owned(), Value { kind: Some(kind?) })));
    Value { kind: Some(Kind::StructValue(Struct { fields: set.collect() })) }
}
