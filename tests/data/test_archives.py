import io
import os
import stat
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from pylib.data.archives import Limits, unpack
from pylib.errors import DataError
from pylib.provenance.digests import manifest

FILES = {"set/images/a.jpg": b"image" * 100, "set/masks/a.png": b"mask" * 100}
SMALL = Limits(members=10, total=1_000_000, member=400_000, ratio=20, ratio_from=100_000)


def tar(path: Path, *members: tuple[tarfile.TarInfo, bytes], mode: str = "w") -> None:
    with tarfile.open(path, mode) as archive:
        for info, data in members:
            info.size = len(data) if info.isreg() else info.size
            archive.addfile(info, io.BytesIO(data))


def entry(name: str, kind: bytes = tarfile.REGTYPE, link: str = "") -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, link
    return info


def zipped(path: Path, *members: tuple[str | zipfile.ZipInfo, bytes]) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members:
            archive.writestr(name, data)


def special(name: str, mode: int) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name)
    info.external_attr = mode << 16
    return info


@pytest.mark.parametrize("mode", ["w", "w:gz", "w:xz", "w:bz2", "zip"])
def test_a_good_archive_of_any_kind_is_unpacked_whatever_its_name(tmp_path: Path, mode: str) -> None:
    path, folder = tmp_path / "archive", tmp_path / "out"
    folder.mkdir()
    if mode == "zip":
        zipped(path, ("set/", b""), *FILES.items())
    else:
        members = [
            (entry("set", tarfile.DIRTYPE), b""),
            *((entry(name), data) for name, data in FILES.items()),
        ]
        tar(path, *members, mode=mode)
    unpack(path, folder)
    assert {name: (folder / name).read_bytes() for name in manifest(folder)} == FILES


def huge_pax_header(path: Path) -> None:
    info = entry("header", tarfile.XHDTYPE)
    info.size = 3 << 30
    with tarfile.open(path, "w") as archive:
        archive.fileobj.write(info.tobuf(tarfile.PAX_FORMAT))


def encrypted(path: Path) -> None:
    zipped(path, ("images/a.jpg", b"secret"))
    data = bytearray(path.read_bytes())
    for signature, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.index(signature) + offset] |= 1
    path.write_bytes(data)


def cut(path: Path, make: Callable[[Path], None], keep: float) -> None:
    make(path)
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * keep)])


def noise_tar(path: Path, mode: str = "w") -> None:
    tar(path, *((entry(f"images/{i}.jpg"), os.urandom(20_000)) for i in range(5)), mode=mode)


def flip_zip(path: Path) -> None:
    zipped(path, ("images/a.jpg", bytes(range(256)) * 40))
    data = bytearray(path.read_bytes())
    data[60] ^= 0xFF
    path.write_bytes(data)


