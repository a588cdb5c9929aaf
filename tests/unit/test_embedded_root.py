"""The short link to an embedded root whose own path is too long for sockets."""

from pathlib import Path

from steps.drill.embedded import forget_root, prepare_root


def made_root(tmp_path: Path) -> tuple[Path, Path]:
    root = tmp_path / ("long" * 15) / "hypervisor"
    uri = prepare_root(root)
    return root, Path(uri.partition("root=")[2])


def test_a_folder_that_libvirt_made_where_the_link_was_goes_with_the_root(tmp_path):
    root, link = made_root(tmp_path)
    assert link.is_symlink()
    link.unlink()
    (link / "run").mkdir(parents=True)
    forget_root(root)
    assert not link.exists()
    assert root.is_dir()


def test_a_folder_that_libvirt_made_where_the_link_was_gives_way_to_it_again(tmp_path):
    root, link = made_root(tmp_path)
    link.unlink()
    (link / "run").mkdir(parents=True)
    prepare_root(root)
    assert link.is_symlink()
    assert link.readlink() == root
    forget_root(root)
    assert not link.is_symlink()


def test_what_is_kept_is_taken_over_or_nothing_of_it_where_another_site_replaces_it(tmp_path):
    kept = tmp_path / "kept"
    (kept / "qemu").mkdir(parents=True)
    (kept / "qemu" / "one.xml").write_text("found out")
    whole = tmp_path / "whole"
    prepare_root(whole, kept)
    assert (whole / "cache" / "qemu" / "one.xml").read_text() == "found out"
    # A file whose name is read and that is gone when it is opened.
    (kept / "qemu" / "two.xml").symlink_to(kept / "gone")
    half = tmp_path / "half"
    prepare_root(half, kept)
    assert sorted(path.name for path in half.iterdir()) == ["etc"]
    prepare_root(half, tmp_path / "never there")
    assert sorted(path.name for path in half.iterdir()) == ["etc"]
