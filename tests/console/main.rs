//! The console: what operators see in a browser, told to real servers by hand-written requests and by a real browser.
//!
//! What attackers try, by the numbers of the project's catalogue of attacks:
//!
//! | number | what | told by |
//! |---|---|---|
//! | 197 | requests that could mean two things | `door::requests_that_could_mean_two_things_are_refused`; a lone LF ends a line here (RFC 9112 §2.2 allows it, and nothing is passed on) |
//! | 198 | CRLF in what becomes a header | `tricks::no_line_of_an_answer_is_of_somebody_elses_making`, `door::nothing_leads_out_of_the_console` |
//! | 199 | spellings of paths | `matrix::no_spelling_of_a_path_leads_past_the_login` |
//! | 200 | every route and every role | `matrix` |
//! | 201 | set-up after set-up, and two at once | `setup` |
//! | 202 | other methods, overrides | `door::other_methods_and_overrides_change_nothing` |
//! | 203 | reading changes nothing | `tricks::whoever_follows_every_link_changes_nothing`, `door::pages_that_are_read_change_nothing` |
//! | 204 | forged forms | `door::forged_forms_do_nothing`, `door::a_login_form_of_another_browser_is_refused` |
//! | 205, 206 | markup, stored and reflected | `corpus`; in a browser: `inert`; in lines of the log: `logs` |
//! | 207 | SQL in every field, on each database | `corpus::injections_on_…` |
//! | 208, 209 | floods of HTTP/2 | nothing speaks it: `door::requests_that_could_mean_two_things_are_refused` |
//! | 210 | slow heads and bodies, large bodies | the tests of `http`; `door::requests_that_could_mean_two_things_are_refused` |
//! | 211 | fixed, stale and copied logins | `door::a_login_is_new_each_time_and_ends_when_its_user_says_so`, `door::what_ends_the_power_ends_the_login`, the acts of `ops` |
//! | 212 | cookies, staying with TLS | `door::the_cookie_is_for_this_host_and_no_script`, `chromium`, the tests of `console` |
//! | 213 | guessing, with spoofed addresses | `door::who_guesses_too_often_is_not_asked_any_more`, `tricks::spoofed_addresses_buy_no_guesses`, the lock-out of `auth` |
//! | 214 | frames | `door::the_cookie_is_for_this_host_and_no_script`, `tricks::names_that_are_not_this_servers_are_not_answered` |
//! | 215 | ways out of the console | `door::nothing_leads_out_of_the_console` |
//! | 216 | fields that no form has | `tricks::what_a_form_of_ours_does_not_have_means_nothing` |
//! | 217 | what belongs to others | `matrix::an_administrator_of_one_host_has_no_way_to_another` |
//! | 218 | grave acts ask again, and are recorded | `second_factor`, `matrix::every_grave_act_…`, `record` |
//! | 219 | exports | `files::no_cell_of_an_export_…`, `files::an_export_is_whole_…`, `files::an_account_that_is_saved_…` |
//! | 220 | hostile files to be imported | the acts of `ops` (`portable`), the command line (`account::what_is_no_file_of_accounts_…`) |
//! | 221 | requests of ours to elsewhere | to the authority for certificates that an owner names, over HTTPS and without following a redirect: `acme`; else none: `files::nothing_that_somebody_wrote_is_fetched`, `files::nothing_is_built_in_that_fetches_…` |
//! | 222 | uploads | there are none: `files::no_file_is_taken_in_over_http`; what is sent: `files::files_of_ours_…` |

#![allow(clippy::unwrap_used, reason = "a test that can not go on ends")]

mod acme;
mod api;
mod app;
mod authority;
mod browser;
mod certificates;
mod chromium;
mod cluster;
mod commands;
mod corpus;
mod database;
mod door;
mod files;
mod groups;
mod hosts;
mod house;
mod inert;
mod languages;
mod logs;
mod matrix;
mod outlook;
mod pages;
mod record;
mod second_factor;
mod secrets;
mod settings;
mod setup;
mod sight;
mod tricks;
mod wizard;
