"""Email templates as their authors keep them: a directory of MJML, texts, and a sample."""

import hashlib
import json
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.conf import settings

from campaigns.compiler import CompileError, Place
from campaigns.compiling.source import Source
from campaigns.compiling.texts import Texts

MAX_FILE_BYTES = 1_000_000  # ten times what Gmail shows; more takes minutes to compile
# MJML's own way to write it, for a part of a body that lies beside the file or below it.
_MJ_INCLUDE = re.compile(
    r"[ \t]*<mj-include\s+path=[\"']([\w./-]+\.mjml)[\"']\s*(?:/>|>\s*</mj-include>)[ \t]*"
)
_LANGUAGE = re.compile(r"<mjml\b[^>]*\blang=[\"']([A-Za-z]{2,3}(?:-\w+)*)[\"']")
_INCLUDE = re.compile(r"[ \t]*\[%\s*include\s+\"([\w./-]+)\"\s*%\][ \t]*")


@dataclass(frozen=True)
class EmailDirectory:
    """A template as its author keeps it: body.mjml, texts/<language>.toml, sample.json, template.toml."""

    key: str
    name: str
    is_marketing: bool
    source: Source
    texts: Texts
    sample: Mapping[str, Any]
    is_foreign: bool = False  # a lone file, written for MJML and Jinja alone
    needs: tuple[str, ...] = ()  # what a context must hold for the email to make sense

    @property
    def digest(self) -> str:
        content = json.dumps([self.source.text, self.texts, self.needs], sort_keys=True)
        return hashlib.sha256(content.encode()).hexdigest()

    @property
    def language(self) -> str:
        """What <mjml lang="…"> says of a foreign file; "" for one that is written in many."""
        named = _LANGUAGE.search(self.source.text) if self.is_foreign else None
        return named[1] if named else ""

    @property
    def missing(self) -> dict[str, list[str]]:
        """Per language the texts that another language has; they fall back."""
        every = {key for texts in self.texts.values() for key in texts}
        gaps = {
            language: sorted(every - set(texts))
            for language, texts in self.texts.items()
            if "-" not in language
        }
        return {language: keys for language, keys in gaps.items() if keys}


def templates_root() -> Path:
    return Path(settings.BASE_DIR) / "templates" / "emails"


def list_directories(root: Path | None = None) -> list[Path]:
    """Every directory with a body.mjml, in order."""
    return sorted(path.parent for path in (root or templates_root()).glob("*/body.mjml"))


def read_directory(directory: Path) -> EmailDirectory:
    """Raises CompileError for a file that is missing or can't be read, and for an include of nothing."""
    about = _read_toml(directory / "template.toml") if (directory / "template.toml").exists() else {}
    texts = _read_texts(directory)
    if not texts:
        raise _file_error(
            directory / "texts", "there are no texts", "add texts/en.toml with subject and preheader"
        )
    return EmailDirectory(
        key=directory.name,
        name=str(about.get("name") or directory.name.replace("_", " ").capitalize()),
        is_marketing=about.get("message_class", "marketing") not in ("transactional", "legal"),
        source=read_source(directory / "body.mjml", directory.parent),
        texts=texts,
        sample=_read_sample(directory / "sample.json"),
        needs=tuple(about.get("needs", ())),
    )


def read_file(path: Path) -> EmailDirectory:
    """A lone MJML file. Its title is its subject, or else its name is; <name>.json is its sample."""
    words = path.stem.replace("_", " ")
    return EmailDirectory(
        key=path.stem,
        name=words,
        is_marketing=True,
        source=read_source(path, path.parent),
        texts={settings.PAIRWELL["LANGUAGE"]: {"subject": words, "preheader": words}},
        sample=_read_sample(path.with_suffix(".json")),
        is_foreign=True,
    )


def read_email(name: str) -> EmailDirectory:
    """By directory, by file, or by key below templates/emails. Raises CompileError and FileNotFoundError."""
    path = Path(name)
    if path.suffix == ".mjml" and path.is_file() and not _is_of_a_directory(path):
        return read_file(path.resolve())
    for candidate in (path.parent if path.suffix == ".mjml" else path, templates_root() / name):
        if (candidate / "body.mjml").is_file():
            return read_directory(candidate.resolve())
    raise FileNotFoundError(f"“{name}” is no template: name an .mjml file, its directory, or a key")


