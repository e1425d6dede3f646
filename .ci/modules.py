#!/usr/bin/env python3
"""Checks how the modules of each crate import each other.

Fails if modules import each other in a cycle, or import an item by its re-export in the crate root
instead of from the module that defines it. A module and those inside it may import each other.
"""

import json
import re
import subprocess
import sys
from pathlib import Path

# Character literals, strings and comments; a lifetime such as 'a has no closing quote.
NO_CODE = r"""'(?:\\.|[^'\\])'|r(#*)".*?"\1|"(?:\\.|[^"\\])*"|//[^\n]*|/\*.*?\*/"""
TESTS = r"#\[cfg\([^\n]*\btest\b[^\n]*\)\]\s*mod \w+ \{.*"
MODULE = r'(?:#\[path = "([^"]+)"\]\s*)?(?:pub(?:\([^)]*\))? )?\bmod (\w+);'
USE = r"\buse\s+([^;]+);"
PATH = r"(?<![$\w:])((?:crate|super|self)(?:::\w+)+)"


class Crate:
    """The modules of a crate, each known by its path: `()` is the root."""

    def __init__(self, root):
        self.files, self.code, self.imports, self.edges = {}, {}, {}, {}
        self.detours = {}
        self.read((), root, root.parent)
        for module in self.code:
            self.imports[module] = dict(self.used(module))
        for module in self.code:
            paths = [path for _, path in self.used(module)]
            paths += [path.split("::") for path in re.findall(PATH, self.code[module])]
            found = {self.resolve(module, path, module) for path in paths}
            self.edges[module] = {it for it in found if it is not None and not related(module, it)}

    def read(self, module, file, folder):
        """Reads a module and, in `folder`, those inside it."""
        text = file.read_text()

        def blank(match):
            return match[0] if text.endswith("#[path = ", 0, match.start()) else " "

        code = re.sub(TESTS, "", re.sub(NO_CODE, blank, text, flags=re.S), flags=re.S)
        self.files.setdefault(module, file.resolve().relative_to(Path.cwd()))
        # A module may have a file for each platform.
        self.code[module] = self.code.get(module, "") + code
        for path, name in re.findall(MODULE, code):
            usual = [folder / f"{name}.rs", folder / name / "mod.rs"]
            inner = file.parent / path if path else next(it for it in usual if it.exists())
            self.read((*module, name), inner, folder / name)

    def used(self, module):
        """The names that a module imports, each with the path that it stands for."""
        for tree in re.findall(USE, self.code[module]):
            yield from leaves(re.sub(r"\s+", " ", tree))

    def resolve(self, module, path, user):
        """The module that defines what `path` means in `module`; None for another crate."""
        first, rest = path[0], path[1:]
        if first in ("crate", "self", "super"):
            at = {"crate": (), "self": module, "super": module[:-1]}[first]
        elif (*module, first) in self.code:
            at, rest = module, path
        else:
            return None
        for place, name in enumerate(rest):
            if name == "super":
                at = at[:-1]
            elif (*at, name) in self.code:
                at = (*at, name)
            # What leads to itself is in a module that is written inside the file.
            elif name in self.imports[at] and self.imports[at][name][:2] != ["self", name]:
                path = self.imports[at][name] + rest[place + 1 :]
                defined = self.resolve(at, path, user)
                if not at and user and defined:
                    self.detours.setdefault(user, set()).add(name)
                return defined
            else:
                break
        return at

    def cycles(self):
        """The largest sets of modules of which each leads to every other."""
        reached = {module: reachable(self.edges, module) for module in self.edges}
        sets = {
            frozenset(it for it in reached[module] if module in reached[it]) for module in reached
        }
        return sorted(sorted(it) for it in sets if it)


def related(one, other):
    """Whether one module is inside the other."""
    return one[: len(other)] == other or other[: len(one)] == one


def reachable(edges, start):
    found, todo = set(), [start]
    while todo:
        new = edges[todo.pop()] - found
        found |= new
        todo += new
    return found


def leaves(tree, prefix=()):
    """The names that `use tree;` imports, each with the path that it stands for."""
    head, brace, inner = tree.partition("{")
    if not brace:
        path, _, name = tree.strip().partition(" as ")
        path = [*prefix, *path.split("::")]
        if path[-1] in ("self", "*"):
            path.pop()
        yield name or path[-1], path
        return
    prefix = (*prefix, *(it for it in head.strip().split("::") if it))
    depth, part = 0, ""
    for char in inner[: inner.rindex("}")] + ",":
        depth += (char == "{") - (char == "}")
        if char != "," or depth:
            part += char
        elif part.strip():
            yield from leaves(part, prefix)
            part = ""


def roots():
    metadata = ["cargo", "metadata", "--no-deps", "--format-version", "1", "--locked"]
    packages = json.loads(subprocess.check_output(metadata))["packages"]
    return sorted({Path(target["src_path"]) for it in packages for target in it["targets"]})


def main():
    failed = False
    for root in roots():
        crate = Crate(root)
        for module, names in sorted(crate.detours.items()):
            items = ", ".join(sorted(names))
            print(f"{crate.files[module]}: import from the modules that define them: {items}")
            failed = True
        for cycle in crate.cycles():
            print("modules that import each other in a cycle:")
            for module in cycle:
                inside = sorted(str(crate.files[it]) for it in crate.edges[module] & set(cycle))
                print(f"    {crate.files[module]} imports {', '.join(inside)}")
            failed = True
    sys.exit(failed)


main()
