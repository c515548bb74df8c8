//! A key: one thing that the operator may decide.

/// One thing that the operator may decide, with all its names.
#[derive(Debug, Clone, Copy)]
pub struct Key {
    /// Its place in a ContourConfiguration (`spec.…`), or among what that kind does not have (`own.…`).
    pub path: &'static str,
    /// A second place that the flag decides, too.
    pub also: Option<&'static str>,
    /// Its place in the file.
    pub file: Option<&'static str>,
    /// The flag, without dashes.
    pub flag: Option<&'static str>,
    /// The environment variables: ours, which goes first, and Contour's.
    pub variables: Option<[&'static str; 2]>,
    /// What may be written.
    pub form: Form,
    /// What holds when nobody says anything, in words.
    pub default: &'static str,
    /// What it decides.
    pub meaning: &'static str,
    /// Whether it does anything.
    pub standing: Standing,
    /// Which commands have the flag.
    pub commands: Commands,
}

/// What may be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// `true` or `false`.
    Switch,
    /// A whole number.
    Number,
    /// A text.
    Text,
    /// A list of texts; behind a flag, separated by commas.
    Texts,
    /// Texts by name.
    TextMap,
    /// An object with `namespace` and `name`; behind a flag, `namespace/name`.
    Name,
    /// `namespace/name` in one text.
    Reference,
    /// Fields that are the same in the file and in a ContourConfiguration.
    Structure,
}

/// Whether a key does anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// It shapes what Envoy gets.
    Honoured,
    /// It is checked, and of use where the controller serves a cluster.
    Cluster,
    /// It does nothing, and that is told.
    Ignored,
}

/// Which commands have a flag.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Commands {
    /// All that make a configuration for Envoy.
    All,
    /// The same without `up`, which has flags of its own for it.
    NotUp,
    /// The one that serves a cluster.
    Serve,
}

/// A key of which nothing but its place and form is known yet.
pub(crate) const fn key(path: &'static str, form: Form) -> Key {
    Key {
        path,
        also: None,
        file: None,
        flag: None,
        variables: None,
        form,
        default: "",
        meaning: "",
        standing: Standing::Honoured,
        commands: Commands::All,
    }
}

impl Key {
    pub(crate) const fn file(self, file: &'static str) -> Self {
        Self { file: Some(file), ..self }
    }

    pub(crate) const fn flag(self, flag: &'static str) -> Self {
        Self { flag: Some(flag), ..self }
    }

    /// A flag that decides a second place, too.
    pub(crate) const fn flag_for_two(self, flag: &'static str, also: &'static str) -> Self {
        Self { flag: Some(flag), also: Some(also), ..self }
    }

    pub(crate) const fn variables(self, ours: &'static str, contours: &'static str) -> Self {
        Self { variables: Some([ours, contours]), ..self }
    }

    pub(crate) const fn default(self, default: &'static str) -> Self {
        Self { default, ..self }
    }

    pub(crate) const fn means(self, meaning: &'static str) -> Self {
        Self { meaning, ..self }
    }

    pub(crate) const fn standing(self, standing: Standing) -> Self {
        Self { standing, ..self }
    }

    /// Of use in a cluster only; so is its flag.
    pub(crate) const fn cluster(self) -> Self {
        Self { standing: Standing::Cluster, commands: Commands::Serve, ..self }
    }

    /// A flag that `up` has under another name.
    pub(crate) const fn not_up(self) -> Self {
        Self { commands: Commands::NotUp, ..self }
    }
}