BAD: dict[str, tuple[Callable[[Path], object], str]] = {
    "no archive": (lambda path: path.write_bytes(b"hello" * 1000), "neither a tar nor a zip"),
    "nothing": (lambda path: path.write_bytes(b""), "neither a tar nor a zip"),
    "tar out of it": (lambda path: tar(path, (entry("../evil"), b"x")), "'../evil' leads out"),
    "tar out of it, later": (lambda path: tar(path, (entry("images/../../evil"), b"x")), "leads out"),
    "tar absolute": (lambda path: tar(path, (entry("/tmp/evil"), b"x")), "'/tmp/evil' leads out"),
    "tar drive": (lambda path: tar(path, (entry("C:\\evil"), b"x")), "leads out"),
    "tar backslashes": (lambda path: tar(path, (entry("..\\evil"), b"x")), "leads out"),
    "tar symlink": (lambda path: tar(path, (entry("a", tarfile.SYMTYPE, "/etc/passwd"), b"")), "a link to"),
    "tar hard link": (lambda path: tar(path, (entry("a", tarfile.LNKTYPE, "b"), b"")), "a link to 'b'"),
    "tar hard link to a later one": (
        lambda path: tar(path, (entry("a", tarfile.LNKTYPE, "b"), b""), (entry("b"), b"x")),
        "a link to 'b', which is no file of the archive",
    ),
    "tar hard link out of it": (
        lambda path: tar(path, (entry("a/b", tarfile.LNKTYPE, "../../etc/passwd"), b"")),
        "a link to '../../etc/passwd'",
    ),
    "tar symlink out of it": (
        lambda path: tar(path, (entry("a/b", tarfile.SYMTYPE, "../../c"), b"")),
        "a link to '../../c'",
    ),
    "tar symlink of Windows out of it": (
        lambda path: tar(path, (entry("a/b", tarfile.SYMTYPE, "..\\..\\c"), b"")),
        "a link to",
    ),
    "tar symlink to itself": (
        lambda path: tar(path, (entry("a", tarfile.SYMTYPE, "a"), b"")),
        "a link to 'a'",
    ),
    "tar symlink to a folder": (
        lambda path: tar(
            path, (entry("d/x"), b"1"), (entry("a", tarfile.SYMTYPE, "d"), b""), (entry("a/y"), b"2")
        ),
        "a link to 'd'",
    ),
    "tar links as a bomb": (
        lambda path: tar(
            path,
            (entry("a"), bytes(300_000)),
            *((entry(f"b{i}", tarfile.LNKTYPE, "a"), b"") for i in range(4)),
        ),
        "1,000,000",
    ),
    "tar backslashes twice": (
        lambda path: tar(path, (entry("a/b"), b"1"), (entry("a\\b"), b"2")),
        "'b' is in it twice",
    ),
    "zip backslashes out of it": (lambda path: zipped(path, ("a\\..\\..\\evil", b"x")), "leads out"),
    "zip UNC path": (lambda path: zipped(path, ("\\\\host\\share\\x", b"x")), "leads out"),
    "a 7z": (
        lambda path: path.write_bytes(b"7z\xbc\xaf\x27\x1c" + bytes(99)),
        "a 7z archive is not read here",
    ),
    "a RAR": (lambda path: path.write_bytes(b"Rar!\x1a\x07" + bytes(99)), "a RAR archive is not read here"),
    "tar device": (lambda path: tar(path, (entry("a", tarfile.CHRTYPE), b"")), "no plain file"),
    "tar fifo": (lambda path: tar(path, (entry("a", tarfile.FIFOTYPE), b"")), "no plain file"),
    "tar twice": (lambda path: tar(path, (entry("a"), b"1"), (entry("a"), b"2")), "'a' is in it twice"),
    "tar header of 3 GiB": (huge_pax_header, "a header in it claims 3,221,225,472 bytes"),
    "tar of many": (
        lambda path: tar(path, *((entry(str(i)), b"") for i in range(11))),
        "more than 10 members",
    ),
    "tar of a large one": (lambda path: tar(path, (entry("a"), bytes(400_001))), "claims 400,001 bytes"),
    "tar too large": (
        lambda path: tar(path, *((entry(str(i)), bytes(300_000)) for i in range(4))),
        "1,000,000",
    ),
    "tar.gz bomb": (lambda path: tar(path, (entry("a"), bytes(300_000)), mode="w:gz"), "20 times its size"),
    "tar.xz bomb": (lambda path: tar(path, (entry("a"), bytes(300_000)), mode="w:xz"), "20 times its size"),
    "tar cut in a file": (lambda path: cut(path, noise_tar, 0.5), "damaged or truncated"),
    "tar cut in a header": (lambda path: cut(path, noise_tar, 20_700 / 112_640), "damaged or truncated"),
    "tar cut between files": (lambda path: cut(path, noise_tar, 20_992 / 112_640), "damaged or truncated"),
    "tar.gz cut": (lambda path: cut(path, lambda p: noise_tar(p, "w:gz"), 0.9), "damaged or truncated"),
    "tar.xz cut": (lambda path: cut(path, lambda p: noise_tar(p, "w:xz"), 0.9), "damaged or truncated"),
    "zip out of it": (lambda path: zipped(path, ("../evil", b"x")), "'../evil' leads out"),
    "zip absolute": (lambda path: zipped(path, ("/tmp/evil", b"x")), "leads out"),
    "zip symlink": (lambda path: zipped(path, (special("a", stat.S_IFLNK), b"/etc/passwd")), "'a' is a link"),
    "zip fifo": (lambda path: zipped(path, (special("a", stat.S_IFIFO), b"")), "no plain file"),
    "zip encrypted": (encrypted, "is encrypted"),
    "zip bomb": (lambda path: zipped(path, ("a", bytes(300_000))), "20 times its size"),
    "zip of many": (lambda path: zipped(path, *((str(i), b"") for i in range(11))), "more than 10 members"),
    "zip of a large one": (lambda path: zipped(path, ("a", bytes(400_001))), "claims 400,001 bytes"),
    "zip cut": (
        lambda path: cut(path, lambda p: zipped(p, ("a", os.urandom(9000))), 0.5),
        "damaged or trunc",
    ),
    "zip damaged": (flip_zip, "damaged or truncated"),
    "no such file": (lambda _: None, "could not be unpacked"),
}


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize("case", BAD)
def test_a_bad_archive_is_refused_in_one_line(tmp_path: Path, case: str) -> None:
    build, message = BAD[case]
    path, folder = tmp_path / "archive", tmp_path / "out"
    folder.mkdir()
    build(path)
    with pytest.raises(DataError, match=message) as caught:
        unpack(path, folder, SMALL)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)
    assert {found.name for found in tmp_path.iterdir()} <= {"archive", "out"}
    assert all(found.is_dir() or (found.is_file() and not found.is_symlink()) for found in folder.rglob("*"))


