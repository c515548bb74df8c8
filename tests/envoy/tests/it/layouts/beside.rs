//! Routes of an Ingress under the host of an HTTPProxy: what the HTTPProxy asks for holds for them, also where it
//! cannot be served itself.

use harness::manifests::{HostCertificate, http_proxy, ingress};
use harness::{LAYOUTS, Options, World};
use testkit::{ClientTls, Trust};

const HOST: &str = "site.example";
const DENY: &str = "ipDenyPolicy: [{source: Peer, cidr: 127.0.0.2}]";
const LIMIT: &str = "rateLimitPolicy: {local: {requests: 1, unit: hour}}";

/// What a client from one address, and from another, gets for the route of the Ingress.
async fn codes(world: &World, is_secure: bool) -> [u16; 2] {
    let mut codes = [0; 2];
    for (place, from) in [[127, 0, 0, 1], [127, 0, 0, 2]].into_iter().enumerate() {
        let request = match is_secure {
            true => world.get_tls(HOST, "/ingress").tls(ClientTls::new(HOST, &Trust::Anything)),
            false => world.get(HOST, "/ingress"),
        };
        codes[place] = request.from(from).send().await.unwrap().code();
    }
    codes
}

#[tokio::test]
async fn a_root_that_is_not_served_opens_nothing_beside_it() {
    for layout in LAYOUTS {
        let mut world = World::with(Options::with_layout(layout)).await;
        world.add_backend("blue").await;
        world.write("secret", &HostCertificate::new(HOST).secret("cert"));
        let path = "{path: /ingress, pathType: Prefix, backend: {service: {name: blue, port: {number: 80}}}}";
        let tls = format!("tls: [{{hosts: [{HOST}], secretName: cert}}]\n");
        let rules = format!("rules: [{{host: {HOST}, http: {{paths: [{path}]}}}}]\n");
        world.apply("beside", &ingress("beside", &format!("{tls}{rules}"))).await;
        let proxy = |policy: &str, tls: &str| {
            let host = format!("virtualhost: {{fqdn: {HOST}, tls: {{{tls}}}, {policy}}}");
            let route = "routes: [{services: [{name: blue, port: 80}], permitInsecure: true}]";
            http_proxy("site", &format!("{host}\n{route}\n"))
        };
        let unreadable = DENY.replace("127.0.0.2", "127.0.0.256");
        let clients = "secretName: cert, clientValidation: {caSecret: gone}";
        for (policy, tls, plain, secure) in [
            (DENY, "secretName: cert", [200, 403], [200, 403]),
            (DENY, "secretName: gone", [200, 403], [200, 403]),
            (DENY, clients, [200, 403], [500, 403]),
            (&unreadable, "secretName: cert", [500; 2], [500; 2]),
            (LIMIT, "secretName: gone", [200, 429], [200, 429]),
        ] {
            world.apply("site", &proxy(policy, tls)).await;
            assert_eq!(codes(&world, false).await, plain, "{layout:?} {policy} {tls}");
            assert_eq!(codes(&world, true).await, secure, "{layout:?} {policy} {tls}");
        }
        world.remove("site").await;
        assert_eq!(codes(&world, false).await, [200; 2], "{layout:?}");
        world.assert_nothing_rejected().await;
    }
}
