//! The program under the name `contour`: the same commands, with Contour's variables and defaults.

use std::ffi::OsStr;
use std::path::Path;

use clap::Command;

/// What differs: a command, a flag of it, its variable, its default.
const DIFFERENT: [(&str, &str, Option<&str>, &str); 10] = [
    ("bootstrap", "namespace", Some("CONTOUR_NAMESPACE"), "projectcontour"),
    ("certgen", "namespace", Some("CONTOUR_NAMESPACE"), "projectcontour"),
    ("certgen", "names", None, "contour"),
    ("gateway-provisioner", "namespace", Some("CONTOUR_PROVISIONER_NAMESPACE"), "projectcontour"),
    ("serve", "namespace", Some("CONTOUR_NAMESPACE"), "projectcontour"),
    ("serve", "envoy-service-namespace", Some("CONTOUR_NAMESPACE"), "projectcontour"),
    ("serve", "leader-election-resource-namespace", Some("CONTOUR_NAMESPACE"), "projectcontour"),
    ("serve", "certificate_names", None, "contour"),
    ("cli", "server_name", None, "contour"),
    ("cli", "node_id", Some("CLI_NODE_ID"), "ContourCLI"),
];

/// The command line for a program of this name.
pub(crate) fn adapt(command: Command, program: Option<&OsStr>) -> Command {
    let name = program.and_then(|path| Path::new(path).file_name());
    if name.is_none_or(|name| name != "contour") {
        return command;
    }
    DIFFERENT.into_iter().fold(command.name("contour"), |command, (subcommand, flag, variable, default)| {
        command.mut_subcommand(subcommand, |subcommand| {
            subcommand.mut_arg(flag, |argument| argument.env(variable).default_value(default))
        })
    })
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;
    use crate::Arguments;

    fn default_of(program: &str, subcommand: &str, flag: &str) -> String {
        let command = adapt(Arguments::command(), Some(program.as_ref()));
        let subcommand = command.find_subcommand(subcommand).unwrap();
        let argument = subcommand.get_arguments().find(|argument| argument.get_id() == flag).unwrap();
        argument.get_default_values()[0].to_string_lossy().into_owned()
    }

    #[test]
    fn the_name_decides_over_defaults() {
        for (subcommand, flag, _, default) in DIFFERENT {
            assert_eq!(default_of("/usr/bin/contour", subcommand, flag), default);
            assert_ne!(default_of("/usr/bin/isobath", subcommand, flag), default);
        }
    }
}
