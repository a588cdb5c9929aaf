"""What find lists of a node, and which of it nothing names: hostile names included."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from steps.targets.local import LocalShell
from steps.virtual_machine.dashboard.files_found import FoundFile, find_files, parse_listing
from steps.virtual_machine.dashboard.orphans import (
    Known,
    backup_orphans,
    live_orphans,
    retain_orphans,
    whole,
)

NOTHING = Known((), (), {}, {})


def test_names_with_tabs_and_newlines_are_listed_as_they_are(tmp_path):
    folder = tmp_path / "vm-persistent" / "pool"
    folder.mkdir(parents=True)
    (folder / "odd\tname\nof it.qcow2").write_bytes(b"x" * 5000)
    (found,) = find_files(LocalShell(), str(tmp_path), 3)
    assert found.path == "vm-persistent/pool/odd\tname\nof it.qcow2"
    assert (found.size, found.allocated >= 5000) == (5000, True)
    (orphan,) = live_orphans("n", str(tmp_path), [found], NOTHING)
    assert orphan.path.endswith("odd\tname\nof it.qcow2")


def test_a_folder_that_is_not_there_has_no_files(tmp_path):
    assert find_files(LocalShell(), str(tmp_path / "none"), 3) == ()


def test_links_and_folders_are_no_files_and_depth_is_kept(tmp_path):
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "a" / "link").symlink_to("/etc/passwd")
    (tmp_path / "a" / "b" / "deep").write_text("x")
    assert find_files(LocalShell(), str(tmp_path), 2) == ()
    assert len(find_files(LocalShell(), str(tmp_path), 3)) == 1


def test_a_set_is_whole_with_its_small_files_and_an_image():
    small = [f"vm.{kind}.L" for kind in ("state", "xml", "ldif")]
    assert whole([*small, "disk.qcow2.L"], "vm", "L")
    assert not whole(small, "vm", "L")
    assert not whole([*small[1:], "disk.qcow2.L"], "vm", "L")
    assert not whole([*small, "disk.qcow2.other"], "vm", "L")


@given(st.text())
def test_any_output_is_read_without_an_error(text):
    for file in parse_listing(text):
        assert file.path


PATHS = st.lists(
    st.sampled_from(["vm-persistent", "vm-templates", "p", "m", "20260101T000000Z", "x.img", ".."]),
    min_size=1, max_size=6,
).map("/".join)  # fmt: skip


@given(st.lists(PATHS, max_size=20))
def test_every_file_is_counted_once_and_what_is_named_never(paths):
    files = [FoundFile(path, 1, 512, 0.0) for path in dict.fromkeys(paths)]
    found = list(backup_orphans("n", "/b", files, NOTHING))
    wanted = [f for f in files if len(f.parts) == 5 and f.parts[0].startswith("vm-")]
    assert sum(orphan.files for orphan in found) == len(wanted)
    named = Known({f"/l/{file.path}" for file in files}, (), {}, {})
    assert list(live_orphans("n", "/l", files, named)) == []
    assert list(retain_orphans("n", "/l", files, named)) == []
