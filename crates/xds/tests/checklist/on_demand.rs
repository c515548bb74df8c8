//! On-demand certificates: Secrets that are asked for by the name of a host, as a client spelled it.

use std::time::Duration;

use isobath_xds::{OnDemandSecrets, Settings};

use crate::script::check_with;

fn settings() -> Settings {
    limited(OnDemandSecrets::default())
}

fn limited(limits: OnDemandSecrets) -> Settings {
    Settings { on_demand_secrets: Some(limits), removal_grace: Duration::ZERO, ..Settings::default() }
}

#[track_caller]
fn check(script: &str) {
    check_with(settings(), script);
}

#[test]
fn host_is_answered_under_the_name_that_was_asked_for() {
    check(
        "
        > publish s:@a.b.com=1 s:@*.b.com=w
        > open 1 delta
        > 1 s +a.b.com +A.b.COM +a.b.com. +Q.b.com
        < 1 s A.b.COM=@A.b.COM:1 Q.b.com=@Q.b.com:w a.b.com=@a.b.com:1 a.b.com.=@a.b.com.:1
        ",
    );
}

#[test]
fn secret_that_cannot_be_renamed_answers_for_its_own_name_only() {
    check(
        "
        > publish s:a.b.com=1
        > open 1 delta
        > 1 s +a.b.com +A.b.com
        < 1 s a.b.com=1 -A.b.com
        ",
    );
}

#[test]
fn without_the_setting_a_host_is_a_name_like_any_other() {
    check_with(
        Settings::default(),
        "
        > publish s:@a.b.com=1
        > open 1 delta
        > 1 s +A.b.com
        < 1 s -A.b.com
        > 1 s ack
        > publish s:@A.b.com=2
        < 1 s A.b.com=@A.b.com:2
        ",
    );
}

#[test]
fn in_the_state_of_the_world_a_host_is_a_name_like_any_other() {
    check(
        "
        > publish s:@a.b.com=1
        > open 1 sotw
        > 1 s names:A.b.com,a.b.com
        < 1 s a.b.com=@a.b.com:1
        ",
    );
}

#[test]
fn names_with_a_slash_keep_their_rules() {
    check(
        "
        > publish s:ns/a=1
        > open 1 delta
        > 1 s +ns/a +ns/b
        < 1 s ns/a=1 -ns/b
        > 1 s ack
        > publish s:ns/b=1
        < 1 s ns/b=1
        ",
    );
}

#[test]
fn unknown_host_is_answered_at_once_each_time_and_forgotten() {
    check(
        "
        > publish s:@a.b.com=1
        > open 1 delta
        > 1 s +x.c.com
        < 1 s -x.c.com
        > 1 s ack
        > 1 s +x.c.com
        < 1 s -x.c.com
        > 1 s ack -x.c.com
        > publish s:@x.c.com=1
        > 1 s +x.c.com
        < 1 s x.c.com=@x.c.com:1
        ",
    );
}

#[test]
fn what_is_no_host_is_answered_at_once() {
    check(
        r"
        > publish s:@a.b.com=1 s:@*.b.com=w s:@*=no
        > open 1 delta
        > 1 s +* +*.b.com +.b.com +x:.b.com +a..b.com +\xff.b.com
        < 1 s -* -*.b.com -.b.com -a..b.com -x:.b.com
        > 1 s ack
        > publish s:@a.b.com=2
        ",
    );
}

#[test]
fn unknown_names_of_any_number_leave_the_stream_open() {
    check_with(
        Settings { unknown_names: 1, ..settings() },
        "
        > publish s:@a.b.com=1
        > open 1 delta
        > 1 s +x.c.com +y.c.com +z.c.com
        < 1 s -x.c.com -y.c.com -z.c.com
        > 1 s ack
        > 1 s +u.c.com +v.c.com +a.b.com
        < 1 s a.b.com=@a.b.com:1 -u.c.com -v.c.com
        ",
    );
}

#[test]
fn unknown_names_of_a_stream_that_acknowledges_nothing_end_it() {
    check_with(
        Settings { unknown_names: 1, ..settings() },
        "
        > publish s:@a.b.com=1
        > open 1 delta
        > 1 s +u.c.com
        < 1 s -u.c.com
        > 1 s +v.c.com +w.c.com
        > 1 s +x.c.com
        < 1 closed: resource names: too many are refused and not acknowledged
        ",
    );
}

