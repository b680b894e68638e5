"""Values that do not change, and expressions that are compiled late."""

import copy
import pickle
import re

import pytest

from ftrack_review.protocol import tree
from ftrack_review.protocol._pattern import late


def test_values_compare_by_content_and_type_but_not_by_position():
    value = tree.Value("a", True, 3)
    assert value == tree.Value("a", quoted=True, position=9)
    assert hash(value) == hash(tree.Value("a", quoted=True))
    assert value != tree.Value("a")
    assert value != ("a", True)
    assert tree.And((value,)) != tree.Or((value,))
    assert repr(value) == "Value(text='a', quoted=True)"


def test_values_do_not_change():
    segment = tree.Segment("name")
    with pytest.raises(AttributeError):
        segment.name = "other"
    with pytest.raises(AttributeError):
        del segment.name
    assert tree.replace(segment, cast="Shot") == tree.Segment("name", "Shot")
    assert segment == tree.Segment("name")


@pytest.mark.parametrize(
    ("values", "named"),
    [((), {}), (("a", None, 1, 2), {}), (("a",), {"name": "b"}), (("a",), {"nmae": "b"})],
    ids=["missing", "too many", "twice", "unknown"],
)
def test_fields_that_do_not_fit_are_refused(values, named):
    with pytest.raises(TypeError, match="Segment takes the fields name, cast, position"):
        tree.Segment(*values, **named)


def test_values_are_copied_and_pickled():
    path = tree.Path((tree.Segment("a", "Shot", 2), tree.Segment("b")))
    assert copy.deepcopy(path) == pickle.loads(pickle.dumps(path)) == path
    assert pickle.loads(pickle.dumps(path)).segments[0].position == 2


def test_an_expression_is_compiled_when_it_is_used():
    wrong = late("(")
    with pytest.raises(re.error):
        wrong.match("a")
    pattern = late("A+", re.IGNORECASE)
    assert pattern.match("aab")[0] == "aa"
    assert pattern.sub("-", "aab") == "-b"
