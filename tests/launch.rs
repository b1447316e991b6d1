//! The command line and the configuration file, as the main process has them.

#![cfg(feature = "std")]

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use spectrum2::{Config, Launch, LaunchError};

/// A configuration file that is removed at the end of its test.
struct File(PathBuf);

impl File {
    fn new(name: &str, text: impl AsRef<[u8]>) -> Self {
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{}-{name}", std::process::id()));
        fs::write(&path, text).unwrap();
        Self(path)
    }

    fn path(&self) -> &str {
        self.0.to_str().unwrap()
    }
}

impl Drop for File {
    fn drop(&mut self) {
        fs::remove_file(&self.0).unwrap();
    }
}

/// Splits a command line at white space.
fn launch(line: &str) -> Result<Launch, LaunchError> {
    Launch::from_args(line.split_whitespace())
}

fn failure(line: &str) -> String {
    launch(line).unwrap_err().to_string()
}

fn config(text: &str) -> Config {
    text.parse().unwrap()
}

fn entries(text: &str) -> Vec<(String, String)> {
    config(text).entries().map(|(key, value)| (key.to_owned(), value.to_owned())).collect()
}

const ADDRESS: &str = "--host 127.0.0.1 --port 38903";

mod command_line {
    use super::*;

    #[test]
    fn as_the_main_process_writes_it() {
        let file = File::new("real.cfg", "[service]\njid = other.example.org\nusers_per_backend = 10\n");
        let line = format!("{ADDRESS} --service.backend_id=1 -j icq.example.org {}", file.path());
        let launch = launch(&line).unwrap();
        assert_eq!((launch.host(), launch.port()), ("127.0.0.1", 38903));
        assert_eq!((launch.backend_id(), launch.jid()), (Some(1), Some("icq.example.org")));
        assert_eq!(launch.config_path(), Some(file.0.as_path()));
        assert_eq!(launch.config().get("service.users_per_backend"), Some("10"));
        assert_eq!(launch.config().get("service.jid"), Some("icq.example.org"), "-j overrides it");
    }

    #[test]
    fn every_form_of_host_and_port() {
        let lines = [
            "--host example.org --port 1",
            "--host=example.org --port=1",
            "-h example.org -p 1",
            "-h=example.org -p=1",
            "--port 1 -n --host example.org",
            "--host first --host example.org --port 2 --port 1",
        ];
        for line in lines {
            let launch = launch(line).unwrap();
            assert_eq!((launch.host(), launch.port()), ("example.org", 1), "{line}");
            assert_eq!((launch.jid(), launch.backend_id(), launch.config_path()), (None, None, None), "{line}");
            assert_eq!(launch.config(), &Config::default(), "{line}");
        }
        assert_eq!(launch("--host ::1 --port 65535").unwrap().port(), 65535);
    }

    #[test]
    fn what_is_missing_or_wrong_is_one_line() {
        let no_host = "--host is missing (backends are started by the main process)";
        let no_port = "--port has to be a number from 1 to 65535";
        let cases = [
            ("", no_host),
            ("--port 1", no_host),
            ("--port 1 --host", no_host),
            ("--port 1 --host=", no_host),
            ("--host a", "--port is missing"),
            ("--host a --port", "--port is missing"),
            ("--host a --port=", no_port),
            ("--host a --port 0", no_port),
            ("--host a --port 65536", no_port),
            ("--host a --port -1", no_port),
            ("--host a --port 80x", no_port),
            ("--host a --port 99999999999999999999", no_port),
        ];
        for (line, expected) in cases {
            assert_eq!(failure(line), expected, "{line}");
        }
    }

    #[test]
    fn unknown_arguments_are_ignored() {
        let file = File::new("unknown.cfg", "key = value\n");
        let path = file.path();
        for unknown in
            ["-n", "--no-daemonize", "--verbose", "--log=all", "--log all", "-x y", "word", "-", "--", "=", "--=x"]
        {
            let launch = launch(&format!("{unknown} {ADDRESS} {unknown} {path}")).unwrap();
            assert_eq!((launch.host(), launch.port()), ("127.0.0.1", 38903), "{unknown}");
            assert_eq!(launch.config_path(), Some(Path::new(path)), "{unknown}");
            assert_eq!(launch.config(), &config("key = value"), "{unknown}");
        }
    }

