//! What is left after a kill, and what no path leads to.

use super::{Peer, create, data, fault, fragment, offset, packet};
use crate::{
    bits_upload::{CloseReplay, Durability, Publish, Settings},
    message::Request,
    mock::{Begin, BodyEnd, Clock, Ids, Model, Options},
};
use proptest::{
    collection, prelude::any, prop_assert_eq, prop_oneof, proptest, strategy::Strategy,
};
use rstest::rstest;
use std::{
    fs,
    path::{Path, PathBuf},
};

fn in_folder(folder: &Path) -> Peer {
    Peer::with(Settings::default(), &[], Some(folder))
}

#[test]
fn after_a_kill_the_offset_is_what_is_on_disk_and_the_upload_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let peer = in_folder(folder.path());
    let (path, data) = ("/d/f", data(1000));
    let id = peer.create(path);
    peer.put(path, &id, 0, 300, &data);
    let request = fragment(path, &id, 300, 1000, &data);
    let Begin::Body(mut sink) = peer.server.begin(&peer.head(&request), peer.clock.now()) else {
        panic!("a fragment has a body");
    };
    assert!(sink.chunk(&data[300..555]).is_continue());
    // A kill runs no destructors; the lock goes with the process, so here the server must go too.
    std::mem::forget(sink);
    let root = folder.path().to_owned();
    let copy = tempfile::tempdir().unwrap();
    copy_tree(&root, copy.path());
    drop(peer);
    let peer = in_folder(copy.path());
    assert_eq!(peer.get(path), None);
    let other_total = peer.put(path, &id, 0, 500, &data[..500]);
    assert_eq!(fault(&other_total), (400, Some("0x80070057")));
    let probe = peer.put(path, &id, 0, 1000, &data);
    assert_eq!((probe.status, offset(&probe)), (416, Some(555)));
    assert_eq!(offset(&peer.put(path, &id, 555, 1000, &data)), Some(1000));
    let peer = peer.killed();
    assert_eq!(peer.close(path, &id).status, 200);
    assert_eq!(peer.get(path), Some(data.clone()));
    assert_eq!(
        fs::read_dir(copy.path().join("uploads")).unwrap().count(),
        0
    );
    let peer = peer.killed();
    assert_eq!(peer.get(path), Some(data));
    assert_eq!(peer.close(path, &id).status, 500);
}