#[test]
fn names_that_were_asked_for_before_the_first_configuration_are_answered_with_it() {
    check(
        "
        > open 1 delta
        > 1 s +A.b.com +x.c.com
        > 1 s +y.c.com +*
        > publish s:@a.b.com=1
        < 1 s A.b.com=@A.b.com:1 -* -x.c.com -y.c.com
        ",
    );
}

#[test]
fn spellings_of_one_host_are_limited_and_the_usual_one_is_not() {
    check_with(
        limited(OnDemandSecrets { spellings: 2, ..OnDemandSecrets::default() }),
        "
        > publish s:@a.b.com=1 s:@*.b.com=w
        > open 1 delta
        > 1 s +A.b.com +a.B.com +a.b.Com +a.b.com
        < 1 s A.b.com=@A.b.com:1 a.B.com=@a.B.com:1 a.b.com=@a.b.com:1 -a.b.Com
        > 1 s ack
        > 1 s +Q.b.com +q.B.com +q.b.Com +q.b.com
        < 1 s Q.b.com=@Q.b.com:w q.B.com=@q.B.com:w q.b.com=@q.b.com:w -q.b.Com
        > 1 s ack -A.b.com
        > 1 s +a.b.Com
        < 1 s a.b.Com=@a.b.Com:1
        ",
    );
}

#[test]
fn aliases_are_limited_in_all_and_own_names_are_not() {
    check_with(
        limited(OnDemandSecrets { aliases: 2, ..OnDemandSecrets::default() }),
        "
        > publish s:@a.b.com=1 s:@b.b.com=1 s:@*.b.com=w
        > open 1 delta
        > 1 s +p.b.com +q.b.com +r.b.com +a.b.com
        < 1 s a.b.com=@a.b.com:1 p.b.com=@p.b.com:w q.b.com=@q.b.com:w -r.b.com
        > 1 s ack
        > 1 s +B.b.com +b.b.com +q.b.com
        < 1 s b.b.com=@b.b.com:1 q.b.com=@q.b.com:w -B.b.com
        > 1 s ack
        > publish s:@*.b.com=v
        < 1 s p.b.com=@p.b.com:v q.b.com=@q.b.com:v
        ",
    );
}

#[test]
fn change_of_a_host_reaches_all_its_spellings_and_nothing_else() {
    check(
        "
        > publish s:@a.b.com=1 s:@c.b.com=1 s:@*.b.com=w
        > open 1 delta
        > 1 s +a.b.com +A.b.com +c.b.com +q.b.com
        < 1 s A.b.com=@A.b.com:1 a.b.com=@a.b.com:1 c.b.com=@c.b.com:1 q.b.com=@q.b.com:w
        > 1 s ack
        > publish s:@a.b.com=2
        < 1 s A.b.com=@A.b.com:2 a.b.com=@a.b.com:2
        > 1 s ack
        > publish s:@*.b.com=v
        < 1 s q.b.com=@q.b.com:v
        > 1 s ack
        > publish s:@d.b.com=1 s:@*.d.com=1
        ",
    );
}

#[test]
fn new_host_takes_over_from_the_wildcard_and_gives_back_when_it_goes() {
    check(
        "
        > publish s:@*.b.com=w
        > open 1 delta
        > 1 s +a.b.com +A.b.com +q.b.com
        < 1 s A.b.com=@A.b.com:w a.b.com=@a.b.com:w q.b.com=@q.b.com:w
        > 1 s ack
        > publish s:@a.b.com=1
        < 1 s A.b.com=@A.b.com:1 a.b.com=@a.b.com:1
        > 1 s ack
        > publish -s:a.b.com
        < 1 s A.b.com=@A.b.com:w a.b.com=@a.b.com:w
        ",
    );
}

#[test]
fn host_with_the_content_of_the_wildcard_changes_nothing() {
    check(
        "
        > publish s:@*.b.com=w
        > open 1 delta
        > 1 s +a.b.com
        < 1 s a.b.com=@a.b.com:w
        > 1 s ack
        > publish s:@a.b.com=w
        > publish -s:*.b.com
        > publish s:@*.b.com=w -s:a.b.com
        ",
    );
}

