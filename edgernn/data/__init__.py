"""Labeled texts: data sets, tables and folders, and their splits."""
