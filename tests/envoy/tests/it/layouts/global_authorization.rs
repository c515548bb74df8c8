//! The service that is asked about all hosts whether requests may pass, in every layout.

use harness::manifests::{HostCertificate, http_proxy, service};
use harness::{LAYOUTS, Options, World};
use model::Layout;
use testkit::{Answer, AuthorizationServer, Canned, ClientTls, Question, Request, Trust, eventually};

/// A world whose operator names a service that is asked, and says `more` about it.
async fn world(layout: Layout, more: &str) -> World {
    let mut options =
        Options::configured(&format!("globalExtAuth:\n  extensionService: default/auth\n{more}"));
    options.settings.layout = layout;
    options.settings.fallback_certificate = Some(model::SecretName::new("default", "fallback"));
    let mut world = World::with(options).await;
    world.add_backend("blue").await;
    for host in ["site", "other", "fallback"] {
        world.write(&format!("{host}-cert"), &HostCertificate::new(&format!("{host}.example")).secret(host));
    }
    world
}

/// An ExtensionService of one Service of its name, which it brings; `more` are further fields.
fn extension(name: &str, port: u16, more: &str) -> String {
    format!(
        "{}---\napiVersion: projectcontour.io/v1alpha1\nkind: ExtensionService\n\
         metadata: {{name: {name}, namespace: default}}\n\
         spec: {{services: [{{name: {name}, port: 80}}], timeoutPolicy: {{response: 10s}}{more}}}\n",
        service("default", name, &[port])
    )
}

/// A host with TLS, and routes that say something of their own.
fn site(of_host: &str) -> String {
    let forward = "services: [{name: blue, port: 80}]";
    http_proxy(
        "site",
        &format!(
            "virtualhost: {{fqdn: site.example, tls: {{secretName: site}}{of_host}}}\n\
             routes:\n\
             - {{conditions: [{{prefix: /app}}], permitInsecure: true, {forward}}}\n\
             - {{conditions: [{{prefix: /tls}}], {forward}}}\n\
             - {{conditions: [{{prefix: /more}}], permitInsecure: true, authPolicy: {{context: {{who: route}}}}, {forward}}}\n\
             - {{conditions: [{{prefix: /answer}}], permitInsecure: true, directResponsePolicy: {{statusCode: 202}}}}\n\
             - {{conditions: [{{prefix: /open}}], permitInsecure: true, authPolicy: {{disabled: true}}, {forward}}}\n"
        ),
    )
}

/// A host without TLS, one of an Ingress, and one that only redirects to HTTPS.
fn others() -> String {
    let plain = http_proxy(
        "plain",
        "virtualhost: {fqdn: plain.example}\nroutes: [{services: [{name: blue, port: 80}]}]\n",
    );
    let redirecting = http_proxy(
        "redirecting",
        "virtualhost: {fqdn: other.example, tls: {secretName: other}}\nroutes: [{services: [{name: blue, port: 80}]}]\n",
    );
    format!(
        "{plain}---\n{redirecting}---\napiVersion: networking.k8s.io/v1\nkind: Ingress\n\
         metadata: {{name: ingress, namespace: default}}\n\
         spec:\n  rules:\n  - host: ingress.example\n    http:\n      paths:\n      \
         - {{path: /, pathType: Prefix, backend: {{service: {{name: blue, port: {{number: 80}}}}}}}}\n"
    )
}

async fn sent(request: Request, may_pass: bool) -> Answer {
    let request = if may_pass { request.header("authorization", "yes") } else { request };
    request.send().await.unwrap()
}