#[test]
fn wildcard_that_goes_takes_all_its_names_along() {
    check(
        "
        > publish s:@*.b.com=w s:@a.b.com=1
        > open 1 delta
        > 1 s +a.b.com +p.b.com +Q.b.com
        < 1 s Q.b.com=@Q.b.com:w a.b.com=@a.b.com:1 p.b.com=@p.b.com:w
        > 1 s ack
        > publish -s:*.b.com
        < 1 s -Q.b.com -p.b.com
        > 1 s ack -Q.b.com -p.b.com
        > publish s:@*.b.com=v
        > 1 s +p.b.com
        < 1 s p.b.com=@p.b.com:v
        ",
    );
}

#[test]
fn host_that_goes_is_told_after_the_grace_time_like_any_secret() {
    check_with(
        Settings { removal_grace: Duration::from_secs(1), ..settings() },
        "
        > publish s:@a.b.com=1 p:a=1
        > open 1 delta
        > 1 p
        < 1 p a=1
        > 1 p ack
        > 1 s +a.b.com
        < 1 s a.b.com=@a.b.com:1
        > 1 s ack
        > publish -s:a.b.com -p:a
        < 1 p -a
        > wait 999
        > wait 1
        < 1 s -a.b.com
        ",
    );
}

#[test]
fn host_that_comes_back_in_the_grace_time_is_sent_nothing() {
    check_with(
        Settings { removal_grace: Duration::from_secs(1), ..settings() },
        "
        > publish s:@a.b.com=1
        > open 1 delta
        > 1 s +A.b.com
        < 1 s A.b.com=@A.b.com:1
        > 1 s ack
        > publish -s:a.b.com
        > publish s:@a.b.com=1
        > wait 5000
        > publish s:@a.b.com=2
        < 1 s A.b.com=@A.b.com:2
        ",
    );
}

#[test]
fn reconnection_is_sent_what_it_lacks_and_told_what_is_gone() {
    check(
        "
        > publish s:@a.b.com=1 s:@*.b.com=w s:ns/x=1
        > open 1 delta
        > 1 s +A.b.com +q.b.com +ns/x +x.c.com +old.c.com has:A.b.com=@A.b.com:1 has:q.b.com=@q.b.com:v has:ns/x=1 has:old.c.com=1
        < 1 s q.b.com=@q.b.com:w -x.c.com
        > 1 s ack
        > wait 5000
        < 1 s -old.c.com
        > 1 s ack
        > publish s:@a.b.com=2
        < 1 s A.b.com=@A.b.com:2
        ",
    );
}

#[test]
fn reconnection_keeps_what_it_has_beyond_the_limits() {
    check_with(
        limited(OnDemandSecrets { spellings: 1, aliases: 1 }),
        "
        > publish s:@a.b.com=1
        > open 1 delta
        > 1 s +A.b.com +a.B.com +a.b.Com has:A.b.com=@A.b.com:1 has:a.B.com=@a.B.com:1
        < 1 s -a.b.Com
        > 1 s ack
        > publish s:@a.b.com=2
        < 1 s A.b.com=@A.b.com:2 a.B.com=@a.B.com:2
        ",
    );
}

#[test]
fn listener_waits_for_no_host_that_nobody_asked_for() {
    check(
        "
        > publish s:@a.b.com=1 l:x=1>s:a.b.com
        > open 1 delta
        > 1 s +q.c.com
        < 1 s -q.c.com
        > 1 l
        < 1 l x=1
        > 1 l ack
        ! reached 1
        ",
    );
}

#[test]
fn names_that_strangers_ask_for_hold_up_no_configuration() {
    check(
        "
        > publish s:@*.b.com=w l:x=1
        > open 1 delta
        > 1 l
        < 1 l x=1
        > 1 l ack
        ! reached 1
        > 1 s +p.b.com
        < 1 s p.b.com=@p.b.com:w
        > 1 s +x.c.com
        > publish l:x=2
        < 1 l x=2
        > 1 s ack +q.b.com
        < 1 s q.b.com=@q.b.com:w -x.c.com
        > 1 s +r.b.com
        > 1 l ack
        ! reached 2
        ",
    );
}

#[test]
fn rejected_host_is_held_in_all_spellings_and_told_by_its_own_name() {
    check(
        "
        > publish s:@a.b.com=1
        > open 1 delta
        > 1 s +a.b.com +A.b.com
        < 1 s A.b.com=@A.b.com:1 a.b.com=@a.b.com:1
        > 1 s ack
        > publish s:@a.b.com=bad
        < 1 s A.b.com=@A.b.com:bad a.b.com=@a.b.com:bad
        > 1 s nack:no
        ! rejected s:a.b.com no
        > 1 s +a.B.com
        < 1 s a.B.com=@a.B.com:1
        > 1 s ack
        > publish s:@a.b.com=2
        < 1 s A.b.com=@A.b.com:2 a.B.com=@a.B.com:2 a.b.com=@a.b.com:2
        ",
    );
}

