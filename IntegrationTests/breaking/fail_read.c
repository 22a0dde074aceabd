/*
 * Fails the reads of one file from some byte on, to see what a program makes of a disk that has a bad spot. Loaded by
 * LD_PRELOAD.
 *
 *   DIPPER_BAD_FILE    the file's whole path
 *   DIPPER_BAD_AFTER   how many bytes can be read before
 *   DIPPER_BAD_ERRNO   how it fails; 0: the file ends there, as one that was cut meanwhile
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <limits.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

static atomic_long bytes_read;

static int is_bad(int descriptor) {
    const char *bad = getenv("DIPPER_BAD_FILE");
    char link[64], path[PATH_MAX];
    snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
    ssize_t length = bad ? readlink(link, path, sizeof path - 1) : -1;
    if (length < 0) return 0;
    path[length] = 0;
    return strcmp(path, bad) == 0;
}

ssize_t read(int fd, void *bytes, size_t count) {
    if (!is_bad(fd)) return REAL(read)(fd, bytes, count);
    const char *after = getenv("DIPPER_BAD_AFTER");
    if (atomic_load(&bytes_read) >= (after ? atol(after) : 0)) {
        const char *number = getenv("DIPPER_BAD_ERRNO");
        errno = number ? atoi(number) : EIO;
        return errno ? -1 : 0;
    }
    ssize_t done = REAL(read)(fd, bytes, count);
    if (done > 0) atomic_fetch_add(&bytes_read, done);
    return done;
}
