"""Note which public functions of a package a program calls, and which of them raise something to their callers.

Every public function, method and property is wrapped in its place, so that the program runs nearly as fast as without.
"""

import functools
import importlib
import inspect
import pkgutil

#: What is noted, in the folder of a run.
FILE = "touched.json"


def watch(package):
    """Wrap the public functions of *package*. Return what will be known of them: name -> [called, raised]."""
    touched = {}
    for info in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
        module = importlib.import_module(info.name)
        place = info.name[len(package.__name__) + 1 :]
        for name, value in list(vars(module).items()):
            if name.startswith("_") or getattr(value, "__module__", None) != info.name:
                continue
            if inspect.isfunction(value):
                setattr(module, name, _noting(value, touched, f"{place}.{name}"))
            elif inspect.isclass(value) and not issubclass(value, tuple):
                _watch_class(value, touched, f"{place}.{name}")
    return touched


def _watch_class(cls, touched, place):
    for name, value in list(vars(cls).items()):
        if name.startswith("_") and name not in ("__init__", "__call__"):
            continue
        where = f"{place}.{name}"
        if isinstance(value, property):
            parts = [("", value.fget), (" =", value.fset), (" del", value.fdel)]
            wrapped = property(*(part and _noting(part, touched, where + sign) for sign, part in parts))
        elif isinstance(value, (classmethod, staticmethod)):
            wrapped = type(value)(_noting(value.__func__, touched, where))
        elif inspect.isfunction(value) and not getattr(value, "__isabstractmethod__", False):
            wrapped = _noting(value, touched, where)
        else:
            continue
        setattr(cls, name, wrapped)


def _noting(function, touched, name):
    noted = touched.setdefault(name, [False, False])

    @functools.wraps(function)
    def wrapper(*arguments, **keywords):
        noted[0] = True
        try:
            return function(*arguments, **keywords)
        except Exception:
            noted[1] = True
            raise

    return wrapper
