"""Where our client differs from the official one on purpose, case by case."""

#: Case -> what ours does instead, and why. The reasons stand on docs/migration.rst too.
ON_PURPOSE = {
    "entities.clear": (
        {"gives": [{"symbol": "NOT_SET"}, "entities_clear"]},
        "clearing an entity without changes leaves it unchanged",
    ),
    "people.expression": (
        {
            "gives": [
                [True, True, False, False, False],
                [False, False, True, False, False],
                [False, False, True, True, True],
                [False, False, False, True, False],
                [False, False, False, False, True],
            ]
        },
        "a path into a value that is no mapping does not match, instead of raising",
    ),
    "people.local_events": (
        {"gives": [[{"x": 1}], [2, 1]]},
        "numbers in events compare with the text of the expression",
    ),
    "queries.ensure_several": (
        {"raises": "MultipleResultsFoundError"},
        "references identify in ensure, where the official client sends a broken query",
    ),
    "queries.ensure_with_reference": ({"gives": ["sh1", 5]}, "references identify in ensure"),
    "queries.get_unknown_type": (
        {"raises": "UnrecognisedEntityTypeError"},
        "says which type, instead of KeyError",
    ),
    "queries.nonsense": ({"raises": "QueryError"}, "says where, instead of KeyError"),
    "queries.unknown_entity": (
        {"raises": "UnrecognisedEntityTypeError"},
        "says which type, instead of KeyError",
    ),
}