#[test]
fn rejected_wildcard_among_others_is_found_and_its_other_names_are_not_offered_again() {
    check(
        "
        > publish s:@a.b.com=1 s:@*.c.com=w
        > open 1 delta
        > 1 s +a.b.com +p.c.com +q.c.com +r.c.com
        < 1 s a.b.com=@a.b.com:1 p.c.com=@p.c.com:w q.c.com=@q.c.com:w r.c.com=@r.c.com:w
        > 1 s ack
        > publish s:@a.b.com=2 s:@*.c.com=bad
        < 1 s a.b.com=@a.b.com:2 p.c.com=@p.c.com:bad q.c.com=@q.c.com:bad r.c.com=@r.c.com:bad
        > 1 s nack:one
        < 1 s a.b.com=@a.b.com:2 p.c.com=@p.c.com:bad
        > 1 s nack:one
        < 1 s a.b.com=@a.b.com:2
        > 1 s ack
        < 1 s p.c.com=@p.c.com:bad
        > 1 s nack:no
        ! rejected s:*.c.com no
        > wait 60000
        > 1 s +s.c.com
        < 1 s s.c.com=@s.c.com:w
        ",
    );
}

#[test]
fn host_whose_first_secret_is_rejected_is_told_that_there_is_none() {
    check(
        "
        > publish s:@a.b.com=bad
        > open 1 delta
        > 1 s +a.b.com +A.b.com
        < 1 s A.b.com=@A.b.com:bad a.b.com=@a.b.com:bad
        > 1 s nack:no
        < 1 s -A.b.com -a.b.com
        ! rejected s:a.b.com no
        > 1 s ack
        > 1 s +a.b.com
        < 1 s -a.b.com
        > 1 s ack
        > publish s:@a.b.com=2
        > 1 s +a.b.com
        < 1 s a.b.com=@a.b.com:2
        ",
    );
}

#[test]
fn rejected_host_keeps_what_the_wildcard_gave_it() {
    check(
        "
        > publish s:@*.b.com=w
        > open 1 delta
        > 1 s +a.b.com
        < 1 s a.b.com=@a.b.com:w
        > 1 s ack
        > publish s:@a.b.com=bad
        < 1 s a.b.com=@a.b.com:bad
        > 1 s nack:no
        ! rejected s:a.b.com no
        > wait 60000
        > publish -s:a.b.com
        > publish s:@*.b.com=v
        < 1 s a.b.com=@a.b.com:v
        ",
    );
}

#[test]
fn refusal_that_waits_is_forgotten_when_the_name_is_asked_for_again_and_exists() {
    check(
        "
        > publish s:@a.b.com=1
        > open 1 delta
        > 1 s +a.b.com
        < 1 s a.b.com=@a.b.com:1
        > 1 s +x.b.com
        > publish s:@x.b.com=1
        > 1 s -x.b.com +x.b.com
        > 1 s ack
        < 1 s x.b.com=@x.b.com:1
        ",
    );
}

#[test]
fn refusal_that_was_rejected_with_others_is_not_repeated_for_a_name_that_exists_now() {
    check(
        "
        > publish s:@a.b.com=1
        > open 1 delta
        > 1 s +a.b.com +x.b.com
        < 1 s a.b.com=@a.b.com:1 -x.b.com
        > publish s:@x.b.com=1
        > 1 s +x.b.com
        > 1 s nack:no
        < 1 s x.b.com=@x.b.com:1 -a.b.com
        ",
    );
}

#[test]
fn removal_of_a_host_that_was_rejected_with_others_goes_again() {
    check(
        "
        > publish s:@a.b.com=1 s:@c.b.com=1
        > open 1 delta
        > 1 s +a.b.com +c.b.com
        < 1 s a.b.com=@a.b.com:1 c.b.com=@c.b.com:1
        > 1 s ack
        > publish s:@a.b.com=bad -s:c.b.com
        < 1 s a.b.com=@a.b.com:bad -c.b.com
        > 1 s nack:no
        < 1 s -c.b.com
        > 1 s ack
        > wait 60000
        ",
    );
}
