"""The benchmark of SSH transfers runs on a small file too."""

from tests.bench import transfer


def test_each_way_is_one_claim_and_a_new_connection_is_a_detail():
    claims = transfer.measure(1, size=1 << 20)
    assert [claim.name.split(",")[0] for claim in claims] == ["SSH get", "SSH put"]
    assert all(claim.measured > 0 and claim.limit == 1.1 for claim in claims)
    assert all("with a new connection" in claim.detail for claim in claims)
