"""The pack of a meeting: what it holds, and how it becomes slides, a page, a print and a table; knows no estimates."""
