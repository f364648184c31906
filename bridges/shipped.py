"""What the bridges of this folder share: they are started by the name of an environment, and played with installed
packages.
"""

import hashlib
import importlib.util
import os
import re
import site
import sys

import unbraid_bridge


def isolate():
    """Keeps files of the current folder from being imported or started, wherever unbraid was called.

    Python's -I leaves out the current folder, the user's packages and PYTHONPATH. The last two are added here, without
    entries of PYTHONPATH that mean the current folder. Packages come after the standard library, so none of them can
    take its place.
    """
    current = os.path.realpath(os.getcwd())
    if sys.flags.isolated:
        for entry in os.environ.get("PYTHONPATH", "").split(os.pathsep):
            if os.path.isabs(entry) and os.path.realpath(entry) != current:
                sys.path.append(entry)
        packages = site.getusersitepackages()
        # As Python itself decides without -I, but for a virtual environment, which has packages of its own.
        if os.path.isabs(packages) and sys.prefix == sys.base_prefix and not sys.flags.no_site:
            site.addsitedir(packages)
    # Relative entries of PATH would name the current folder, too.
    os.chdir(os.path.dirname(os.path.abspath(__file__)))


def pinned(requirements):
    """The lines `package==version` of requirements/<requirements>.txt."""
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "requirements", f"{requirements}.txt")
    with open(path, encoding="utf-8") as file:
        return [line.strip() for line in file if line.strip() and not line.startswith("#")]


def missing_package(label, requirements, modules, *options):
    """What is missing of the modules, with the command that installs it; None if nothing is."""
    if all(importlib.util.find_spec(module) is not None for module in modules):
        return None
    words = [sys.executable, "-m pip install", *options, *pinned(requirements)]
    return f"{label}: the Python package is missing; run: {' '.join(words)}"


def installed(packages):
    """The installed version of each package. A package without metadata, such as a plain folder, has the version
    "unknown".
    """
    from importlib import metadata

    versions = {}
    for package in packages:
        try:
            versions[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            versions[package] = "unknown"
    return versions


def parameter_value(text):
    """true, false and numbers as such, other values as texts."""
    if text in ("true", "false"):
        return text == "true"
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            pass
    return text


def split_name(environment, prefix, pattern=r"[A-Za-z0-9_-]+"):
    """The id and the parameters (texts by name) of `<prefix><id>?name=value&name=value`."""
    name, _, query = environment.partition("?")
    identifier = name[len(prefix) :]
    if not name.startswith(prefix) or not re.fullmatch(pattern, identifier) or ".." in identifier:
        raise unbraid_bridge.Refusal(f"{prefix.rstrip(':/')}: expected {prefix}<name>, got {environment}")
    parameters = {}
    for pair in query.split("&") if query else []:
        key, equals, value = pair.partition("=")
        if not equals or not key or not value or key in parameters:
            raise unbraid_bridge.Refusal(
                f"{environment}: parameters must be name=value with & between, each once, got {pair}; change it"
            )
        parameters[key] = value
    return identifier, parameters


def digest(*parts):
    """A short text that names a state: a state of many facts is longer than unbraid takes."""
    return hashlib.sha256("\n".join(parts).encode("utf-8", "surrogatepass")).hexdigest()


def choice(environment, parameters, key, choices, default):
    """Takes the parameter `key` out, one of some texts."""
    value = parameters.pop(key, default)
    if value not in choices:
        raise unbraid_bridge.Refusal(
            f"{environment}: {key} must be one of {', '.join(choices)}, got {value}; choose one of them"
        )
    return value


def whole_number(environment, parameters, key, least, most, default):
    """Takes the parameter `key` out, an integer."""
    text = parameters.pop(key, str(default))
    if not re.fullmatch(r"\d{1,9}", text) or not least <= int(text) <= most:
        raise unbraid_bridge.Refusal(
            f"{environment}: {key} must be an integer in [{least}, {most}], got {text}; choose another"
        )
    return int(text)


def refuse_rest(environment, parameters, known):
    """Refuses the parameters that no call has taken out."""
    if parameters:
        raise unbraid_bridge.Refusal(
            f"{environment}: unknown parameter {', '.join(parameters)}; choose from {', '.join(known) or 'none'}"
        )


def main(usage, missing, open_named):
    """The command line of a bridge: `NAME`, or `--check` with or without NAME.

    `missing(name)` returns what must be installed, as text, or None; name may be None. `open_named(name, max_steps,
    progress)` returns a Program.
    """
    isolate()
    arguments = sys.argv[1:]
    if arguments[:1] == ["--check"] and len(arguments) <= 2:
        try:
            print(missing(arguments[1] if len(arguments) == 2 else None) or "", end="")
        except unbraid_bridge.Refusal as error:
            print(error, end="")
    elif len(arguments) == 1 and not arguments[0].startswith("-"):

        def open_program(max_steps, progress):
            problem = missing(arguments[0])
            if problem:
                raise unbraid_bridge.Refusal(problem)
            return open_named(arguments[0], max_steps, progress)

        unbraid_bridge.run(open_program)
    else:
        sys.exit(f"usage: {sys.argv[0]} {usage} | --check [NAME]")
