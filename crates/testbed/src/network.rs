//! Network namespaces: the one of the cluster and those of its pods.
//!
//! None has a name, so none is left behind: the kernel removes a namespace with the last process, thread or
//! descriptor that holds it.

use std::fs::File;
use std::io::{self, Read};
use std::os::fd::AsFd;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};

/// The node's address: the API server, the node agent, DNS, and the gateway of the pods.
pub(crate) const NODE: &str = "10.88.0.1";
/// The link address of the node's bridge. Without one of its own it takes that of one of its ports, another whenever
/// pods come and go, and pods that know the old one send into the void for seconds.
const BRIDGE: &str = "02:00:0a:58:00:01";
/// The first two numbers of the addresses of pods.
const PODS: &str = "10.88";
/// Where Services get their cluster addresses from.
pub(crate) const SERVICES: &str = "10.96.0.0/16";
/// Where Services of type `LoadBalancer` get their addresses from.
const LOAD_BALANCERS: &str = "10.89.0.0/16";

/// The network namespace of a cluster. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Namespace(Arc<File>);

impl Namespace {
    /// A new one with the node's addresses in it, and this thread inside.
    ///
    /// Nothing leads out of it: there is no route to the outside.
    pub(crate) fn create() -> io::Result<Self> {
        let mut holder = Holder::start(Command::new("unshare"))?;
        let namespace = Self(Arc::new(File::open(format!("/proc/{}/ns/net", holder.pid()))?));
        namespace.enter()?;
        holder.end();
        set_up_node()?;
        Ok(namespace)
    }

    /// Moves this thread inside. Threads and processes that it starts from now on are born there.
    pub(crate) fn enter(&self) -> io::Result<()> {
        Ok(move_into_link_name_space(self.0.as_fd(), Some(LinkNameSpaceType::Network))?)
    }
}

fn set_up_node() -> io::Result<()> {
    ip("link set lo up")?;
    ip(&format!("link add br0 address {BRIDGE} type bridge"))?;
    ip(&format!("addr add {NODE}/16 dev br0"))?;
    ip("link set br0 up")?;
    // Every address of these is here, so that packets to them come by the rules that send them on.
    ip(&format!("route add local {LOAD_BALANCERS} dev lo"))?;
    ip(&format!("route add local {SERVICES} dev lo"))?;
    run(Command::new("sysctl").args(["-q", "-w", "net.ipv4.ip_forward=1"]))
}

/// The address of the pod with this number.
pub(crate) fn pod_address(number: u16) -> String {
    // The node has the first of the /16; none ends in 0 or 255.
    format!("{PODS}.{}.{}", 1 + number / 250 % 200, 2 + number % 250)
}

/// Connects the namespace that this process holds with the bridge of the node.
pub(crate) fn connect_pod(pid: u32, link: &str, address: &str) -> io::Result<()> {
    ip(&format!("link add {link} type veth peer name eth0 netns {pid}"))?;
    ip(&format!("link set {link} master br0 up"))?;
    let inside = format!(
        "ip addr add {address}/16 dev eth0 && ip link set eth0 up && ip link set lo up && ip route add default via {NODE}"
    );
    run(Command::new("nsenter").args(["-t", &pid.to_string(), "-n", "sh", "-c", &inside]))
}

/// A process that does nothing but hold a network namespace.
#[derive(Debug)]
pub(crate) struct Holder(Child);

impl Holder {
    /// Starts it; `unshare` is that command, or one that ends in it.
    pub(crate) fn start(mut unshare: Command) -> io::Result<Self> {
        unshare.args(["--net", "sh", "-c", "echo; exec sleep infinity"]);
        unshare.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::inherit());
        let mut holder = Self(unshare.spawn()?);
        // It says something when it is in its namespace.
        let mut output = holder.0.stdout.take().ok_or_else(|| io::Error::other("it has no output"))?;
        output.read_exact(&mut [0])?;
        Ok(holder)
    }

    pub(crate) fn pid(&self) -> u32 {
        self.0.id()
    }

    fn end(&mut self) {
        // Errors mean that it has ended already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Drop for Holder {
    fn drop(&mut self) {
        self.end();
    }
}

fn ip(arguments: &str) -> io::Result<()> {
    run(Command::new("ip").args(arguments.split(' ')))
}

fn run(command: &mut Command) -> io::Result<()> {
    let output = command.stdin(Stdio::null()).output()?;
    if output.status.success() {
        return Ok(());
    }
    let words = String::from_utf8_lossy(&output.stderr).into_owned();
    Err(io::Error::other(format!("{command:?}: {}", words.trim())))
}