fn copy_tree(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap().flatten() {
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy_tree(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// A kill between two steps of Close-Session: each state of the folder that can be left behind.
#[rstest]
#[case("before publication", false, false, 200)]
#[case("the file is published, the record is still there", true, false, 200)]
#[case("all is done, only the answer was lost", true, true, 500)]
fn a_close_that_was_killed_can_be_sent_again(
    #[case] name: &str,
    #[case] published: bool,
    #[case] forgotten: bool,
    #[case] status: u16,
) {
    let folder = tempfile::tempdir().unwrap();
    let peer = in_folder(folder.path());
    let data = data(50);
    let id = peer.create("/f");
    peer.put("/f", &id, 0, 50, &data);
    drop(peer);
    let uploads = folder.path().join("uploads");
    let record = file(folder.path(), "jsonl");
    let mut text = fs::read_to_string(&record).unwrap();
    text += &announcement(&text);
    fs::write(&record, text).unwrap();
    if published {
        let part = file(folder.path(), "part");
        fs::rename(part, folder.path().join("files/f")).unwrap();
    }
    if forgotten {
        fs::remove_file(&record).unwrap();
    }
    let peer = in_folder(folder.path());
    assert_eq!(peer.close("/f", &id).status, status, "{name}");
    assert_eq!(peer.get("/f"), Some(data), "{name}");
    assert_eq!(fs::read_dir(&uploads).unwrap().count(), 0, "{name}");
}

/// The only file of an upload with that extension.
fn file(folder: &Path, extension: &str) -> PathBuf {
    let uploads = fs::read_dir(folder.join("uploads")).unwrap();
    let mut found = uploads
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|e| e == extension));
    let only = found.next().unwrap();
    assert_eq!(found.next(), None);
    only
}

/// What a record says next when its file is about to be published.
fn announcement(lines: &str) -> String {
    let last = lines.lines().last().unwrap();
    assert!(last.contains("\"publishing\":false"), "{lines}");
    let next = last.replace("\"publishing\":false", "\"publishing\":true");
    format!("\n{next}\n")
}

#[test]
fn a_record_torn_at_any_byte_is_what_it_was_before_that_line() {
    let data = data(50);
    let folder = tempfile::tempdir().unwrap();
    let peer = in_folder(folder.path());
    let id = peer.create("/f");
    let created = fs::read(file(folder.path(), "jsonl")).unwrap().len();
    peer.put("/f", &id, 0, 20, &data);
    drop(peer);
    let record = file(folder.path(), "jsonl");
    let mut lines = fs::read_to_string(&record).unwrap();
    let begun = lines.len();
    assert!(begun > created, "a total is written down");
    lines += &announcement(&lines);
    for torn in 0..=lines.len() {
        let copy = tempfile::tempdir().unwrap();
        copy_tree(folder.path(), copy.path());
        fs::write(file(copy.path(), "jsonl"), &lines[..torn]).unwrap();
        // Nothing is stored before the total is.
        let held = if torn < begun { 0 } else { 20 };
        if held == 0 {
            fs::remove_file(file(copy.path(), "part")).unwrap();
        }
        let peer = in_folder(copy.path());
        if torn < created {
            assert_eq!(peer.put("/f", &id, 0, 50, &data).status, 500, "{torn}");
            let left = fs::read_dir(copy.path().join("uploads")).unwrap().count();
            assert_eq!(left, 0, "{torn}");
            continue;
        }
        let probe = peer.put("/f", &id, 40, 50, &data);
        assert_eq!(
            (probe.status, offset(&probe)),
            (416, Some(held as u64)),
            "{torn}"
        );
        // What is written behind a torn line counts again.
        let peer = peer.killed();
        assert_eq!(peer.put("/f", &id, held, 50, &data).status, 200, "{torn}");
        let peer = peer.killed();
        assert_eq!(peer.put("/f", &id, 0, 50, &data).status, 200, "{torn}");
        assert_eq!(peer.put("/f", &id, 0, 9, &data[..9]).status, 400, "{torn}");
        assert_eq!(peer.close("/f", &id).status, 200, "{torn}");
        assert_eq!(peer.get("/f"), Some(data.clone()), "{torn}");
        let left = fs::read_dir(copy.path().join("uploads")).unwrap().count();
        assert_eq!(left, 0, "{torn}");
    }
}

#[test]
fn a_total_that_could_not_be_written_down_is_written_with_the_next_fragment() {
    let folder = tempfile::tempdir().unwrap();
    let peer = in_folder(folder.path());
    let (id, data) = (peer.create("/f"), data(20));
    let record = file(folder.path(), "jsonl");
    let aside = folder.path().join("aside");
    fs::rename(&record, &aside).unwrap();
    fs::create_dir(&record).unwrap();
    let refused = peer.put("/f", &id, 0, 20, &data);
    assert_eq!((refused.status, offset(&refused)), (500, Some(0)));
    fs::remove_dir(&record).unwrap();
    fs::rename(&aside, &record).unwrap();
    assert_eq!(peer.put("/f", &id, 0, 20, &data).status, 200);
    let peer = peer.killed();
    assert_eq!(peer.close("/f", &id).status, 200);
    assert_eq!(peer.get("/f"), Some(data));
}

#[test]
fn a_record_of_another_hand_is_left_alone_with_its_bytes() {
    let folder = tempfile::tempdir().unwrap();
    drop(in_folder(folder.path()));
    let uploads = folder.path().join("uploads");
    fs::write(uploads.join("A.jsonl"), "\n{\"of\":\"a later version\"}\n").unwrap();
    fs::write(uploads.join("A.part"), "bytes").unwrap();
    fs::write(uploads.join("B.part"), "bytes of nobody").unwrap();
    fs::write(
        uploads.join("C.part"),
        "bytes of somebody who was never told",
    )
    .unwrap();
    fs::write(uploads.join("C.jsonl"), "\n{\"id\":").unwrap();
    drop(in_folder(folder.path()));
    assert_eq!(fs::read_dir(&uploads).unwrap().count(), 2);
    assert_eq!(fs::read(file(folder.path(), "part")).unwrap(), b"bytes");
}

#[test]
fn the_record_of_a_close_that_fails_again_and_again_does_not_grow_for_ever() {
    let folder = tempfile::tempdir().unwrap();
    let peer = in_folder(folder.path());
    let id = peer.create("/f");
    peer.put("/f", &id, 0, 9, &data(9));
    fs::write(folder.path().join("files/f"), "in the way").unwrap();
    for _ in 0..200 {
        assert_eq!(peer.close("/f", &id).status, 403);
    }
    let record = file(folder.path(), "jsonl").metadata().unwrap().len();
    assert!(record < 20_000, "{record}");
    let peer = peer.killed();
    fs::remove_file(folder.path().join("files/f")).unwrap();
    assert_eq!(peer.close("/f", &id).status, 200);
    assert_eq!(peer.get("/f"), Some(data(9)));
}

#[test]
fn a_session_that_outlived_the_server_keeps_its_id_to_itself_where_ids_repeat() {
    let folder = tempfile::tempdir().unwrap();
    let data = data(9);
    // Each start has the same seed.
    let peer = in_folder(folder.path());
    let first = peer.create("/a");
    peer.put("/a", &first, 0, 5, &data);
    drop(peer);
    let peer = in_folder(folder.path());
    let second = peer.create("/b");
    assert_ne!(first, second);
    assert_eq!(peer.put("/b", &second, 0, 9, &data).status, 200);
    assert_eq!(offset(&peer.put("/a", &first, 5, 9, &data)), Some(9));
}

#[test]
fn a_close_that_was_answered_is_still_remembered_after_a_restart_where_that_is_set() {
    let folder = tempfile::tempdir().unwrap();
    let settings = Settings::default().close_replay(CloseReplay::Ok);
    let peer = Peer::with(settings, &[], Some(folder.path()));
    let id = peer.create("/f");
    peer.put("/f", &id, 0, 9, &data(9));
    assert_eq!(peer.close("/f", &id).status, 200);
    let peer = peer.killed();
    assert_eq!(peer.close("/f", &id).status, 200);
    assert_eq!(peer.put("/f", &id, 0, 9, &data(9)).status, 500);
    assert_eq!(peer.get("/f"), Some(data(9)));
}

#[test]
fn a_folder_serves_one_server_at_a_time_and_is_free_once_that_has_gone() {
    let folder = tempfile::tempdir().unwrap();
    let peer = in_folder(folder.path());
    let second = super::Server::start(&Options {
        data_dir: Some(folder.path().to_owned()),
        clock: Clock::held(Clock::START),
        ids: Ids::seeded(1),
        ..Options::default()
    });
    assert!(second.unwrap_err().to_string().contains("another server"));
    drop(peer);
    in_folder(folder.path());
}

#[test]
fn a_restart_of_the_model_forgets_what_only_memory_held() {
    let folder = tempfile::tempdir().unwrap();
    for (peer, lasts) in [(Peer::new(), false), (in_folder(folder.path()), true)] {
        peer.upload("/a", &data(10), 5);
        let id = peer.create("/b");
        peer.put("/b", &id, 0, 5, &data(10));
        peer.server.restart(peer.clock.now());
        assert_eq!(peer.get("/a").is_some(), lasts);
        assert_eq!(peer.put("/b", &id, 5, 10, &data(10)).status == 200, lasts);
    }
}

#[test]
fn sessions_run_out_across_restarts_too() {
    let folder = tempfile::tempdir().unwrap();
    let settings = Settings::default().session_timeout(100_u64);
    let peer = Peer::with(settings, &[], Some(folder.path()));
    let id = peer.create("/f");
    let peer = peer.killed();
    peer.clock.advance(std::time::Duration::from_secs(100));
    assert_eq!(peer.put("/f", &id, 0, 9, &data(9)).status, 500);
}

#[test]
fn uploads_are_synced_where_that_is_set() {
    let folder = tempfile::tempdir().unwrap();
    let settings = Settings::default()
        .durability(Durability::Fsync)
        .publish(Publish::OnLastFragment);
    let peer = Peer::with(settings, &[], Some(folder.path()));
    assert_eq!(peer.upload("/d/f", &data(100), 30).status, 200);
    assert_eq!(
        fs::read(folder.path().join("files/d/f")).unwrap(),
        data(100)
    );
}

#[cfg(unix)]
#[test]
fn no_link_is_followed_and_nothing_appears_outside() {
    let (folder, outside) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let peer = in_folder(folder.path());
    let files = folder.path().join("files");
    std::os::unix::fs::symlink(outside.path(), files.join("out")).unwrap();
    fs::write(outside.path().join("secret"), "x").unwrap();
    std::os::unix::fs::symlink(outside.path().join("secret"), files.join("link")).unwrap();
    for path in ["/out/f", "/out", "/link", "/out/secret"] {
        assert_eq!(
            fault(&peer.ask(&create(path))),
            (403, Some("0x80070005")),
            "{path}"
        );
        assert_eq!(peer.get(path), None, "{path}");
    }
    // A link that appears while an upload is on its way is not followed either.
    let id = peer.create("/later/f");
    peer.put("/later/f", &id, 0, 9, &data(9));
    std::os::unix::fs::symlink(outside.path(), files.join("later")).unwrap();
    assert_eq!(peer.close("/later/f", &id).status, 403);
    assert_eq!(fs::read_dir(outside.path()).unwrap().count(), 1);
}

#[rstest]
#[case("/../x")]
#[case("/a/../../x")]
#[case("/%2e%2e/x")]
#[case("/%2E%2e%2fx")]
#[case("/..%5cx")]
#[case("/..\\x")]
#[case("/%2fetc%2fpasswd")]
#[case("/C:%5Cx")]
#[case("/C:/x")]
#[case("/x:stream")]
#[case("/x::$DATA")]
#[case("/NUL")]
#[case("/com1.txt")]
#[case("/x.")]
#[case("/x%20")]
#[case("/x%00.txt")]
#[case("/x%0d%0a")]
#[case("/%c0%ae%c0%ae/x")]
#[case("/BITS-Sessions/Replies/x")]
#[case("/BITS-Sessions/Replies/%7BA%7D/responsefile.bin")]
#[case("/bits-sessions/x")]
fn a_path_that_could_lead_elsewhere_is_refused_and_leaves_no_trace(#[case] path: &str) {
    let folder = tempfile::tempdir().unwrap();
    let peer = in_folder(folder.path());
    assert_eq!(fault(&peer.ask(&create(path))), (403, Some("0x80070005")));
    assert_eq!(peer.ask(&Request::new("GET", path)).status, 404);
    assert_eq!(
        fs::read_dir(folder.path().join("uploads")).unwrap().count(),
        0
    );
    assert_eq!(
        fs::read_dir(folder.path().join("files")).unwrap().count(),
        0
    );
}

/// What may happen to an upload.
#[derive(Clone, Debug)]
enum Step {
    /// A fragment from an offset relative to the expected one, of that length.
    Send(i64, usize),
    /// A fragment that is cut after so many of its bytes.
    Cut(usize, usize),
    /// A whole fragment whose answer is lost.
    Kill,
    Ping,
    Restart,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (1_usize..400).prop_map(|length| Step::Send(0, length)),
        1 => (-300_i64..300, 1_usize..400).prop_map(|(off, length)| Step::Send(off, length)),
        2 => (1_usize..400, any::<u16>()).prop_map(|(length, cut)| Step::Cut(length, usize::from(cut) % (length + 1))),
        1 => proptest::strategy::Just(Step::Kill),
        1 => proptest::strategy::Just(Step::Ping),
        1 => proptest::strategy::Just(Step::Restart),
    ]
}

