"""The database is stopped, hung and crashed under load: every login gets an answer, and no answer is wrong."""

from oracle.faults import play
from oracle.oracle import stage


def test_no_verdict_is_wrong_whatever_happens_to_the_database():
    with stage() as (postgres, paths, accounts):
        report = play(postgres, paths, accounts)
    print(report.text())
    assert report.problems() == [], report.text()