    #[test]
    fn the_path_is_the_last_word_and_belongs_to_no_option() {
        let path = |line: &str| launch(line).map(|launch| launch.config_path().map(Path::to_owned));
        assert_eq!(path(&format!("{ADDRESS} -j icq.example.org")), Ok(None));
        assert_eq!(path(&format!("{ADDRESS} --service.backend_id 1")), Ok(None));
        assert_eq!(path(&format!("missing.cfg {ADDRESS}")), Ok(None));
        assert_eq!(path(&format!("missing.cfg {ADDRESS} -n")), Ok(None));
        assert!(path(&format!("{ADDRESS} missing.cfg")).is_err());
    }

    #[cfg(unix)]
    #[test]
    fn words_that_are_not_utf8_do_no_harm() {
        use std::os::unix::ffi::OsStringExt;

        let odd = OsString::from_vec(b"/nowhere/\xff.cfg".to_vec());
        let words = |odd: OsString| ADDRESS.split(' ').map(OsString::from).chain([odd]);
        let launch = Launch::from_args(words(odd.clone()).chain(["-n".into()])).unwrap();
        assert_eq!(launch.port(), 38903);
        let error = Launch::from_args(words(odd)).unwrap_err().to_string();
        assert!(error.starts_with("/nowhere/\u{fffd}.cfg: cannot be read: "), "{error}");
    }

    #[test]
    fn backend_ids() {
        let id = |argument: &str| launch(&format!("{ADDRESS} {argument}")).unwrap().backend_id();
        assert_eq!(id("--service.backend_id=2"), Some(2));
        assert_eq!(id("--service.backend_id 2"), Some(2));
        assert_eq!(id("--service.backend_id"), None);
        let expected = "the command line: service.backend_id = two: has to be a number from 0 to 4294967295";
        assert_eq!(failure(&format!("{ADDRESS} --service.backend_id=two")), expected);
    }

    #[test]
    fn keys_of_the_file_are_overridden() {
        let file = File::new("overrides.cfg", "[a]\nlist = 1\nlist = 2\nkept = yes\n[b]\nkey = file\n");
        let arguments = "--a.list=3 --b.key=x=y --b.new= --b.flag --nosection=1";
        let launch = launch(&format!("{ADDRESS} {arguments} {}", file.path())).unwrap();
        let config = launch.config();
        assert_eq!(config.list("a.list").collect::<Vec<_>>(), ["3"]);
        assert_eq!(config.get("a.kept"), Some("yes"));
        assert_eq!(config.get("b.key"), Some("x=y"));
        assert_eq!(config.get("b.new"), Some(""));
        assert_eq!((config.get("b.flag"), config.get("nosection")), (None, None));
        assert_eq!(config.entries().count(), 4);
    }

    #[test]
    fn overrides_work_without_a_file_and_the_last_one_counts() {
        let launch = launch(&format!("--a.key=1 {ADDRESS} --a.key=2")).unwrap();
        assert_eq!(launch.config().get("a.key"), Some("2"));
    }
}

mod jid {
    use super::*;

    const FILE: &str =
        "[service]\njid = file.example.org\n[database]\ndatabase = /var/$jid/$jid.sql\nother = jid $ji $JID\n";

    fn database(arguments: &str) -> (Option<String>, Option<String>) {
        let file = File::new(&format!("jid{}.cfg", arguments.len()), FILE);
        let launch = launch(&format!("{ADDRESS} {arguments} {}", file.path())).unwrap();
        assert_eq!(launch.config().get("database.other"), Some("jid $ji $JID"));
        assert_eq!(launch.jid(), launch.config().get("service.jid"));
        (launch.jid().map(str::to_owned), launch.config().get("database.database").map(str::to_owned))
    }

    #[test]
    fn stands_for_the_gateways() {
        let expected = |jid: &str| (Some(jid.to_owned()), Some(format!("/var/{jid}/{jid}.sql")));
        assert_eq!(database(""), expected("file.example.org"));
        assert_eq!(database("-j argument.example.org"), expected("argument.example.org"));
        assert_eq!(database("--jid=long.example.org"), expected("long.example.org"));
        assert_eq!(database("--service.jid=override.example.org"), expected("override.example.org"));
    }

