"""Quick forms of the attacks, and the page of the whole ones."""

import json

import pytest
from attack.__main__ import ATTACKS, PAGE, STORED, main, table

QUICK = [name for name, plan in ATTACKS.items() if plan.quick]


@pytest.mark.parametrize("name", QUICK)
def test_nothing_is_lost_silent_or_unnamed(name, tmp_path):
    found = ATTACKS[name].attack(tmp_path, ATTACKS[name].quick, 1)
    assert found.tried >= ATTACKS[name].quick
    assert found.good, "\n".join(found.bad)


def test_the_page_holds_what_is_stored():
    stored = json.loads(STORED.read_text())
    assert list(stored) == list(ATTACKS)
    assert table(stored) in PAGE.read_text()
    for name, found in stored.items():
        assert found["tried"] >= 9, name
        assert [found[kind] for kind in ("unnamed", "lost", "silent")] == [0, 0, 0], name


def test_an_attack_that_is_not_known(capsys):
    with pytest.raises(SystemExit):
        main(["--only", "flips"])
    assert "invalid choice: 'flips'" in capsys.readouterr().err