/// The simple model: how many bytes are there. The content is always the first bytes of the data.
fn follow(mut peer: Peer, keeps: bool, total: usize, steps: &[Step]) {
    let (path, data) = ("/d/f", data(total));
    let id = peer.create(path);
    let mut held = 0_usize;
    for step in steps {
        match step {
            Step::Send(off, length) => {
                let first = held
                    .saturating_add_signed(isize::try_from(*off).unwrap())
                    .min(total - 1);
                let end = (first + length).min(total);
                let reply = peer.put(path, &id, first, end, &data);
                if first == held && held < total {
                    held = end;
                    assert_eq!(reply.status, 200);
                } else if held == total && end == total {
                    assert_eq!(reply.status, 200);
                } else {
                    assert_eq!(reply.status, 416);
                }
                assert_eq!(offset(&reply), Some(held as u64));
            }
            Step::Cut(length, cut) if held < total => {
                let end = (held + length).min(total);
                let cut = (*cut).min(end - held);
                let request = fragment(path, &id, held, end, &data);
                let head = peer.head(&request);
                let (a, b) = data[held..held + cut].split_at(cut / 2);
                peer.exchange(&head, &[a, b], BodyEnd::Cut(cut as u64));
                held += cut;
            }
            Step::Kill if keeps => peer = peer.killed(),
            Step::Restart if keeps => peer.server.restart(peer.clock.now()),
            Step::Ping => assert_eq!(peer.ask(&packet("Ping", path, None)).status, 200),
            Step::Cut(..) | Step::Kill | Step::Restart => {}
        }
        assert_eq!(peer.get(path), None);
    }
    if held < total {
        assert_eq!(
            offset(&peer.put(path, &id, held, total, &data)),
            Some(total as u64)
        );
    }
    assert_eq!(peer.close(path, &id).status, 200);
    assert_eq!(peer.get(path), Some(data));
}

proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(64))]

    #[test]
    fn no_byte_is_lost_or_repeated_whatever_happens(total in 1_usize..2000, steps in collection::vec(step(), 0..24)) {
        follow(Peer::new(), false, total, &steps);
        let folder = tempfile::tempdir().unwrap();
        follow(in_folder(folder.path()), true, total, &steps);
        let left: Vec<_> = fs::read_dir(folder.path().join("uploads")).unwrap().flatten().collect();
        prop_assert_eq!(left.len(), 0);
    }
}
