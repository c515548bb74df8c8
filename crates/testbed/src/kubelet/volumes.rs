//! The volumes of a pod as folders, kept as fresh as Kubernetes keeps them: what was mounted from a Secret changes when
//! the Secret does, all of its files at once.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use k8s_openapi::ByteString;
use k8s_openapi::api::authentication::v1::{TokenRequest, TokenRequestSpec};
use k8s_openapi::api::core::v1::{
    ConfigMap, DownwardAPIVolumeFile, KeyToPath, Pod, Secret, ServiceAccount, ServiceAccountTokenProjection,
    Volume, VolumeProjection,
};
use kube::api::PostParams;
use kube::{Api, Client, ResourceExt as _};

/// Kubernetes takes about a minute.
const REFRESH: Duration = Duration::from_secs(1);
const TOKEN_SECONDS: i64 = 36_000;
/// The link that all files of a volume are reached by.
const CURRENT: &str = "..data";

/// Files by their path in the volume.
type Files = BTreeMap<String, Vec<u8>>;

/// The volumes of one pod.
pub(super) struct Volumes {
    client: Client,
    pod: Pod,
    folder: PathBuf,
    /// Those that were asked for, by their path: each is asked for once.
    tokens: Mutex<BTreeMap<String, String>>,
    written: Mutex<BTreeMap<String, Files>>,
}

impl Volumes {
    /// Of a pod with this folder; nothing is written yet.
    pub(super) fn new(client: Client, pod: &Pod, folder: &Path) -> Result<Self> {
        let folder = folder.join("volumes");
        fs::create_dir_all(&folder)?;
        Ok(Self { client, pod: pod.clone(), folder, tokens: Mutex::default(), written: Mutex::default() })
    }

    fn all(&self) -> impl Iterator<Item = &Volume> {
        self.pod.spec.iter().flat_map(|spec| spec.volumes.iter().flatten())
    }

    /// The folder of each.
    pub(super) fn folders(&self) -> BTreeMap<String, PathBuf> {
        let folder = |volume: &Volume| match &volume.host_path {
            Some(host) => PathBuf::from(&host.path),
            None => self.folder.join(&volume.name),
        };
        self.all().map(|volume| (volume.name.clone(), folder(volume))).collect()
    }

    /// Writes what has changed. Fails when a source is not there.
    pub(super) async fn write(&self) -> Result<()> {
        for volume in self.all() {
            let files = self.files(volume).await.with_context(|| format!("volume {}", volume.name))?;
            let folder = self.folder.join(&volume.name);
            match files {
                Some(files) => self.write_files(&volume.name, &folder, files)?,
                None => make_empty(&folder)?,
            }
        }
        Ok(())
    }

    /// Writes what changes, until the task is dropped.
    pub(super) async fn keep_fresh(self) {
        loop {
            tokio::time::sleep(REFRESH).await;
            // A source that is gone leaves what was there, as in Kubernetes.
            let _ = self.write().await;
        }
    }

    fn write_files(&self, name: &str, folder: &Path, files: Files) -> Result<()> {
        let mut written = self.written.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if written.get(name) != Some(&files) {
            replace(folder, &files)?;
            written.insert(name.to_owned(), files);
        }
        Ok(())
    }

    /// Nothing for a volume that is not filled from objects.
    async fn files(&self, volume: &Volume) -> Result<Option<Files>> {
        if let Some(source) = &volume.secret {
            let name = source.secret_name.as_deref().unwrap_or_default();
            return self.secret(name, source.items.as_deref(), source.optional).await.map(Some);
        }
        if let Some(source) = &volume.config_map {
            return self.config_map(&source.name, source.items.as_deref(), source.optional).await.map(Some);
        }
        if let Some(source) = &volume.downward_api {
            return self.downward(source.items.as_deref().unwrap_or_default()).map(Some);
        }
        let Some(projected) = &volume.projected else {
            if volume.empty_dir.is_none() && volume.host_path.is_none() {
                bail!("a kind of volume that the test bed does not know");
            }
            return Ok(None);
        };
        let mut files = Files::new();
        for source in projected.sources.iter().flatten() {
            files.extend(self.projection(&volume.name, source).await?);
        }
        Ok(Some(files))
    }