def _is_of_a_directory(path: Path) -> bool:
    about = (path.parent / "texts", path.parent / "template.toml")
    return path.name == "body.mjml" and any(part.exists() for part in about)


def _read_utf8(path: Path) -> str:
    size = path.stat().st_size
    if size > MAX_FILE_BYTES:
        message = f"the file has {size // 1000} kB; at most {MAX_FILE_BYTES // 1000} are read"
        raise _file_error(path, message, "is it an email? Gmail clips at 102 kB; take out what is repeated")
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        column = error.start - error.object.rfind(b"\n", 0, error.start)
        raise _file_error(path, "not UTF-8", "save the file as UTF-8", line, column) from error


def _file_error(path: Path, message: str, hint: str, line: int = 1, column: int = 1) -> CompileError:
    return CompileError(
        message, hint=hint, place=Place(f"{path.resolve().parent.name}/{path.name}", line, column)
    )


def _read_toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(_read_utf8(path))
    except tomllib.TOMLDecodeError as error:
        found = re.search(r"line (\d+), column (\d+)", str(error))
        line, column = (int(found[1]), int(found[2])) if found else (1, 1)
        hint = 'each line is name = "text"; a quote inside the text is written \\"'
        raise _file_error(path, f"not TOML: {error}", hint, line, column) from error


def _read_texts(directory: Path) -> dict[str, dict[str, str]]:
    """The template's own texts, over those that all templates share, in the languages it is written in."""
    texts: dict[str, dict[str, str]] = {}
    for path in sorted((directory / "texts").glob("*.toml")):
        shared = directory.parent / "_partials" / "texts" / path.name
        texts[path.stem] = (_flat_texts(shared) if shared.exists() else {}) | _flat_texts(path)
    return texts


def _flat_texts(path: Path) -> dict[str, str]:
    texts = _read_toml(path)
    for key, value in texts.items():
        if not isinstance(value, str):
            raise _file_error(path, f"“{key}” is no text", 'write it as name = "text"')
    return texts


def _read_sample(path: Path) -> Mapping[str, Any]:
    return read_context(path) if path.exists() else {}


def read_context(path: Path) -> Mapping[str, Any]:
    """What a JSON file holds for a template. Raises CompileError at the place where it can't be read."""
    try:
        sample = json.loads(_read_utf8(path))
    except json.JSONDecodeError as error:
        raise _file_error(
            path, f"not JSON: {error.msg}", "see the line above", error.lineno, error.colno
        ) from error
    if not isinstance(sample, dict):
        raise _file_error(path, "the sample is no object", "write {…} with shop, customer, links and so on")
    return sample


def read_source(path: Path, root: Path) -> Source:
    """The file with its partials put in, each line knowing where it stands."""
    origins: list[tuple[str, int]] = []
    lines = _include(path, root, origins, ())
    return Source("\n".join(lines), path.name, origins=(*origins, origins[-1] if origins else (path.name, 1)))


def _include(path: Path, root: Path, origins: list[tuple[str, int]], chain: tuple[Path, ...]) -> list[str]:
    name = path.relative_to(root).as_posix() if path.is_relative_to(root) else path.name
    lines: list[str] = []
    for number, line in enumerate(_read_utf8(path).splitlines(), start=1):
        included = _INCLUDE.fullmatch(line) or _MJ_INCLUDE.fullmatch(line)
        if not included:
            lines.append(line)
            origins.append((name, number))
            continue
        start = root if included.re is _INCLUDE else path.parent
        target = (start / included[1]).resolve()
        problem = _include_problem(target, root, (*chain, path.resolve()))
        if problem:
            place = Place(name, number, len(line) - len(line.lstrip()) + 1)
            raise CompileError(
                f"“{included[1]}” {problem}", hint=f"partials live below {root.name}/", place=place
            )
        lines += _include(target, root, origins, (*chain, path.resolve()))
    return lines


def _include_problem(target: Path, root: Path, chain: Sequence[Path]) -> str:
    if not target.is_relative_to(root.resolve()):
        return "is outside of the templates"
    if target in chain:
        return "includes itself"
    return "" if target.is_file() else "does not exist"
