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
    "caches.key_of_an_entity": (
        {"gives": True},
        "the key of an entity is made of its identity, instead of ending in RecursionError",
    ),
    "caches.kind_of_local_cache": ({"gives": False}, "the identity map is a cache of another class"),
    "collections_of_entities.assignment_of_other_sequences": (
        {"gives": [1, 3]},
        "a collection takes whatever yields entities, such as a tuple",
    ),
    "collections_of_entities.metadata_removed_and_set_again": (
        {"gives": [{"a": "2"}, {"a": "2"}]},
        "a key that was removed can be set again before the commit",
    ),
    "collections_of_entities.reverse": (
        {"gives": ["2", "1", "0"]},
        "reversing exchanges entities, instead of refusing them as duplicates",
    ),
    "collections_of_entities.slice_assignment": ({"gives": [["2", "1"]]}, "slices can be assigned"),
    "components_made.location_that_is_none": (
        {"gives": [{"raises": "ValueError"}]},
        "an argument of the wrong kind is refused in a sentence, instead of AttributeError",
    ),
    "components_made.sequence_without_ending": (
        {"gives": ["", ["", "", ""], ["01", "02", "03"]]},
        "a frame number is no file type",
    ),
    "custom_attributes.hierarchical_default_before_commit": (
        {"gives": "d"},
        "hierarchical custom attributes of new entities have their defaults",
    ),
    "deletions.gone_from_held_collections": (
        {"gives": [3, 3, ["1", "2"], False]},
        "what was deleted leaves the collections that are held, once the deletion is committed",
    ),
    "deletions.made_again_in_the_same_commit": (
        {"gives": ["again", False, {}]},
        "what is created again under the key of a deleted entity is as new, instead of refused",
    ),
    "deletions.made_again_under_its_key": (
        {"gives": ["again", False, {}]},
        "what is created again under the key of a deleted entity is as new, instead of refused",
    ),
    "events.grammar_bare_values": (
        {"gives": [[True], [True], [True]]},
        "values and keys without quotes may hold more than letters, digits and a few marks",
    ),
    "events.grammar_of_nothing": (
        {"gives": [{"raises": "ParseError"}, {"raises": "TypeError"}]},
        "an empty expression is refused in a sentence, instead of AttributeError",
    ),
    "events.grammar_of_numbers": (
        {"gives": [[True, False, False], [False, True, True], [False, True, True], [True, False, False]]},
        "numbers in events compare with the text of the expression",
    ),
    "locations.container_where_a_file_is": (
        {"raises": "AccessorResourceInvalidError"},
        "a file in the place of a folder is reported, instead of taken for the folder",
    ),
    "locations.events": (
        {
            "gives": [
                ["ftrack.location.component-added", ["component_id", "location_id"]],
                ["ftrack.location.component-added", ["component_id", "location_id"]],
                ["ftrack.location.component-removed", ["component_id", "location_id"]],
            ]
        },
        "subscribers of this session hear of components also while the hub is not connected",
    ),
    "locations.standard_structure_without_version": (
        {"raises": "StructureError"},
        "says what is missing, instead of TypeError",
    ),
    "plugins.broken_in_a_session": (
        {"gives": True},
        "a plugin whose register() fails is logged and keeps neither the session nor other plugins from starting",
    ),
    "plugins.register_fails": ({"gives": [None, []]}, "a plugin whose register() fails is logged"),
    "plugins.register_is_no_function": ({"gives": [None, []]}, "a plugin whose register() fails is logged"),
    "plugins.register_wants_more": ({"gives": [None]}, "a plugin whose register() fails is logged"),
    "plugins.signatures": (
        {
            "gives": [
                [[["arguments", [1, 2]], ["keywords", {"x": 3, "y": 4}]]],
                [[["first", 1], ["second", 2]]],
                [[["first", 1], ["second", 2], ["x", 3]]],
                [[["first", 1], ["second", 2], ["x", 3]]],
                [[["first", 1], ["second", 2], ["z", 0]]],
                [[["first", 1], ["keywords", {"x": 3, "y": 4}], ["second", 2]]],
                [[["first", 1], ["keywords", {"x": 3, "y": 4}], ["second", 2], ["z", 7]]],
                [[["x", 1], ["y", 2]]],
            ]
        },
        "keywords fill parameters without a default too",
    ),
    "plugins.signatures_of_fewer": (
        {
            "gives": [
                [[]],
                [[["first", 1]]],
                [[["first", 1]]],
                [[["first", 1], ["keywords", {"x": 3}]]],
                [[["first", 1], ["x", 3]]],
                [[["first", 1], ["rest", [2]], ["x", 3]]],
            ]
        },
        "a plugin that takes fewer arguments gets the first ones, not the last ones",
    ),
    "queries_in_the_wild.leading_blanks": (
        {"gives": [["sh0", "sh1", "sh2", "sh3"]] * 4},
        "blanks, line breaks and the case of keywords do not matter",
    ),
    "queries_in_the_wild.limits_inside_texts": ({"gives": ["limit 30"]}, "a quoted text stays text"),
    "queries_in_the_wild.negative_indexes": (
        {"gives": ["sh3", ["sh1", "sh2"]]},
        "results take negative indexes and slices",
    ),
    "queries_in_the_wild.results_are_lazy": (
        {"raises": "QueryError"},
        "a text that is no query is refused at once, with an error that is a ServerError too",
    ),
    "requests_sent.limit_across_pages": (
        {"gives": [3, [" offset 0 limit 2", " offset 2 limit 1"]]},
        "the last page asks for no more than the limit",
    ),
    "requests_sent.update_and_delete": (
        {"gives": [[{"action": "delete", "entity_key": ["id1"], "entity_type": "Shot"}]]},
        "changes of what is deleted in the same commit are not sent",
    ),
    "sessions.address_with_blanks": ({"gives": "SERVER"}, "blanks around an address are left out"),
    "sessions.call_nothing": (
        {"gives": [{"raises": "TypeError"}]},
        "an argument of the wrong kind is refused before anything is sent",
    ),
    "sessions.decode_known_entities": ({"gives": True}, "decoding gives the entities that the session knows"),
    "sessions.delete_of_nothing": (
        {"gives": [{"raises": "TypeError"}, {"raises": "TypeError"}]},
        "an argument of the wrong kind is refused in a sentence, instead of AttributeError",
    ),
    "sessions.encode_sets": ({"gives": "[1]"}, "sets are encoded as lists"),
    "sessions.ensure_of_an_unknown_type": (
        {"raises": "UnrecognisedEntityTypeError"},
        "says which type, instead of KeyError",
    ),
    "sessions.get_none": (
        {"raises": "ValueError"},
        "says which key is needed, instead of TypeError",
    ),
    "sessions.invites_before_commit": (
        {"gives": [{"raises": "InvalidStateError"}, {"raises": "InvalidStateError"}]},
        "says to commit first, instead of the server's refusal",
    ),
    "sessions.populate_none": (
        {"raises": "TypeError"},
        "an argument of the wrong kind is refused in a sentence, instead of AttributeError",
    ),
    "sessions.populate_without_projections": ({"gives": None}, "nothing to populate is nothing to send"),
    "sessions.private_names_of_older_clients": (
        {"gives": [["__entity_type__", "id"], 1]},
        "names that older clients had are kept for the scripts that use them",
    ),
    "sessions.schema_cache_folder_is_made": (
        {"gives": True},
        "the folder of the schema cache is made, instead of going without a cache",
    ),
    "words.data_string_of_numbers": (
        {"gives": [{"raises": "TypeError"}, {"raises": "TypeError"}]},
        "an argument of the wrong kind is a TypeError, instead of AttributeError",
    ),
    "words.error_details_of_text": ({"gives": "with x"}, "details are shown as text, instead of as b'x'"),
    "words.error_with_braces": (
        {"gives": ["a {dictionary: 1}"]},
        "printing an error never fails",
    ),
    "words.format_metadata": ({"gives": True}, "metadata is shown by its keys and values"),
    "words.inspection_missing_key": (
        {"raises": "OperationError"},
        "what cannot be told apart from others is refused when it is created",
    ),
    "words.recorded_update": (
        {"gives": [["words_recorded_update", "x"], ["x", "y"]]},
        "a recorded update knows the value before it",
    ),
    "words.symbols_copied": (
        {"gives": [True, True, True]},
        "copies of a symbol are the symbol, so that `is NOT_SET` holds for them",
    ),
}
