//! One container: its file tree, its process, restarts, hooks.

use std::fs::{self, File, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use k8s_openapi::api::core::v1::{Container, LifecycleHandler, SecurityContext};
use kube::ResourceExt as _;
use rustix::fs::{Uid, fchown};
use rustix::process::{Pid, Signal, kill_process};
use tokio::process::{Child, Command};
use tokio::task::JoinHandle;

use super::environment::{Environment, environment, expand};
use super::pod::{Asked, Place, asked};
use super::probe::{Health, Target};
use super::status::Board;
use super::{Kubelet, RETRY};
use crate::children::bound;
use crate::network::NODE;

/// Between two restarts, at most; Kubernetes waits up to five minutes.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);
/// Who a container runs as that must not be root and does not say who.
const NOBODY: i64 = 65532;
/// Of the machine, whatever the image.
const SHELL: &[&str] = &["sh", "bash", "sleep", "true", "false", "cat"];

/// The work of running one container.
pub(super) struct Task {
    pub(super) kubelet: Arc<Kubelet>,
    pub(super) place: Arc<Place>,
    pub(super) container: Container,
    pub(super) board: Arc<Board>,
    pub(super) end: Asked,
}

/// A container that runs beside others.
#[derive(Debug)]
pub(super) struct Running(JoinHandle<()>);

impl Running {
    /// Starts it, and returns when it has started as its probe says.
    pub(super) async fn beside(task: Task) -> Self {
        let (board, name, mut end) = (task.board.clone(), task.container.name.clone(), task.end.clone());
        let running = Self(tokio::spawn(task.keep_running()));
        tokio::select! {
            () = board.started(&name) => {}
            _ = asked(&mut end) => {}
        }
        running
    }

    pub(super) async fn ended(self) {
        // A panic of the task was printed.
        let _ = self.0.await;
    }
}

/// Why a container ended.
enum Outcome {
    Exited(std::io::Result<ExitStatus>),
    Unhealthy,
    Asked(u64),
}

impl Task {
    fn name(&self) -> &str {
        &self.container.name
    }

    /// Runs an init container until it succeeds; false when the pod is to end, or fails with it.
    pub(super) async fn run_to_completion(mut self) -> bool {
        loop {
            let is_last_try = self.place.spec.restart_policy.as_deref() == Some("Never");
            if let Some(succeeded) = self.run_once().await.filter(|succeeded| *succeeded || is_last_try) {
                return succeeded;
            }
            if self.end_is_asked_within(RETRY).await {
                return false;
            }
        }
    }

    /// Runs a container, and again as its pod's restart policy says.
    pub(super) async fn keep_running(mut self) {
        let mut pause = RETRY;
        loop {
            let started = Instant::now();
            let outcome = self.run_once().await;
            let is_over = match self.restart_policy() {
                "Never" => outcome.is_some(),
                "OnFailure" => outcome == Some(true),
                _ => false,
            };
            if is_over || self.end_is_asked_within(pause).await {
                return;
            }
            let was_short = started.elapsed() < LONGEST_PAUSE * 2;
            pause = if was_short { (pause * 2).min(LONGEST_PAUSE) } else { RETRY };
        }
    }

    fn restart_policy(&self) -> &str {
        let own = self.container.restart_policy.as_deref();
        own.or(self.place.spec.restart_policy.as_deref()).unwrap_or("Always")
    }

    async fn end_is_asked_within(&mut self, pause: Duration) -> bool {
        tokio::time::timeout(pause, asked(&mut self.end)).await.is_ok()
    }

    /// Starts it and waits for its end: whether it succeeded, nothing when it could not start.
    async fn run_once(&mut self) -> Option<bool> {
        let (mut child, environment) = match self.start().await {
            Ok(started) => started,
            Err(error) => {
                self.board.set_container_waiting(self.name(), "CreateContainerError", &format!("{error:#}"));
                return None;
            }
        };
        let pid = child.id();
        self.board.set_running(self.name());
        let inside = Inside { pid, environment };
        let mut end = self.end.clone();
        let outcome = tokio::select! {
            status = child.wait() => Outcome::Exited(status),
            () = self.watch_health(&inside) => Outcome::Unhealthy,
            seconds = asked(&mut end) => Outcome::Asked(seconds),
        };
        let status = match outcome {
            Outcome::Exited(status) => status,
            Outcome::Unhealthy => self.stop(&mut child, &inside, self.own_grace()).await,
            Outcome::Asked(seconds) => self.stop(&mut child, &inside, Duration::from_secs(seconds)).await,
        };
        let code = status.ok().map_or(255, exit_code);
        self.board.set_terminated(self.name(), code);
        Some(code == 0)
    }

    fn own_grace(&self) -> Duration {
        let seconds = self.place.spec.termination_grace_period_seconds.unwrap_or(30);
        Duration::from_secs(seconds.unsigned_abs())
    }

    /// Returns when it has to be restarted.
    async fn watch_health(&self, inside: &Inside) {
        let target = Target { address: &self.place.address, container: &self.container, inside };
        let health = Health { target, on_started: &|| self.board.set_started(self.name()) };
        health.watch(|is_ready| self.board.set_ready(self.name(), is_ready)).await;
    }

    /// The hook, then SIGTERM, then SIGKILL when the time is over.
    async fn stop(&self, child: &mut Child, inside: &Inside, grace: Duration) -> std::io::Result<ExitStatus> {
        let deadline = tokio::time::Instant::now() + grace;
        let hook = self.container.lifecycle.as_ref().and_then(|lifecycle| lifecycle.pre_stop.as_ref());
        if let Some(hook) = hook {
            // What it says and whether it comes to an end does not matter to the pod.
            let _ = tokio::time::timeout_at(deadline, self.run_hook(hook, inside)).await;
        }
        if let Some(pid) = inside.pid.and_then(|pid| Pid::from_raw(pid.cast_signed())) {
            // It may have ended already.
            let _ = kill_process(pid, Signal::TERM);
        }
        match tokio::time::timeout_at(deadline, child.wait()).await {
            Ok(status) => status,
            Err(_) => {
                child.kill().await?;
                child.wait().await
            }
        }
    }

    async fn run_hook(&self, hook: &LifecycleHandler, inside: &Inside) {
        let target = Target { address: &self.place.address, container: &self.container, inside };
        if let Some(exec) = &hook.exec {
            let command = exec.command.clone().unwrap_or_default();
            inside.run(&command).await;
        } else if let Some(http) = &hook.http_get {
            target.http_get(http, Duration::MAX).await;
        } else if let Some(sleep) = &hook.sleep {
            tokio::time::sleep(Duration::from_secs(sleep.seconds.unsigned_abs())).await;
        }
    }

    async fn start(&self) -> Result<(Child, Environment)> {
        let environment = environment(&self.kubelet.client, &self.place, &self.container).await?;
        let tree = self.tree()?;
        let mut command = self.command(&tree, &environment)?;
        let (output, input) = std::io::pipe()?;
        // A program may open its standard output by name, as Envoy does for access logs.
        fchown(&input, self.user().map(owner).map(Uid::from_raw), None)?;
        command.stdout(input.try_clone()?).stderr(input);
        let pod = &self.place.pod;
        let log = self.kubelet.logs.of(&pod.namespace().unwrap_or_default(), &pod.name_any(), self.name());
        log.follow(output)?;
        Ok((self.kubelet.children.spawn(command).await?, environment))
    }

    /// Enters the pod's network, makes the mounts in a mount namespace of its own, and becomes the program.
    fn command(&self, tree: &Tree, environment: &Environment) -> Result<Command> {
        let mut command = bound("/usr/bin/nsenter");
        command.args(["-t", &self.place.network.pid().to_string(), "-n"]);
        command.args(["/usr/bin/unshare", "--mount", "/bin/sh", "-c", &tree.script()]);
        command.arg(&tree.root).arg("/usr/bin/setpriv").args(self.privileges());
        command.arg("--");
        if let Some(folder) = &self.container.working_dir {
            command.args(["/usr/bin/env", &format!("--chdir={folder}")]);
        }
        command.arg(&tree.program);
        let words =
            self.container.command.iter().flatten().skip(1).chain(self.container.args.iter().flatten());
        command.args(words.map(|word| expand(word, environment)));
        command.env_clear().envs(environment).current_dir("/");
        Ok(command)
    }

    fn privileges(&self) -> Vec<String> {
        // Last of all, because a change of the user takes it back.
        let mut flags = vec!["--pdeathsig=KILL".to_owned()];
        if let Some(user) = self.user() {
            let group = self.group().unwrap_or(user);
            flags.extend([
                format!("--reuid={user}"),
                format!("--regid={group}"),
                "--clear-groups".to_owned(),
            ]);
        }
        let security = self.container.security_context.as_ref();
        if security.and_then(|security| security.allow_privilege_escalation) == Some(false) {
            flags.push("--no-new-privs".to_owned());
        }
        flags.extend(security.and_then(bounds).into_iter().flatten());
        flags
    }

    fn user(&self) -> Option<i64> {
        let own = self.container.security_context.as_ref();
        let pods = self.place.spec.security_context.as_ref();
        let named = own.and_then(|own| own.run_as_user).or(pods.and_then(|pods| pods.run_as_user));
        let is_root_forbidden =
            own.and_then(|own| own.run_as_non_root).or(pods.and_then(|pods| pods.run_as_non_root));
        named.or((is_root_forbidden == Some(true)).then_some(NOBODY))
    }

    fn group(&self) -> Option<i64> {
        let own = self.container.security_context.as_ref().and_then(|own| own.run_as_group);
        own.or(self.place.spec.security_context.as_ref().and_then(|pods| pods.run_as_group))
    }

    /// Makes the folders and files that the mounts need.
    fn tree(&self) -> Result<Tree> {
        let root = self.place.folder.join(format!("root-{}", self.name()));
        for folder in ["bin", "dev", "etc", "lib", "lib64", "proc", "tmp", "usr"] {
            fs::create_dir_all(root.join(folder))?;
        }
        fs::set_permissions(root.join("tmp"), Permissions::from_mode(0o1777))?;
        let namespace = self.place.pod.namespace().unwrap_or_default();
        let resolver = format!(
            "nameserver {NODE}\nsearch {namespace}.svc.cluster.local svc.cluster.local cluster.local\noptions ndots:5\n"
        );
        fs::write(root.join("etc/resolv.conf"), resolver)?;
        fs::write(root.join("etc/passwd"), "root:x:0:0:root:/:/bin/sh\n")?;
        fs::write(root.join("etc/group"), "root:x:0:\n")?;
        fs::write(
            root.join("etc/hosts"),
            format!("127.0.0.1 localhost\n{} {}\n", self.place.address, self.place.pod.name_any()),
        )?;
        let (program, mut mounts) = self.program()?;
        mounts.extend(self.volume_mounts()?);
        for mount in &mounts {
            mount.make_place(&root)?;
        }
        let is_read_only =
            self.security().and_then(|security| security.read_only_root_filesystem).unwrap_or_default();
        Ok(Tree { root, program, mounts, is_read_only })
    }

    fn security(&self) -> Option<&SecurityContext> {
        self.container.security_context.as_ref()
    }

    /// The path of the program inside, and the mounts that bring it there.
    fn program(&self) -> Result<(String, Vec<Mount>)> {
        let image = self.container.image.as_deref().unwrap_or_default();
        let file = self.kubelet.programs.of_image(image)?;
        let named = self.container.command.as_ref().and_then(|command| command.first());
        let named = named.map_or(file.as_path(), |named| Path::new(named));
        let name = named.file_name().and_then(|name| name.to_str()).context("a command without a name")?;
        if SHELL.contains(&name) {
            return Ok((format!("/usr/bin/{name}"), Vec::new()));
        }
        // Images have it at either place.
        let places = [format!("/bin/{name}"), format!("/{name}")];
        let mount = |to: String| Mount { from: file.clone(), to, is_read_only: true };
        Ok((places[0].clone(), places.map(mount).into()))
    }

    fn volume_mounts(&self) -> Result<Vec<Mount>> {
        let mounts = self.container.volume_mounts.iter().flatten();
        mounts
            .map(|mount| {
                let volume = self.place.volumes.get(&mount.name);
                let volume = volume.with_context(|| format!("there is no volume {}", mount.name))?;
                let sub_path = mount.sub_path.as_deref().unwrap_or_default();
                Ok(Mount {
                    from: volume.join(sub_path),
                    to: mount.mount_path.clone(),
                    is_read_only: mount.read_only == Some(true),
                })
            })
            .collect()
    }
}

/// The capabilities of a container that drops all: those that it adds. Nothing when it does not drop them.
fn bounds(security: &SecurityContext) -> Option<[String; 2]> {
    let capabilities = security.capabilities.as_ref()?;
    capabilities.drop.iter().flatten().find(|name| *name == "ALL")?;
    let kept = capabilities.add.iter().flatten().map(|name| format!(",+{}", name.to_lowercase()));
    let kept: String = kept.collect();
    Some([format!("--bounding-set=-all{kept}"), format!("--inh-caps=-all{kept}")])
}

fn owner(user: i64) -> u32 {
    u32::try_from(user).unwrap_or_default()
}

fn exit_code(status: ExitStatus) -> i32 {
    use std::os::unix::process::ExitStatusExt as _;
    status.code().unwrap_or_else(|| 128 + status.signal().unwrap_or_default())
}

/// The file tree of a container.
struct Tree {
    root: PathBuf,
    program: String,
    mounts: Vec<Mount>,
    is_read_only: bool,
}

struct Mount {
    from: PathBuf,
    to: String,
    is_read_only: bool,
}

impl Mount {
    fn make_place(&self, root: &Path) -> Result<()> {
        let place = root.join(self.to.trim_start_matches('/'));
        if self.from.is_dir() {
            fs::create_dir_all(&place)?;
        } else if !place.exists() {
            fs::create_dir_all(place.parent().unwrap_or(root))?;
            File::create(&place)?;
        }
        Ok(())
    }

    fn line(&self) -> String {
        let options = if self.is_read_only { "bind,ro" } else { "bind" };
        format!("mount -o {options} '{}' \"$0{}\"", self.from.display(), self.to)
    }
}

impl Tree {
    /// For a shell whose `$0` is the root, and whose arguments are the command.
    fn script(&self) -> String {
        let mut lines = vec!["set -e".to_owned(), "mount --bind \"$0\" \"$0\"".to_owned()];
        let folders = [("/usr", "usr"), ("/usr/lib", "lib"), ("/usr/lib64", "lib64")];
        // Not every kind of machine has all.
        let there = folders.into_iter().filter(|(from, _)| Path::new(from).is_dir());
        lines.extend(there.map(|(from, to)| format!("mount -o bind,ro {from} \"$0/{to}\"")));
        lines.push("mount --rbind /dev \"$0/dev\"".to_owned());
        // Envoys would share what they keep in memory.
        lines.push("mount -t tmpfs tmpfs \"$0/dev/shm\"".to_owned());
        lines.push("mount -t proc proc \"$0/proc\"".to_owned());
        lines.extend(self.mounts.iter().map(Mount::line));
        if self.is_read_only {
            lines.push("mount -o remount,bind,ro \"$0\"".to_owned());
        }
        lines.push("exec chroot \"$0\" \"$@\"".to_owned());
        lines.join("\n")
    }
}

/// How to get into a container that runs.
#[derive(Debug)]
pub(super) struct Inside {
    pid: Option<u32>,
    environment: Environment,
}

impl Inside {
    /// Runs a command beside the container's program: whether it succeeded.
    pub(super) async fn run(&self, words: &[String]) -> bool {
        let Some(pid) = self.pid else { return false };
        let mut command = Command::new("/usr/bin/nsenter");
        command.args(["-t", &pid.to_string(), "--mount", "--net", "--root", "--wd", "--"]).args(words);
        command.env_clear().envs(&self.environment).kill_on_drop(true);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        command.status().await.is_ok_and(|status| status.success())
    }
}
