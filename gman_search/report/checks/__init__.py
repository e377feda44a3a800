"""Reading this study: questions a careful reviewer asks of any search, answered from the record (pure)."""
