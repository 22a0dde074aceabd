#define _GNU_SOURCE
#include "CDuckDBLoader.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

int dipper_socket_pair(int *ours, int *theirs) {
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0) return errno;
    *ours = pair[0];
    *theirs = pair[1];
    return 0;
}

int dipper_spawn(char *const arguments[], char *const environment[], int socket, pid_t *pid) {
    // dup2 onto itself would keep close-on-exec, so the socket must not stand on a standard descriptor.
    if (socket <= STDERR_FILENO) return EBADF;
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    int result = posix_spawn_file_actions_init(&actions);
    if (result != 0) return result;
    result = posix_spawnattr_init(&attributes);
    if (result != 0) {
        posix_spawn_file_actions_destroy(&actions);
        return result;
    }
    sigset_t none, all;
    sigemptyset(&none);
    sigfillset(&all);
    if (result == 0) result = posix_spawn_file_actions_adddup2(&actions, socket, STDIN_FILENO);
    if (result == 0) result = posix_spawn_file_actions_adddup2(&actions, socket, STDOUT_FILENO);
    if (result == 0) result = posix_spawn_file_actions_addclosefrom_np(&actions, STDERR_FILENO + 1);
    if (result == 0) result = posix_spawnattr_setsigmask(&attributes, &none);
    if (result == 0) result = posix_spawnattr_setsigdefault(&attributes, &all);
    if (result == 0) result = posix_spawnattr_setpgroup(&attributes, 0);
    if (result == 0) {
        result = posix_spawnattr_setflags(
            &attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
    }
    if (result == 0) result = posix_spawnp(pid, arguments[0], &actions, &attributes, arguments, environment);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    return result;
}

int dipper_take_over_pipe(int *input, int *output) {
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0) return errno;
    *input = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
    *output = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
    int nothing = open("/dev/null", O_RDONLY | O_CLOEXEC);
    if (*input < 0 || *output < 0 || nothing < 0) return errno;
    if (dup2(nothing, STDIN_FILENO) < 0 || dup2(STDERR_FILENO, STDOUT_FILENO) < 0) return errno;
    close(nothing);
    // The server decides when a worker ends; a signal to the whole service must not end queries that are drained.
    signal(SIGPIPE, SIG_IGN);
    signal(SIGTERM, SIG_IGN);
    signal(SIGINT, SIG_IGN);
    signal(SIGHUP, SIG_IGN);
    return 0;
}

int dipper_limit_process(uint64_t data_bytes) {
    struct rlimit no_core = {0, 0};
    if (setrlimit(RLIMIT_CORE, &no_core) != 0) return errno;
    struct rlimit data = {data_bytes, data_bytes};
    if (setrlimit(RLIMIT_DATA, &data) != 0) return errno;
    // A table may have more files than the usual soft limit allows to be open.
    struct rlimit files;
    if (getrlimit(RLIMIT_NOFILE, &files) != 0) return errno;
    files.rlim_cur = files.rlim_max;
    if (setrlimit(RLIMIT_NOFILE, &files) != 0) return errno;
    // Best effort: without /proc the kernel picks by size, which is mostly the worker as well.
    int score = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
    if (score >= 0) {
        ssize_t written = write(score, "1000", 4);
        (void)written;
        close(score);
    }
    return 0;
}

// Landlock's numbers are written out: older headers lack them, and the kernel is asked for what it knows.
enum { CREATE_RULESET = 444, ADD_RULE = 445, RESTRICT_SELF = 446, RULE_PATH_BENEATH = 1, ASK_FOR_VERSION = 1 };
enum { MAY_WRITE_FILE = 1 << 1, MAY_READ_FILE = 1 << 2, MAY_READ_DIRECTORY = 1 << 3, MAY_TRUNCATE = 1 << 14 };
enum { MAY_DO_ALL_V1 = (1 << 13) - 1, MAY_REFER = 1 << 13 };
enum { MAY_BIND_AND_CONNECT = 3 };

struct ruleset { uint64_t files, network; };
struct __attribute__((packed)) path_rule { uint64_t allowed; int32_t parent; };

static int allow(int ruleset, const char *path, uint64_t rights) {
    int file = open(path, O_PATH | O_CLOEXEC);
    // What is not there cannot be opened either.
    if (file < 0) return 0;
    struct stat status;
    int result = 0;
    if (fstat(file, &status) != 0) {
        result = errno;
    } else {
        if (!S_ISDIR(status.st_mode)) rights &= MAY_WRITE_FILE | MAY_READ_FILE | MAY_TRUNCATE;
        struct path_rule rule = {rights, file};
        if (syscall(ADD_RULE, ruleset, RULE_PATH_BENEATH, &rule, 0) != 0) result = errno;
    }
    close(file);
    return result;
}

int dipper_confine(char *const readable[], char *const writable[], bool network) {
    long version = syscall(CREATE_RULESET, NULL, 0, ASK_FOR_VERSION);
    if (version < 1) return ENOSYS;
    struct ruleset handled = {MAY_DO_ALL_V1, 0};
    if (version >= 2) handled.files |= MAY_REFER;
    if (version >= 3) handled.files |= MAY_TRUNCATE;
    if (version >= 4 && !network) handled.network = MAY_BIND_AND_CONNECT;
    int ruleset = (int)syscall(CREATE_RULESET, &handled, version >= 4 ? sizeof handled : sizeof handled.files, 0);
    if (ruleset < 0) return errno;
    int result = 0;
    for (int i = 0; result == 0 && readable[i] != NULL; i++) {
        result = allow(ruleset, readable[i], MAY_READ_FILE | MAY_READ_DIRECTORY);
    }
    for (int i = 0; result == 0 && writable[i] != NULL; i++) result = allow(ruleset, writable[i], handled.files);
    if (result == 0 && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) result = errno;
    if (result == 0 && syscall(RESTRICT_SELF, ruleset, 0) != 0) result = errno;
    close(ruleset);
    return result;
}
