"""Work beside requests: runs that went silent, compaction."""