/// Proves client/global-authorization.
#[tokio::test]
async fn all_hosts_are_asked_about_with_and_without_tls() {
    for layout in LAYOUTS {
        let mut world = world(layout, "  authPolicy: {context: {tier: all, who: operator}}\n").await;
        let server = AuthorizationServer::start().await;
        world.write("auth", &extension("auth", server.port(), ", protocol: h2c"));
        world.write("site", &site(""));
        world.write("others", &others());
        world.sync().await;
        let asked_about = || {
            let questions = server.take_questions();
            questions.iter().map(|each| each.http().unwrap().host.clone()).collect::<Vec<_>>()
        };
        let clear = |host: &str, path: &str| world.get(host, path);
        let secure = |host: &str, path: &str| world.get_tls(host, path);
        for (request, code) in [
            (clear("site.example", "/app"), 200),
            (clear("site.example", "/answer"), 202),
            (clear("SITE.example:8080", "/app"), 200),
            (clear("plain.example", "/"), 200),
            (clear("ingress.example", "/"), 200),
            (secure("site.example", "/app"), 200),
            (secure("site.example", "/answer"), 202),
            (secure("other.example", "/"), 200),
        ] {
            let denied = sent(request.clone(), false).await;
            assert_eq!((denied.code(), &*denied.text()), (402, "pay first"), "{layout:?} {request:?}");
            assert_eq!(sent(request.clone(), true).await.code(), code, "{layout:?} {request:?}");
            assert_eq!(asked_about(), [&*request.host; 2], "{layout:?}");
        }
        for (request, code) in [
            (clear("site.example", "/open"), 200),
            (secure("site.example", "/open"), 200),
            (secure("site.example", "/nothing"), 404),
            (clear("nobody.example", "/"), 404),
            (clear("site.example", "/tls"), 301),
            (clear("other.example", "/"), 301),
            (clear("OTHER.example.", "/"), 301),
            (Request { host: "other.example".into(), ..secure("site.example", "/app") }, 421),
        ] {
            assert_eq!(sent(request.clone(), false).await.code(), code, "{layout:?} {request:?}");
        }
        assert_eq!(asked_about(), [""; 0], "{layout:?} nobody is asked about these");
        world.assert_nothing_rejected().await;
    }
}

#[tokio::test]
async fn hosts_and_routes_say_what_is_told_and_whether_anybody_is_asked() {
    let context = "  authPolicy: {context: {tier: all, who: operator}}\n";
    for layout in LAYOUTS {
        let mut world = world(layout, context).await;
        let server = AuthorizationServer::start().await;
        world.write("auth", &extension("auth", server.port(), ", protocol: h2c"));
        let (all, route) = (("tier", "all"), ("who", "route"));
        let host = ", authorization: {authPolicy: {context: {who: host}}}";
        for (of_host, of_app, of_more) in [
            ("", vec![all, ("who", "operator")], vec![all, route]),
            (host, vec![("who", "host")], vec![route]),
            (", authorization: {}", vec![], vec![route]),
        ] {
            world.apply("site", &site(of_host)).await;
            for (path, told) in [("/app", of_app), ("/more", of_more)] {
                for request in [world.get("site.example", path), world.get_tls("site.example", path)] {
                    assert_eq!(sent(request, true).await.code(), 200, "{layout:?} {of_host} {path}");
                    let questions = server.take_questions();
                    let contexts: Vec<_> = questions.iter().map(Question::context).map(sorted).collect();
                    assert_eq!(contexts, std::slice::from_ref(&told), "{layout:?} {of_host} {path}");
                }
            }
        }
        world.apply("site", &site(", authorization: {authPolicy: {disabled: true}}")).await;
        for (path, code) in [("/app", 200), ("/answer", 202), ("/more", 402)] {
            for request in [world.get("site.example", path), world.get_tls("site.example", path)] {
                assert_eq!(sent(request, false).await.code(), code, "{layout:?} {path}");
            }
        }
        world.assert_nothing_rejected().await;
    }
}

fn sorted<'a>(mut context: Vec<(&'a str, &'a str)>) -> Vec<(&'a str, &'a str)> {
    context.sort_unstable();
    context
}

#[tokio::test]
async fn a_host_may_ask_a_service_of_its_own_instead_and_comes_back() {
    for layout in LAYOUTS {
        let mut world = world(layout, "").await;
        let (everyones, own) = (AuthorizationServer::start().await, AuthorizationServer::start().await);
        world.write("auth", &extension("auth", everyones.port(), ", protocol: h2c"));
        world.write("own", &extension("own", own.port(), ", protocol: h2c"));
        world.write("others", &others());
        world.sync().await;
        let to_other = world.get_tls("other.example", "/").http2().header("authorization", "yes");
        let mut other = to_other.connect().await.unwrap();
        assert_eq!(other.send(&to_other).await.unwrap().code(), 200, "{layout:?}");
        for of_host in ["", ", authorization: {extensionRef: {name: own}}", ""] {
            let to_site = world.get_tls("site.example", "/app").http2();
            let mut old = to_site.connect().await.ok();
            world.apply("site", &site(of_host)).await;
            everyones.take_questions();
            assert_eq!(sent(world.get_tls("site.example", "/app"), false).await.code(), 402, "{layout:?}");
            assert_eq!(
                sent(world.get_tls("site.example", "/nothing"), false).await.code(),
                404,
                "{layout:?}"
            );
            let asked = (everyones.take_questions().len(), own.take_questions().len());
            let plain = sent(world.get("site.example", "/app"), true).await.code();
            match of_host {
                "" => assert_eq!((asked, plain), ((1, 0), 200), "{layout:?}"),
                _ => assert_eq!((asked, plain), ((0, 1), 301), "{layout:?}"),
            }
            // Connections of a chain that asked somebody else find nothing any more.
            if let Some(old) = old.as_mut().filter(|_| !of_host.is_empty()) {
                match old.send(&to_site).await {
                    Ok(answer) => assert_eq!(answer.code(), 421, "{layout:?}"),
                    Err(failure) => assert!(old.is_closed(), "{layout:?} {failure}"),
                }
            }
        }
        assert_eq!(other.send(&to_other).await.unwrap().code(), 200, "{layout:?}");
        world.assert_nothing_rejected().await;
    }
}