    #[test]
    fn stays_where_there_is_none() {
        let file = File::new("nojid.cfg", "[database]\ndatabase = /var/$jid\n");
        let without = launch(&format!("{ADDRESS} {}", file.path())).unwrap();
        assert_eq!((without.jid(), without.config().get("database.database")), (None, Some("/var/$jid")));
        let with = launch(&format!("{ADDRESS} --a.b=$jid -j x {}", file.path())).unwrap();
        assert_eq!((with.jid(), with.config().get("a.b")), (Some("x"), Some("x")));
        assert_eq!(with.config().get("database.database"), Some("/var/x"));
    }
}

mod file {
    use super::*;

    fn pairs(expected: &[(&str, &str)]) -> Vec<(String, String)> {
        expected.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn sections_keys_and_comments() {
        let text = "
            # a comment
            before = any section
            [service]
            jid=icq.example.org
            \tspaced \t =\t  a value with spaces\t
            comment = value # and what it is   # twice
            colour = #ff0000
            empty =
            equals = a=b==c
            quoted = \"kept\"
            continued = no \\
            [ trimmed ]   # here too
            key.with.dots = 1
            [service]
            again = yes
        ";
        let expected = [
            ("before", "any section"),
            ("service.jid", "icq.example.org"),
            ("service.spaced", "a value with spaces"),
            ("service.comment", "value"),
            ("service.colour", ""),
            ("service.empty", ""),
            ("service.equals", "a=b==c"),
            ("service.quoted", "\"kept\""),
            ("service.continued", "no \\"),
            ("trimmed.key.with.dots", "1"),
            ("service.again", "yes"),
        ];
        assert_eq!(entries(text), pairs(&expected));
    }

    #[test]
    fn any_line_end_and_none_at_the_end() {
        let expected = pairs(&[("a.b", "1"), ("a.c", "2")]);
        for text in ["[a]\nb = 1\nc = 2\n", "[a]\r\nb = 1\r\nc = 2\r\n", "[a]\nb = 1\r\n\r\n\n  \nc = 2"] {
            assert_eq!(entries(text), expected, "{text:?}");
        }
        assert_eq!(entries(""), []);
        assert_eq!(entries("\n\n# nothing\n"), []);
    }

    #[test]
    fn repeated_keys_make_a_list() {
        let config = config("[a]\nx = 1\nother = 0\nx = 2\n[b]\nx = 3\n[a]\nx = 4\n");
        assert_eq!(config.list("a.x").collect::<Vec<_>>(), ["1", "2", "4"]);
        assert_eq!(config.get("a.x"), Some("4"));
        assert_eq!(config.list("a.none").count(), 0);
    }

    #[test]
    fn keys_that_have_to_be_there() {
        let config = config("[a]\nx = 1\nempty =\n");
        assert_eq!((config.require("a.x"), config.require("a.empty")), (Ok("1"), Ok("")));
        assert_eq!(config.require("a.y").unwrap_err().to_string(), "a.y is missing in the configuration");
        let file = File::new("require.cfg", "[a]\nx = 1\n");
        let error = Config::read(file.path()).unwrap().require("a.y").unwrap_err();
        assert_eq!(error.to_string(), format!("{}: a.y is missing", file.path()));
    }

    #[test]
    fn truth_values() {
        for (word, expected) in [("1", true), ("true", true), ("yes", true), ("on", true)].into_iter().chain([
            ("0", false),
            ("false", false),
            ("no", false),
            ("off", false),
        ]) {
            for word in [word.to_owned(), word.to_uppercase()] {
                assert_eq!(config(&format!("key = {word}")).bool("key"), Ok(Some(expected)), "{word}");
            }
        }
        assert_eq!(config("").bool("key"), Ok(None));
        for word in ["2", "y", "truth", ""] {
            let error = config(&format!("[a]\nkey = {word}")).bool("a.key").unwrap_err();
            assert_eq!(error.to_string(), format!("line 2: a.key = {word}: has to be true or false"));
        }
    }

    #[test]
    fn numbers() {
        let config = config("[a]\nport = 4321\nbelow = -1\nreal = 0.5\nword = many\nempty =\n");
        assert_eq!(config.number::<u16>("a.port"), Ok(Some(4321)));
        assert_eq!(config.number::<i32>("a.below"), Ok(Some(-1)));
        assert_eq!(config.number::<f64>("a.real"), Ok(Some(0.5)));
        assert_eq!(config.number::<u16>("a.none"), Ok(None));
        for (line, key, shown) in [(5, "word", "many"), (3, "below", "-1"), (4, "real", "0.5"), (6, "empty", "")] {
            let error = config.number::<u16>(&format!("a.{key}")).unwrap_err();
            let expected = format!("line {line}: a.{key} = {shown}: has to be a number from 0 to 65535");
            assert_eq!(error.to_string(), expected);
        }
        let error = |error: LaunchError| error.to_string();
        assert_eq!(
            config.number::<i8>("a.port").map_err(error),
            Err("line 2: a.port = 4321: has to be a number from -128 to 127".to_owned())
        );
        assert_eq!(
            config.number::<f64>("a.word").map_err(error),
            Err("line 5: a.word = many: has to be a number".to_owned())
        );
    }

    #[test]
    fn wrong_values_are_found_where_they_stand() {
        let file = File::new("wrong.cfg", "[a]\nport = 1\nport = 99999\non = maybe\n");
        let launch = launch(&format!("{ADDRESS} --a.off=perhaps {}", file.path())).unwrap();
        let config = launch.config();
        let port = config.number::<u16>("a.port").unwrap_err().to_string();
        assert_eq!(port, format!("{}:3: a.port = 99999: has to be a number from 0 to 65535", file.path()));
        let on = config.bool("a.on").unwrap_err().to_string();
        assert_eq!(on, format!("{}:4: a.on = maybe: has to be true or false", file.path()));
        let off = config.bool("a.off").unwrap_err().to_string();
        assert_eq!(off, "the command line: a.off = perhaps: has to be true or false");
    }

    #[test]
    fn malformed_lines_are_named() {
        let cases = [
            ("[a]\n# comment\njust words\n", 3, "neither [section] nor key = value"),
            ("\r\n\r\n[open\r\n", 3, "neither [section] nor key = value"),
            ("[a]\n\n = value", 3, "the key is missing"),
            ("key # = value", 1, "neither [section] nor key = value"),
            ("\u{feff}[a]\nb = 1", 1, "neither [section] nor key = value"),
        ];
        for (number, (text, line, expected)) in cases.into_iter().enumerate() {
            assert_eq!(text.parse::<Config>().unwrap_err().to_string(), format!("line {line}: {expected}"));
            let file = File::new(&format!("malformed{number}.cfg"), text);
            let expected = format!("{}:{line}: {expected}", file.path());
            assert_eq!(Config::read(file.path()).unwrap_err().to_string(), expected);
            assert_eq!(failure(&format!("{ADDRESS} {}", file.path())), expected);
            assert_eq!(expected.lines().count(), 1);
        }
    }

    #[test]
    fn files_that_cannot_be_read_are_named() {
        let directory = env!("CARGO_TARGET_TMPDIR");
        for path in [directory, "/nowhere/missing.cfg"] {
            let cause = fs::read(path).unwrap_err();
            assert_eq!(failure(&format!("{ADDRESS} {path}")), format!("{path}: cannot be read: {cause}"));
        }
    }

    #[test]
    fn text_in_another_encoding_is_refused_but_in_comments() {
        let file = File::new("latin1.cfg", b"# f\xfcr alle\n[a]\nb = 1 # \xe4hnlich\n");
        assert_eq!(Config::read(file.path()), Ok(config("[a]\nb = 1")));
        let file = File::new("latin1value.cfg", b"[a]\r\nb = f\xfcr # alle\r\n");
        assert_eq!(Config::read(file.path()).unwrap_err().to_string(), format!("{}:2: not UTF-8", file.path()));
        let file = File::new("utf8.cfg", "[a]\nb = für\n");
        assert_eq!(Config::read(file.path()).unwrap().get("a.b"), Some("für"));
    }

    #[test]
    fn values_are_not_shown_by_debug() {
        let file = File::new("secret.cfg", "[database]\npassword = sesame\n");
        let launch = launch(&format!("{ADDRESS} --service.password=sesame {}", file.path())).unwrap();
        let shown = format!("{launch:?}");
        assert!(shown.contains("\"database.password\"") && !shown.contains("sesame"), "{shown}");
    }
}

#[test]
fn a_backends_own_complaint_is_shown_as_it_is() {
    assert_eq!(LaunchError::new("msncd.host is missing").to_string(), "msncd.host is missing");
}
