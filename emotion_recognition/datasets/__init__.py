"""A data set as its authors release it -> the data folder, which is written and read here."""
