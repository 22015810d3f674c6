"""Parts of ``impact.state``: where decisions, statements, meetings and frozen figures are kept. Knows no sources.

``database`` (connections, transactions, what a failure means), ``migrating`` (from any older version to this one),
``schema`` (the tables), ``plain`` (records as rows and as JSON), ``checking`` (what may be recorded), ``naming`` (what
can be an id), ``revisions`` (adding one, with its line in the audit), ``exporting`` (records as tables for files),
``moving`` (from one database into another).
"""
