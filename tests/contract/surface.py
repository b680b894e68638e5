"""List the public surface of a package as JSON: ``python surface.py ftrack_api``.

It runs in the interpreter that holds the package and looks only at what is importable, by introspection.
"""

import importlib
import inspect
import json
import pkgutil
import sys
import warnings

warnings.simplefilter("ignore")


def describe(value):
    """Return the parameters of a callable as (name, kind, has a default), or None."""
    try:
        parameters = inspect.signature(value).parameters.values()
    except (TypeError, ValueError):
        return None
    return [[p.name, p.kind.name, p.default is not p.empty] for p in parameters]


def describe_class(value):
    members = {}
    for owner in reversed(value.__mro__):
        if owner is object or owner.__module__ in ("builtins", "typing", "collections.abc", "abc"):
            continue
        for name in vars(owner):
            if name.startswith("_") and name not in ("__init__", "__call__"):
                continue
            member = inspect.getattr_static(value, name)
            if isinstance(member, property):
                members[name] = {"kind": "property", "settable": member.fset is not None}
            elif callable(getattr(value, name, None)):
                members[name] = {"kind": "method", "parameters": describe(getattr(value, name))}
            else:
                members[name] = {"kind": "value"}
    bases = [base.__name__ for base in value.__mro__[1:]]
    return {"kind": "class", "bases": bases, "members": members, "parameters": describe(value)}


def surface(package_name):
    package = importlib.import_module(package_name)
    found = {}
    for info in pkgutil.walk_packages(package.__path__, package_name + "."):
        module = importlib.import_module(info.name)
        names = {}
        for name, value in vars(module).items():
            if name.startswith("_") or inspect.ismodule(value):
                continue
            home = getattr(value, "__module__", None)
            if inspect.isclass(value):
                if home == info.name:
                    names[name] = describe_class(value)
            elif inspect.isfunction(value):
                if home == info.name:
                    names[name] = {"kind": "function", "parameters": describe(value)}
            elif home is None or not str(home).startswith("_"):
                names[name] = {"kind": "value"}
        found[info.name[len(package_name) + 1 :]] = names
    return found


if __name__ == "__main__":
    print(json.dumps(surface(sys.argv[1])))
