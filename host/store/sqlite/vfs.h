/*
 * store_vfs: SQLite's files, with the writes to the write-ahead log gathered.
 *
 * SQLite writes each frame of a commit with two system calls, a header of 24 bytes and a page; a commit under load has thirty
 * frames. Here they are appended in memory and written in one call when SQLite syncs the log, which with synchronous=FULL is
 * the end of each commit and before anything may refer to them. A failed write is told by that sync, with the code the write
 * would have had, and is forgotten: SQLite takes the whole transaction back. Every other file is the operating system's own, untouched.
 *
 * The loop thread only, and one database at a time per log file (law: one connection). Never: holds back what was synced.
 */
#ifndef HOST_STORE_SQLITE_VFS_H
#define HOST_STORE_SQLITE_VFS_H

/* The name to open databases with; NULL (the default VFS) when it cannot be registered. */
const char *store_vfs(void);

#endif
