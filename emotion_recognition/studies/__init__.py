"""What is kept and told of what was read: tables, summaries, reports, and how many files are read."""
