"""Places of a process, of a tenant and of a key."""

from __future__ import annotations

import pytest

from api.http.places import NoPlace, Places


def test_nobody_takes_more_places_than_there_are():
    places = Places(total=2, tenant=2, key=2)
    first = places.take("a", "k1")
    places.take("b", "k2")
    with pytest.raises(NoPlace) as refused:
        places.take("c", "k3")
    assert (refused.value.holder, places.taken) == ("server", 2)
    first.leave()
    assert places.take("c", "k3") and places.taken == 2


@pytest.mark.parametrize(("tenant", "key", "holder"), [(1, 2, "tenant"), (2, 1, "key")])
def test_a_tenant_and_a_key_leave_places_to_the_others(tenant, key, holder):
    places = Places(total=10, tenant=tenant, key=key)
    places.take("a", "k1")
    with pytest.raises(NoPlace) as refused:
        places.take("a", "k1")
    assert refused.value.holder == holder
    assert places.take("b", "k2")


def test_a_place_is_given_back_once():
    places = Places(total=2, tenant=2, key=2)
    place, _ = places.take("a", None), places.take("a", None)
    place.leave()
    place.leave()
    assert places.taken == 1
