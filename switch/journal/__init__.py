"""The transaction log: what was asked, what was decided, what is still owed. Durable before an answer leaves."""
