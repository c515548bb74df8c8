//! A process for tests to kill: starts the program in its arguments under the guard named first, writes the
//! program's process id as one line, and stays until its standard input ends.

use std::io::Read;

use isobath_launcher::{Event, Guard, Program, Restart, Supervised, guard};

fn main() {
    guard::become_program_if_asked();
    let mut arguments = std::env::args_os().skip(1);
    let guard = match arguments.next().expect("a guard").to_str() {
        Some("watcher") => Guard::Watcher,
        _ => Guard::OwnExecutable,
    };
    let path = arguments.next().expect("a program").into();
    let program = Program { path, arguments: arguments.collect(), guard, restart: Restart::Never };
    let child = Supervised::start(program, |event| announce(&event)).expect("the program starts");
    let _ = std::io::stdin().read(&mut [0]);
    child.kill();
}

fn announce(event: &Event<'_>) {
    match event {
        Event::Line(_, line) => println!("line {line}"),
        Event::Ended(status) => println!("ended {status}"),
        Event::Started { pid } => println!("pid {pid}"),
        Event::CannotStart(_) | Event::Restarting { .. } => {}
    }
}
