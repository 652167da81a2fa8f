"""Rows of metrics and console lines: tail, segments, buckets. Station 6.

::

    store.py      the facade: EmbeddedHistoryStore
    writer.py     one thread, group commit, fence        console.py    printed lines
    tail.py       bytes of a batch, fold to columns      mirror.py     open tails in memory
    compactor.py  decides what becomes a segment         install.py    puts it in place
    segments.py   columns <-> chunks                     codec.py      bytes of one array
    pyramid.py    levels of detail                       buckets.py    points -> few numbers
    lines.py      chart queries                          scan.py       exact rows
    statistics.py what is known of a key                 database.py   file, schema, connections
"""
