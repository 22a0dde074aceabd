/*
 * Fails one disk operation of a process, to see what the program makes of a full or broken disk. Loaded by LD_PRELOAD.
 *
 *   DIPPER_FAIL_UNDER   only files below this folder count
 *   DIPPER_FAIL_AT      the operation to fail, from 1
 *   DIPPER_FAIL_ERRNO   how
 *   DIPPER_FAIL_LASTS   1: every later operation fails too (a disk that stays full)
 *   DIPPER_FAIL_COUNT   a file that gets the number of operations when the process ends
 *
 * Writes, truncations, syncs, links and renames count, in the order in which the process makes them.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

static atomic_long operations;
static long fail_at;
static int fail_errno, lasts;
static const char *under, *count_path;

__attribute__((constructor)) static void begin(void) {
    const char *text = getenv("DIPPER_FAIL_AT");
    fail_at = text ? atol(text) : 0;
    text = getenv("DIPPER_FAIL_ERRNO");
    fail_errno = text ? atoi(text) : ENOSPC;
    text = getenv("DIPPER_FAIL_LASTS");
    lasts = text && atoi(text);
    under = getenv("DIPPER_FAIL_UNDER");
    count_path = getenv("DIPPER_FAIL_COUNT");
}

__attribute__((destructor)) static void end(void) {
    if (!count_path) return;
    FILE *file = fopen(count_path, "w");
    if (!file) return;
    fprintf(file, "%ld\n", atomic_load(&operations));
    fclose(file);
}

static int counts(const char *path) { return under && path && strncmp(path, under, strlen(under)) == 0; }

static int fails(void) {
    long number = atomic_fetch_add(&operations, 1) + 1;
    if (fail_at == 0 || !(number == fail_at || (lasts && number > fail_at))) return 0;
    errno = fail_errno;
    return 1;
}

static int fails_on(int descriptor) {
    char link[64], path[PATH_MAX];
    snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length < 0) return 0;
    path[length] = 0;
    return counts(path) && fails();
}

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

ssize_t write(int fd, const void *bytes, size_t count) {
    return fails_on(fd) ? -1 : REAL(write)(fd, bytes, count);
}
ssize_t pwrite(int fd, const void *bytes, size_t count, off_t at) {
    return fails_on(fd) ? -1 : REAL(pwrite)(fd, bytes, count, at);
}
ssize_t pwrite64(int fd, const void *bytes, size_t count, off64_t at) {
    return fails_on(fd) ? -1 : REAL(pwrite64)(fd, bytes, count, at);
}
int ftruncate(int fd, off_t size) { return fails_on(fd) ? -1 : REAL(ftruncate)(fd, size); }
int ftruncate64(int fd, off64_t size) { return fails_on(fd) ? -1 : REAL(ftruncate64)(fd, size); }
int fsync(int fd) { return fails_on(fd) ? -1 : REAL(fsync)(fd); }
int fdatasync(int fd) { return fails_on(fd) ? -1 : REAL(fdatasync)(fd); }
int link(const char *from, const char *to) { return counts(to) && fails() ? -1 : REAL(link)(from, to); }
int rename(const char *from, const char *to) { return counts(to) && fails() ? -1 : REAL(rename)(from, to); }
