"""Whatever a caller sends, the server does it or refuses it, and a refused batch leaves no trace."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ftrack_review.server.errors import ServerFault
from tests.unit.server.writing.desk import Desk, create


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """A database with a review in it, and the ids that values may mention."""
    desk = Desk(tmp_path_factory.mktemp("site") / "ftrack.sqlite")
    review = desk.review()
    desk.ids = [review.project, review.session, review.object, review.invitee, desk.caller.user_id]
    yield desk
    desk.store.close()


def values(ids):
    """Values of every kind that JSON can carry, many of them almost right."""
    keys = st.sampled_from(ids) | st.text(max_size=5)
    references = st.fixed_dictionaries(
        {
            "__entity_type__": st.sampled_from(["Task", "Context", "User", "ReviewSessionObject", "Nope", 3]),
            "id": keys,
        }
    )
    times = st.fixed_dictionaries(
        {
            "__type__": st.just("datetime"),
            "value": st.sampled_from(["2024-01-01", "2024-13-01", "0001-01-01+14:00", None]),
        }
    )
    scalars = (
        st.none()
        | st.booleans()
        | st.integers()
        | st.floats(allow_nan=False, allow_infinity=False)
        | keys
        | st.sampled_from(["\x00", "\ud800", "'; drop table context; --", "{0}", "%s"])
    )
    return st.recursive(
        scalars | references | times,
        lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
        max_leaves=4,
    )


@settings(max_examples=80, deadline=None)
@given(data=st.data())
def test_every_action_succeeds_or_is_refused_without_a_trace(site, data):
    any_value = values(site.ids)
    name = data.draw(st.sampled_from(sorted(site.catalogue.types)))
    attributes = st.sampled_from(sorted(site.catalogue.types[name].schema.attributes)) | st.text(max_size=3)
    action = data.draw(
        st.fixed_dictionaries(
            {
                "action": st.sampled_from(["create", "update", "delete"]),
                "entity_type": st.just(name) | any_value,
                "entity_data": st.dictionaries(attributes, any_value, max_size=3) | any_value,
                "entity_key": st.lists(any_value, max_size=3) | st.sampled_from([[key] for key in site.ids]) | any_value,
            }
        )
    )  # fmt: skip
    before = snapshot(site)
    # The last action always fails, so that the site stays the same for every example.
    with pytest.raises(ServerFault) as caught:
        site.send(action, create("AssetVersion"))
    answer = caught.value.answer()
    assert (
        {"content", "exception", "error_code"}
        <= set(answer)
        <= {
            "content",
            "exception",
            "error_code",
            "attribute",
            "hint",
        }
    )
    assert "{" not in answer["content"]
    assert snapshot(site) == before


def snapshot(site):
    """Return the content of every table."""
    with site.store.read() as connection:
        return {table.name: connection.run(table.select()) for table in site.catalogue.metadata.sorted_tables}
