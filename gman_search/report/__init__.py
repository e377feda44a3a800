"""The HTML report: summaries are pure functions of a StudyRecord, drawing is separate."""
