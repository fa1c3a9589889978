"""The report as tables: values that the page, its text twin and the log lay out."""
