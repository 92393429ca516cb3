"""`make bench`: how the site compares with references measured in the same run."""
