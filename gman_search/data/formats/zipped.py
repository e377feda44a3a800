"""What a zip file is: arrays of numpy, an Excel workbook, one text file, or something that is refused."""

import zipfile
from pathlib import Path, PurePosixPath
from typing import Literal

from gman_search.errors import DataError

__all__ = ["members", "zip_kind"]

FEW = 3
TEXTS = ("", ".csv", ".tsv", ".txt", ".tab", ".dat", ".dyna", ".asc")


def members(path: Path) -> list[zipfile.ZipInfo]:
    """Files in a zip, without folders and what file managers leave behind.

    Raises:
        zipfile.BadZipFile, OSError: it is damaged.
    """
    with zipfile.ZipFile(path) as packed:
        found = packed.infolist()
        if not all(member.filename for member in found):  # Python's own reader stumbles over it
            raise zipfile.BadZipFile("the name of a file in it is empty")
        return [
            member
            for member in found
            if not member.is_dir()
            and not member.filename.startswith("__MACOSX/")
            and not PurePosixPath(member.filename).name.startswith(".")
        ]


def zip_kind(path: Path) -> Literal["arrays", "workbook", "text"]:
    """What of the kinds that are read a zip file is.

    Raises:
        DataError: none of them; with what was found and what to do.
    """
    try:
        found = members(path)
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
        told = " ".join(str(error).split())
        raise DataError(f"{path}: expected arrays in an .npz, a workbook or a packed CSV; {told}") from None
    names = [member.filename for member in found]
    if any(member.flag_bits & 1 for member in found):
        raise DataError(f"{path}: expected a file without a password; received a protected zip file: unpack it first")
    if "xl/workbook.bin" in names:
        raise DataError(
            f"{path}: expected a workbook as .xlsx; received Excel's binary format: save it as .xlsx or CSV"
        )
    if "xl/workbook.xml" in names:
        return "workbook"
    if "mimetype" in names and "content.xml" in names:
        raise DataError(f"{path}: expected readings; received an OpenDocument file: save it as .xlsx or CSV")
    if names and all(name.endswith(".npy") for name in names):
        return "arrays"
    if len(names) == 1 and PurePosixPath(names[0]).suffix.lower() in TEXTS:
        return "text"
    shown = ", ".join(names[:FEW]) + (", ..." if len(names) > FEW else "")
    tables = sum(PurePosixPath(name).suffix.lower() in TEXTS for name in names)
    advice = "unpack it, and give the file of readings"
    if tables == len(names) > 1:
        advice = "unpack them into a folder, and give the folder"
    raise DataError(
        f"{path}: expected arrays in an .npz, a workbook or one packed CSV; received a zip file of {len(names)} files"
        f"{f' ({shown})' if shown else ''}: {advice}"
    )
