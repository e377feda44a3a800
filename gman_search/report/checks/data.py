"""Reading this study, the data: what readings and parts cannot teach or tell (pure)."""

from gman_search.record import StudyRecord
from gman_search.report.checks.search import PASS, UNKNOWN, WARN, Check

__all__ = ["data_teaches"]


def data_teaches(record: StudyRecord) -> Check:
    """Was there anything to know about the data before the search?"""
    question, cautions = "Can the data teach and test what is asked?", record.provenance.get("warnings")
    if cautions is None:
        return Check(question, UNKNOWN, "The study has no record of its data.")
    if not cautions:
        return Check(question, PASS, "Its length, its days and its missing readings give no cause for caution.")
    return Check(question, WARN, " ".join(f"{text[0].upper()}{text[1:]}." for text in cautions))