def test_a_bomb_ends_early_under_the_default_limits(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "bomb", "w", zipfile.ZIP_DEFLATED) as archive:
        for number in range(3):
            archive.writestr(f"images/{number}.jpg", bytes(100_000_000))
    (tmp_path / "out").mkdir()
    with pytest.raises(DataError, match="200 times its size"):
        unpack(tmp_path / "bomb", tmp_path / "out")
    assert sum(path.stat().st_size for path in (tmp_path / "out").rglob("*.jpg")) <= 256 << 20


def out(path: Path) -> dict[str, bytes]:
    folder = path.parent / "out"
    folder.mkdir()
    unpack(path, folder, SMALL)
    return {name: (folder / name).read_bytes() for name in manifest(folder)}


def test_backslashes_of_windows_lead_into_folders(tmp_path: Path) -> None:
    zipped(tmp_path / "win.zip", ("set\\", b""), ("set\\images\\a.jpg", b"1"), ("set\\masks\\a.png", b"2"))
    assert out(tmp_path / "win.zip") == {"set/images/a.jpg": b"1", "set/masks/a.png": b"2"}


def test_links_that_stay_inside_become_the_files_that_they_name(tmp_path: Path) -> None:
    tar(
        tmp_path / "links.tar",
        (entry("./", tarfile.DIRTYPE), b""),
        (entry("s/later", tarfile.SYMTYPE, "../t/a"), b""),
        (entry("s/twice", tarfile.SYMTYPE, "later"), b""),
        (entry("t/a"), b"1"),
        (entry("t/b", tarfile.LNKTYPE, "t/a"), b""),
        (entry("t/c", tarfile.LNKTYPE, "./t/b"), b""),
    )
    assert out(tmp_path / "links.tar") == dict.fromkeys(["s/later", "s/twice", "t/a", "t/b", "t/c"], b"1")


def test_a_zip_s_symlink_that_stays_inside_is_its_file(tmp_path: Path) -> None:
    zipped(tmp_path / "links.zip", ("a/x", b"1"), (special("b/y", stat.S_IFLNK), b"../a/x"))
    assert out(tmp_path / "links.zip") == {"a/x": b"1", "b/y": b"1"}


@pytest.mark.parametrize(("flag", "written"), [(0x800, "utf-8"), (0, "utf-8"), (0, "cp437")])
def test_names_of_a_zip_are_read_as_its_maker_wrote_them(tmp_path: Path, flag: int, written: str) -> None:
    zipped(tmp_path / "names.zip", ("XXXX.jpg", b"1"))
    name = "été".encode(written).ljust(4, b"_")[:4] if written == "cp437" else "éè".encode()
    data = bytearray((tmp_path / "names.zip").read_bytes().replace(b"XXXX", name))
    for signature, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        place = data.index(signature) + offset
        data[place : place + 2] = flag.to_bytes(2, "little")
    (tmp_path / "names.zip").write_bytes(data)
    assert out(tmp_path / "names.zip") == {f"{name.decode(written)}.jpg": b"1"}
