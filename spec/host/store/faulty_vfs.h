/*
 * A disk that fails on purpose, between SQLite and the real one. faulty_install() makes it the
 * default VFS.
 */
#ifndef SPEC_FAULTY_VFS_H
#define SPEC_FAULTY_VFS_H

#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/*
 * What is answered instead of the real thing; 0: the real thing. faulty_room: bytes until the disk
 * is full, -1: never. faulty_end: no file grows past it, what lies before is written over; -1: any.
 * faulty_slow: microseconds that a read takes.
 */
static int faulty_sync, faulty_read;
static unsigned faulty_slow;
static long faulty_room = -1;
static sqlite3_int64 faulty_end = -1;
static unsigned faulty_writes; /* how many there were */

struct faulty_file {
    sqlite3_file base;
    sqlite3_file *real;
};

static sqlite3_file *faulty_real(sqlite3_file *f)
{
    return ((struct faulty_file *)f)->real;
}

static int faulty_close(sqlite3_file *f)
{
    int rc = faulty_real(f)->pMethods->xClose(faulty_real(f));
    free(faulty_real(f));
    return rc;
}

static int faulty_do_read(sqlite3_file *f, void *to, int n, sqlite3_int64 at)
{
    if (faulty_slow)
        usleep(faulty_slow);
    return faulty_read ? faulty_read : faulty_real(f)->pMethods->xRead(faulty_real(f), to, n, at);
}

static int faulty_write(sqlite3_file *f, const void *from, int n, sqlite3_int64 at)
{
    faulty_writes++;
    if ((faulty_room >= 0 && faulty_room < n) || (faulty_end >= 0 && at + n > faulty_end))
        return SQLITE_FULL;
    if (faulty_room >= 0)
        faulty_room -= n;
    return faulty_real(f)->pMethods->xWrite(faulty_real(f), from, n, at);
}

static int faulty_do_sync(sqlite3_file *f, int flags)
{
    return faulty_sync ? faulty_sync : faulty_real(f)->pMethods->xSync(faulty_real(f), flags);
}

#define FAULTY_PASS(name, parameters, ...)                                       \
    static int faulty_##name parameters                                          \
    {                                                                            \
        return faulty_real(f)->pMethods->x##name(faulty_real(f), ##__VA_ARGS__); \
    }
FAULTY_PASS(Truncate, (sqlite3_file * f, sqlite3_int64 size), size)
FAULTY_PASS(FileSize, (sqlite3_file * f, sqlite3_int64 *size), size)
FAULTY_PASS(Lock, (sqlite3_file * f, int how), how)
FAULTY_PASS(Unlock, (sqlite3_file * f, int how), how)
FAULTY_PASS(CheckReservedLock, (sqlite3_file * f, int *out), out)
FAULTY_PASS(FileControl, (sqlite3_file * f, int what, void *arg), what, arg)
FAULTY_PASS(SectorSize, (sqlite3_file * f))
FAULTY_PASS(DeviceCharacteristics, (sqlite3_file * f))
FAULTY_PASS(ShmMap, (sqlite3_file * f, int page, int size, int extend, void volatile **out), page,
            size, extend, out)
FAULTY_PASS(ShmLock, (sqlite3_file * f, int offset, int n, int flags), offset, n, flags)
FAULTY_PASS(ShmUnmap, (sqlite3_file * f, int remove), remove)
#undef FAULTY_PASS

static void faulty_barrier(sqlite3_file *f)
{
    faulty_real(f)->pMethods->xShmBarrier(faulty_real(f));
}

static const sqlite3_io_methods faulty_methods = { 2,
                                                   faulty_close,
                                                   faulty_do_read,
                                                   faulty_write,
                                                   faulty_Truncate,
                                                   faulty_do_sync,
                                                   faulty_FileSize,
                                                   faulty_Lock,
                                                   faulty_Unlock,
                                                   faulty_CheckReservedLock,
                                                   faulty_FileControl,
                                                   faulty_SectorSize,
                                                   faulty_DeviceCharacteristics,
                                                   faulty_ShmMap,
                                                   faulty_ShmLock,
                                                   faulty_barrier,
                                                   faulty_ShmUnmap,
                                                   NULL,
                                                   NULL };

static int faulty_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *f, int flags, int *out)
{
    sqlite3_vfs *below = vfs->pAppData;
    struct faulty_file *file = (struct faulty_file *)f;
    file->base.pMethods = NULL;
    file->real = calloc(1, (size_t)below->szOsFile);
    int rc = file->real ? below->xOpen(below, name, file->real, flags, out) : SQLITE_NOMEM;
    if (rc == SQLITE_OK)
        file->base.pMethods = &faulty_methods;
    else
        free(file->real);
    return rc;
}

static void faulty_install(void)
{
    static sqlite3_vfs vfs;
    sqlite3_vfs *below = sqlite3_vfs_find(NULL);
    vfs = *below;
    vfs.pNext = NULL;
    vfs.zName = "faulty";
    vfs.pAppData = below;
    vfs.szOsFile = sizeof(struct faulty_file);
    vfs.xOpen = faulty_open;
    sqlite3_vfs_register(&vfs, 1);
}

#endif
