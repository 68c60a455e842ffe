"""What a person may send to the page, in one place."""

MIB = 2**20
UPLOAD_BYTES = 32 * MIB
"""Of one file; a photograph of 60 megapixels is about 20 MiB."""
BODY_BYTES = 256 * MIB
"""Of one request: many files at once."""
LOGIN_BYTES = 16 * 1024
"""The same of one that is open to everybody: a password."""
TEXT_BYTES = MIB
"""The same of a form without files, which is read into memory."""
SPOOLED_BYTES = 64 * 1024
"""Of each file that are in memory; the others of it are on the disk."""
FILES = 200
"""In one request."""
FIELDS = 1000
FIELD_BYTES = MIB // 4
"""Of one field that is no file."""
FORMS = 4
"""Whose files are read into memory at once; others wait on the disk."""
REQUESTS = 200
"""That are answered at once; a further one is asked to come again."""
CONNECTIONS = 500
"""Above which one that waits is closed for one that comes; a process may have 1,024 files open."""
HEAD_SECONDS = 5
"""That the head of a request may take, from the connection or its first byte."""
DECODED = 2
"""Images that are decoded at once: one of 64 million pixels takes about 460 MiB meanwhile."""
RATE, BURST = 20.0, 200.0
"""Requests a second that one person may make for long, and at once; a page is one, its pictures more."""
POSTS, POST_BURST = 3.0, 60.0
"""The same of forms that are sent."""
LOGINS, LOGIN_BURST = 1.0, 10.0
"""The same of passwords, of all people together; a password has 96 bits."""
COMMIT_SECONDS = 480.0
"""That a commit of reviewed data may take from the page; less than another's turn waits, 10 minutes."""
