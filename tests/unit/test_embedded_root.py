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