    async fn projection(&self, volume: &str, source: &VolumeProjection) -> Result<Files> {
        if let Some(secret) = &source.secret {
            return self.secret(&secret.name, secret.items.as_deref(), secret.optional).await;
        }
        if let Some(map) = &source.config_map {
            return self.config_map(&map.name, map.items.as_deref(), map.optional).await;
        }
        if let Some(downward) = &source.downward_api {
            return self.downward(downward.items.as_deref().unwrap_or_default());
        }
        let token =
            source.service_account_token.as_ref().context("a projection that the test bed does not know")?;
        self.token(volume, token).await
    }

    async fn secret(&self, name: &str, items: Option<&[KeyToPath]>, optional: Option<bool>) -> Result<Files> {
        let secrets: Api<Secret> = Api::namespaced(self.client.clone(), &self.namespace());
        let Some(secret) = there(secrets.get_opt(name).await?, optional, || format!("Secret {name}"))? else {
            return Ok(Files::new());
        };
        let data = secret.data.unwrap_or_default().into_iter().map(|(key, ByteString(value))| (key, value));
        Ok(select(data.collect(), items))
    }

    async fn config_map(
        &self,
        name: &str,
        items: Option<&[KeyToPath]>,
        optional: Option<bool>,
    ) -> Result<Files> {
        let maps: Api<ConfigMap> = Api::namespaced(self.client.clone(), &self.namespace());
        let Some(map) = there(maps.get_opt(name).await?, optional, || format!("ConfigMap {name}"))? else {
            return Ok(Files::new());
        };
        let text = map.data.unwrap_or_default().into_iter().map(|(key, value)| (key, value.into_bytes()));
        let binary =
            map.binary_data.unwrap_or_default().into_iter().map(|(key, ByteString(value))| (key, value));
        Ok(select(text.chain(binary).collect(), items))
    }

    fn downward(&self, items: &[DownwardAPIVolumeFile]) -> Result<Files> {
        let lines = |map: Option<&BTreeMap<String, String>>| -> String {
            map.into_iter().flatten().map(|(key, value)| format!("{key}={value:?}\n")).collect()
        };
        let value = |field: &str| -> Result<String> {
            Ok(match field {
                "metadata.name" => self.pod.name_any(),
                "metadata.namespace" => self.namespace(),
                "metadata.uid" => self.pod.uid().unwrap_or_default(),
                "metadata.labels" => lines(self.pod.metadata.labels.as_ref()),
                "metadata.annotations" => lines(self.pod.metadata.annotations.as_ref()),
                other => bail!("a field that the test bed does not know: {other}"),
            })
        };
        let fields = items.iter().filter_map(|item| Some((&item.path, &item.field_ref.as_ref()?.field_path)));
        fields.map(|(path, field)| Ok((path.clone(), value(field)?.into_bytes()))).collect()
    }

    async fn token(&self, volume: &str, projection: &ServiceAccountTokenProjection) -> Result<Files> {
        let place = format!("{volume}/{}", projection.path);
        let known =
            self.tokens.lock().unwrap_or_else(std::sync::PoisonError::into_inner).get(&place).cloned();
        let token = match known {
            Some(token) => token,
            None => self.request_token(projection.audience.clone()).await?,
        };
        self.tokens.lock().unwrap_or_else(std::sync::PoisonError::into_inner).insert(place, token.clone());
        Ok(Files::from([(projection.path.clone(), token.into_bytes())]))
    }

