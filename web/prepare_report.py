"""What preparing a dataset found, for people and for machines."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from locator.snap import ISLAND_M
from web.prepare_findings import LISTED
from web.reports import json_text

_SHOWN = 20


@dataclass(frozen=True)
class PrepareReport:
    """What was read, built and left out.

    Attributes
    ----------
    folder : Path
        The dataset folder.
    manifest : mapping
        As written.
    found : mapping
        JSON values: ``streets``, ``stations``, ``homes``, ``regions``, ``premises``, ``basemap``.
    warnings : tuple of str
        Sentences.
    seconds : mapping of str to float
        Time of each stage.
    """

    folder: Path
    manifest: Mapping[str, Any]
    found: Mapping[str, Any]
    warnings: tuple[str, ...]
    seconds: Mapping[str, float]

    def as_dict(self) -> dict[str, Any]:
        """Return the report as JSON values.

        Returns
        -------
        dict
            ``dataset``, ``streets``, ``stations``, ``homes``, ``regions``, ``premises``,
            ``basemap``, ``warnings``, ``seconds``.
        """
        names = ("name", "version", "as_of", "bbox", "modes", "counts", "people", "synthetic")
        return {
            "dataset": {"folder": str(self.folder)} | {n: self.manifest.get(n) for n in names},
            **self.found,
            "warnings": list(self.warnings),
            "seconds": dict(self.seconds),
        }

    def to_json(self) -> str:
        """Return the report as JSON text.

        Returns
        -------
        str
            What :meth:`as_dict` holds.
        """
        return json_text(self.as_dict())

    def to_text(self) -> str:
        """Return the report for people.

        Returns
        -------
        str
            Lines.
        """
        return "\n".join(_text(self))


def _text(report: PrepareReport) -> Iterator[str]:
    """Yield the lines of the report."""
    manifest, found = report.manifest, report.found
    streets, stations, regions = found["streets"], found["stations"], found["regions"]
    yield f"Dataset {manifest['name']}, version {manifest['version']}, in {report.folder}"
    if manifest.get("synthetic"):
        yield "  fictional demo data"
    yield (
        f"Streets: {', '.join(streets['files'])}, as of {streets['as_of'] or 'unknown'}: "
        f"{streets['ways']:,} ways, {streets['segments']:,} segments"
    )
    skipped = [f"{n:,} {why.replace('_', ' ')}" for why, n in streets["skipped"].items() if n]
    if skipped:
        yield "  left out: " + ", ".join(skipped)
    for mode, about in streets["modes"].items():
        yield (
            f"  {mode}: {about['km']:,.1f} km, {about['junctions']:,} junctions, "
            f"{about['components']:,} components (largest {about['largest_share']:.1%}, "
            f"{about['islands']:,} islands under {ISLAND_M:.0f} m), {about['cells']:,} cells"
        )
    yield from _place_lines("Stations", stations)
    yield from _table_lines(stations["table"])
    yield f"  {stations['duplicates']:,} duplicates, {stations['hours_unknown']:,} unknown hours"
    yield from _listed("", [f"{one} is like {o}" for one, o in stations["duplicate_pairs"].items()])
    yield from _listed("", [f"{one}: {text}" for one, text in stations["remarks"].items()])
    yield from _reject_lines(stations["rejects"], stations["rejected"])
    if found["homes"] is not None:
        yield from _place_lines("Homes", found["homes"])
        yield from _table_lines(found["homes"]["table"])
        yield (
            f"  {found['homes']['workers']:,.0f} workers, "
            f"published as {found['homes']['published_cells']:,} merged cells"
        )
        yield from _reject_lines(found["homes"]["rejects"], found["homes"]["rejected"])
    if regions["accepted"] or regions["rejected"]:
        yield f"Regions: {regions['accepted']:,} in, {regions['rejected']:,} rejected"
        yield from _reject_lines(regions["rejects"], regions["rejected"])
    yield from _premises_lines(found["premises"])
    yield from _basemap_lines(found["basemap"])
    yield from (f"Warning: {text}" for text in report.warnings)
    yield f"Done in {sum(report.seconds.values()):.1f} s: " + ", ".join(
        f"{stage} {seconds:.1f}" for stage, seconds in report.seconds.items()
    )
    yield "; ".join(manifest["attribution"])


def _premises_lines(about: Mapping[str, Any]) -> Iterator[str]:
    """Yield how many host premises there are."""
    kinds = [f"{n:,} {kind.replace('_', ' ')}" for kind, n in about["kinds"].items()]
    yield f"Premises that may take a station in: {', '.join(kinds) or 'none'}"
    skipped = [f"{n:,} {why.replace('_', ' ')}" for why, n in about["skipped"].items() if n]
    if skipped:
        yield "  left out: " + ", ".join(skipped)


def _basemap_lines(about: Mapping[str, Any]) -> Iterator[str]:
    """Yield what the base map holds."""
    yield (
        f"Base map: {about['tiles']:,} tiles, {about['bytes'] / 1e6:,.1f} MB: "
        f"{', '.join(about.get('layers', ())) or 'nothing to draw'}"
    )
    skipped = [f"{n:,} {why.replace('_', ' ')}" for why, n in about["skipped"].items() if n]
    if skipped:
        yield "  left out: " + ", ".join(skipped)


def _place_lines(title: str, about: Mapping[str, Any]) -> Iterator[str]:
    """Yield how many places came in, and how many lie off the network."""
    yield f"{title}: {about['accepted']:,} in, {about['rejected']:,} rejected"
    for mode, off in about["off_network"].items():
        out = about["no_data"][mode]
        if off or out:
            yield f"  {mode}: {off:,} off the network, {out:,} outside the data"


def _table_lines(table: Mapping[str, Any]) -> Iterator[str]:
    """Yield how a table was read."""
    if not table:
        return
    parts = [str(table[name]) for name in ("file", "format", "encoding") if table.get(name)]
    datum = table.get("datum") or {}
    if datum:
        parts.append(f"datum {datum.get('code')} by {datum.get('by')}")
    yield "  " + ", ".join(parts)
    sentence = (datum.get("evidence") or {}).get("sentence")
    if sentence:
        yield f"  {sentence}"


def _reject_lines(rejects: Sequence[Mapping[str, str]], count: int) -> Iterator[str]:
    """Yield the first rejected rows."""
    lines = [
        f"row {reject['row']}: {reject['reason']}"
        + (f" ({reject['fix']})" if reject.get("fix") else "")
        for reject in rejects[:_SHOWN]
    ]
    yield from _listed("rejected ", lines, count)


def _listed(title: str, lines: Sequence[str], count: int | None = None) -> Iterator[str]:
    """Yield the first lines, and how many more there are."""
    yield from (f"    {title}{line}" for line in lines[:_SHOWN])
    more = (len(lines) if count is None else count) - _SHOWN
    if more > 0:
        yield f"    and {more:,} more (with --json, up to {LISTED:,})"
