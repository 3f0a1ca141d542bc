"""A recipe's Dockerfile, taken apart into the stages that install packages and the others. Pure.

Stages named `packages` or `…-packages` become images of their own, built with the network. The rest is built from
those images without it. So which steps may reach the network is seen at a glance, and no builder has to know.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from harness.errors import RecipeError

PACKAGES = re.compile(r"(?:.+-)?packages")
BASES = {"${BASE}", "$BASE", "scratch"}
FROM = re.compile(r"(?i:FROM)\s+(?P<origin>\S+)\s+(?i:AS)\s+(?P<name>[a-z][a-z0-9-]*)")
COPY_FLAG = re.compile(r"--(?:from=(?P<stage>[a-z][a-z0-9-]*)|chown=[\w:-]+|chmod=\d+)")
REFUSED = {
    re.compile(r"(?i:ADD)\b"): "ADD can fetch from any address: use COPY",
    re.compile(r"(?i:ONBUILD)\b"): "ONBUILD acts in a later stage: put the instruction there",
    re.compile(r"(?i:RUN)\s+--"): "options of RUN can give a step the network, or the machine's files",
}


@dataclass(frozen=True)
class BuildStage:
    """A stage of a Dockerfile: what it starts from, and its instructions, one a line."""

    name: str
    origin: str
    instructions: tuple[str, ...] = ()
    copied: frozenset[str] = frozenset()  # what it copies from the context
    needed: frozenset[str] = frozenset()  # the stages that it starts or copies from

    @property
    def installs(self) -> bool:
        """Whether it installs packages, with the network."""
        return PACKAGES.fullmatch(self.name) is not None

    def __str__(self) -> str:
        return "\n".join([f"FROM {self.origin} AS {self.name}", *self.instructions, ""])


@dataclass(frozen=True)
class Dockerfile:
    """Stages in their order, and the arguments before the first of them."""

    arguments: tuple[str, ...]
    stages: tuple[BuildStage, ...]

    def towards(self, target: str) -> list[BuildStage]:
        """The stages that a target is made of, in their order, and it. Raises RecipeError where it is missing."""
        wanted = {target}
        for stage in reversed(self.stages):
            if stage.name in wanted:
                wanted |= stage.needed
        stages = [stage for stage in self.stages if stage.name in wanted]
        if target not in [stage.name for stage in stages]:
            raise RecipeError(f"its recipe has no stage {target}")
        return stages

    def of(self, stages: Sequence[BuildStage], images: Mapping[str, str]) -> str:
        """A Dockerfile of some of the stages. `images` are the tags of those that stand for others, by name."""
        needed = set().union(*(stage.needed for stage in stages))
        others = [BuildStage(name, tag) for name, tag in images.items() if name in needed]
        return "\n".join([*self.arguments, *map(str, (*others, *stages))])


def parse(text: str) -> Dockerfile:
    """Take a Dockerfile apart. Raises RecipeError where a step could reach what no stage of its kind may."""
    arguments: list[str] = []
    stages: dict[str, BuildStage] = {}
    stage: BuildStage | None = None
    for instruction in _instructions(text):
        if matched := FROM.fullmatch(instruction):
            if matched["name"] in stages:
                raise RecipeError(f"two stages of its recipe are named {matched['name']}")
            stage = BuildStage(matched["name"], matched["origin"])
            stage = stage if stage.origin in BASES else _taking(stage, stage.origin, stages)
        elif stage is None:
            arguments.append(instruction)
            continue
        else:
            stage = _longer(stage, instruction, stages)
        stages[stage.name] = stage
    return Dockerfile(tuple(arguments), tuple(stages.values()))


def _instructions(text: str) -> Iterator[str]:
    """Each instruction on one line, as builders join them, without comments."""
    joined = ""
    for line in text.splitlines():
        if re.match(r"\s*#\s*escape\s*=", line, re.IGNORECASE):
            raise RecipeError("its recipe changes the escape character, which must stay a backslash")
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        continued = re.fullmatch(r"(.*)\\[ \t]*", line)
        joined += continued[1] if continued else line
        if not continued:
            yield joined.strip()
            joined = ""
    if joined.strip():
        yield joined.strip()


def _longer(stage: BuildStage, instruction: str, before: Mapping[str, BuildStage]) -> BuildStage:
    """The stage with one instruction more."""
    for pattern, why in REFUSED.items():
        if pattern.match(instruction):
            raise RecipeError(f"its recipe contains {instruction!r}: {why}")
    keyword, *words = re.findall(r'[^\s\[\]",]+', instruction)
    if keyword.upper() == "FROM":
        raise RecipeError(f"a step of its recipe is not of the form FROM image AS lower-case-name: {instruction!r}")
    stage = replace(stage, instructions=(*stage.instructions, instruction))
    if keyword.upper() != "COPY":
        return stage
    flags = [word for word in words if word.startswith("--")]
    matched = [COPY_FLAG.fullmatch(flag) for flag in flags]
    if not all(matched):
        raise RecipeError(f"only --from=STAGE, --chown and --chmod are allowed in its recipe: {instruction!r}")
    if others := [match["stage"] for match in matched if match and match["stage"]]:
        return _taking(stage, others[-1], before)
    return replace(stage, copied=stage.copied | {word for word in words[:-1] if word not in flags})


def _taking(stage: BuildStage, other: str, before: Mapping[str, BuildStage]) -> BuildStage:
    """The stage, needing another. Engines would fetch what is none from a registry."""
    if other not in before or other == stage.name:
        raise RecipeError(
            f"stage {stage.name} uses {other}, which is neither ${{BASE}} nor scratch nor an earlier stage"
        )
    if stage.installs and not before[other].installs:
        raise RecipeError(
            f"stage {stage.name} installs packages and uses {other}, which does not: it may use only ${{BASE}} "
            "and stages named …-packages"
        )
    return replace(stage, needed=stage.needed | {other})