    async fn request_token(&self, audience: Option<String>) -> Result<String> {
        let account = self.pod.spec.as_ref().and_then(|spec| spec.service_account_name.clone());
        let account = account.unwrap_or_else(|| "default".to_owned());
        let accounts: Api<ServiceAccount> = Api::namespaced(self.client.clone(), &self.namespace());
        let spec = TokenRequestSpec {
            audiences: audience.into_iter().collect(),
            expiration_seconds: Some(TOKEN_SECONDS),
            ..TokenRequestSpec::default()
        };
        let request = TokenRequest { spec, ..TokenRequest::default() };
        let answer = accounts.create_token_request(&account, &PostParams::default(), &request).await;
        let answer = answer.with_context(|| format!("a token for ServiceAccount {account}"))?;
        Ok(answer.status.context("a token request without an answer")?.token)
    }

    fn namespace(&self) -> String {
        self.pod.namespace().unwrap_or_default()
    }
}

/// Nothing for what may be absent and is.
fn there<T>(found: Option<T>, optional: Option<bool>, what: impl Fn() -> String) -> Result<Option<T>> {
    if found.is_none() && optional != Some(true) {
        bail!("{} is not there", what());
    }
    Ok(found)
}

fn select(mut data: Files, items: Option<&[KeyToPath]>) -> Files {
    match items {
        None => data,
        Some(items) => {
            items.iter().filter_map(|item| Some((item.path.clone(), data.remove(&item.key)?))).collect()
        }
    }
}

fn make_empty(folder: &Path) -> Result<()> {
    if !folder.exists() {
        fs::create_dir_all(folder)?;
        fs::set_permissions(folder, Permissions::from_mode(0o777))?;
    }
    Ok(())
}

/// Puts these files in the place of those that were there: one rename, so nobody sees some of each.
fn replace(folder: &Path, files: &Files) -> Result<()> {
    let current = folder.join(CURRENT);
    let before = fs::read_link(&current).ok();
    let number = before.as_ref().and_then(|before| before.to_str()?.strip_prefix("..")?.parse::<u64>().ok());
    let next = format!("..{}", number.unwrap_or_default() + 1);
    for (path, bytes) in files {
        let file = folder.join(&next).join(path);
        fs::create_dir_all(file.parent().unwrap_or(folder))?;
        fs::write(file, bytes)?;
    }
    fs::create_dir_all(folder.join(&next))?;
    let new = folder.join("..new");
    symlink(&next, &new)?;
    fs::rename(new, &current)?;
    link_names(folder, files)?;
    if let Some(before) = before {
        fs::remove_dir_all(folder.join(before))?;
    }
    Ok(())
}

/// Each first part of a path is a link beside `..data`.
fn link_names(folder: &Path, files: &Files) -> Result<()> {
    let names: BTreeSet<&str> = files.keys().filter_map(|path| path.split('/').next()).collect();
    for entry in fs::read_dir(folder)? {
        let name = entry?.file_name();
        let name = name.to_string_lossy();
        if !name.starts_with("..") && !names.contains(&*name) {
            fs::remove_file(folder.join(&*name))?;
        }
    }
    for name in names {
        if !folder.join(name).is_symlink() {
            symlink(Path::new(CURRENT).join(name), folder.join(name))?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files(pairs: &[(&str, &str)]) -> Files {
        pairs.iter().map(|(path, text)| ((*path).to_owned(), text.as_bytes().to_vec())).collect()
    }

    #[test]
    fn files_are_replaced_all_at_once() {
        let folder = tempfile::tempdir().unwrap();
        replace(folder.path(), &files(&[("a", "1"), ("sub/b", "1"), ("gone", "1")])).unwrap();
        replace(folder.path(), &files(&[("a", "2"), ("sub/b", "2")])).unwrap();
        let read = |path| fs::read_to_string(folder.path().join(path)).unwrap();
        assert_eq!((read("a"), read("sub/b"), read("..data/a")), ("2".into(), "2".into(), "2".into()));
        let mut names: Vec<_> =
            fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        names.sort();
        assert_eq!(names, ["..2", "..data", "a", "sub"]);
    }
}