#[tokio::test]
async fn clients_that_name_no_host_are_asked_about_too() {
    for layout in LAYOUTS {
        let mut world = world(layout, "").await;
        let server = AuthorizationServer::start().await;
        world.write("auth", &extension("auth", server.port(), ", protocol: h2c"));
        let fallback =
            site("").replace("secretName: site", "secretName: site, enableFallbackCertificate: true");
        world.apply("site", &fallback).await;
        let nameless = |path: &str| {
            let request = Request::get(world.https(), "site.example", path);
            request.tls(ClientTls::new("127.0.0.1", &Trust::Anything))
        };
        for (path, denied, passed) in [("/app", 402, 200), ("/open", 200, 200), ("/nothing", 404, 404)] {
            assert_eq!(sent(nameless(path), false).await.code(), denied, "{layout:?} {path}");
            assert_eq!(sent(nameless(path), true).await.code(), passed, "{layout:?} {path}");
        }
        world.assert_nothing_rejected().await;
    }
}

#[tokio::test]
async fn nobody_passes_while_the_service_is_not_there_unless_it_may_be() {
    for (layout, fail_open) in [(Layout::Table, false), (Layout::Scoped, true), (Layout::OnDemand, false)] {
        let mut world = world(layout, &format!("  failOpen: {fail_open}\n")).await;
        world.write("site", &site(""));
        world.sync().await;
        let without = if fail_open { 200 } else { 403 };
        let codes = async |world: &World| {
            let clear = sent(world.get("site.example", "/app"), false).await.code();
            (clear, sent(world.get_tls("site.example", "/app"), false).await.code())
        };
        assert_eq!(codes(&world).await, (without, without), "{layout:?}");
        assert_eq!(sent(world.get_tls("site.example", "/open"), false).await.code(), 200, "{layout:?}");
        let server = AuthorizationServer::start_tls("auth.example").await;
        world.apply("auth", &extension("auth", server.port(), "")).await;
        eventually("it is asked", async || match codes(&world).await {
            (402, 402) => Ok(()),
            codes => Err(format!("{layout:?} {codes:?}")),
        })
        .await;
        world.remove("auth").await;
        assert_eq!(codes(&world).await, (without, without), "{layout:?}");
        world.assert_nothing_rejected().await;
    }
}

#[tokio::test]
async fn it_may_be_asked_by_http() {
    for layout in LAYOUTS {
        let mut world = world(
            layout,
            "  serviceType: http\n  httpSettings: {pathPrefix: /check, allowedUpstreamHeaders: [{exact: x-user}]}\n",
        )
        .await;
        let server = Canned::start().await;
        server.answer("/check/app", 200, &[("x-user", "me")], "");
        server.answer("/check/answer", 401, &[("www-authenticate", "Basic")], "who are you?");
        world.write("auth", &extension("auth", server.port(), ", protocol: http/1.1"));
        world.apply("site", &site("")).await;
        for request in [world.get("site.example", "/app"), world.get_tls("site.example", "/app")] {
            let answer = sent(request, false).await;
            assert_eq!(answer.seen().unwrap().header("x-user"), Some("me"), "{layout:?}");
        }
        let denied = sent(world.get("site.example", "/answer"), false).await;
        assert_eq!((denied.code(), &*denied.text()), (401, "who are you?"), "{layout:?}");
        world.assert_nothing_rejected().await;
    }
}
