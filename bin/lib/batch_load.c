// A load generator for batches: few threads, non-blocking sockets, bodies made before the clock starts, so that it takes
// little of the processor time that the server is measured by.
//
//   batch_load HOST PORT SECONDS CLIENTS ROWS RATE
//
// RATE is rows a second over all clients; 0: as fast as they are acknowledged. Each client has one request under way. Keys rise,
// so that each row is a new one. The last line of the output is one JSON object; latencies are from the first byte sent to the
// last byte of the answer.
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { RESPONSE_BYTES_MAX = 1 << 16, CLIENTS_MAX = 1024, BUCKETS = 4096, ROW_BYTES = 160 };

typedef struct {
    int socket;
    char *request;
    size_t size, sent;
    char response[RESPONSE_BYTES_MAX];
    size_t received;
    size_t *ids;  // where the digits of each row's id stand
    double started;
    int busy;
} client;

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void die(const char *what) {
    perror(what);
    exit(1);
}

static uint64_t next_id = 1;
enum { ID_DIGITS = 12 };

// A request whose ids are filled in later, all of one width: 100000000000 and up.
static void make(client *c, const char *host, int rows) {
    char *body = malloc((size_t)rows * ROW_BYTES + 16);
    size_t n = 0;
    c->ids = malloc(sizeof(size_t) * (size_t)rows);
    body[n++] = '[';
    for (int row = 0; row < rows; row++) {
        if (row) body[n++] = ',';
        c->ids[row] = n + 7;
        n += (size_t)sprintf(
            body + n,
            "{\"id\": %0*d, \"name\": \"Person %06d\", \"datetime\": \"2021-%02d-%02dT%02d:48:42Z\", "
            "\"department_id\": %d, \"job_id\": %d}",
            ID_DIGITS, 0, row * 7919 % 1000000, row % 12 + 1, row % 28 + 1, row % 24, row % 12 + 1, row % 180 + 1);
    }
    body[n++] = ']';
    c->request = malloc(n + 512);
    size_t head = (size_t)sprintf(
        c->request,
        "POST /api/v2/batch/hired_employees HTTP/1.1\r\nHost: %s\r\nContent-Type: application/json\r\n"
        "Content-Length: %zu\r\n\r\n",
        host, n);
    memcpy(c->request + head, body, n);
    c->size = head + n;
    for (int row = 0; row < rows; row++) c->ids[row] += head;
    free(body);
}

static void number(client *c, int rows) {
    for (int row = 0; row < rows; row++) {
        uint64_t id = 100000000000ull + next_id++;
        char *to = c->request + c->ids[row];
        for (int digit = ID_DIGITS - 1; digit >= 0; digit--, id /= 10) to[digit] = (char)('0' + id % 10);
    }
}

// Logarithmic buckets, 64 to a power of two, from a microsecond on.
static uint64_t histogram[BUCKETS];
static int bucket(double seconds) {
    uint64_t us = (uint64_t)(seconds * 1e6) + 64;
    int power = 63 - __builtin_clzll(us);
    int index = (power - 6) * 64 + (int)((us >> (power - 6)) & 63);
    return index < BUCKETS ? index : BUCKETS - 1;
}
static double upper(int index) {
    int power = index / 64 + 6;
    return ((double)((uint64_t)(64 + index % 64 + 1) << (power - 6)) - 64) / 1e6;
}
static double quantile(double q, uint64_t total) {
    uint64_t seen = 0;
    for (int index = 0; index < BUCKETS; index++) {
        seen += histogram[index];
        if ((double)seen >= q * (double)total) return upper(index);
    }
    return upper(BUCKETS - 1);
}

// The length of a whole answer in the buffer, 0 when more is to come; its status in *status.
static size_t answer(client *c, int *status) {
    c->response[c->received] = 0;
    char *end = strstr(c->response, "\r\n\r\n");
    if (!end) return 0;
    *status = atoi(c->response + 9);
    size_t length = 0;
    for (char *line = c->response; line < end; line = strstr(line, "\r\n") + 2) {
        if (!strncasecmp(line, "content-length:", 15)) length = strtoul(line + 15, NULL, 10);
    }
    size_t whole = (size_t)(end + 4 - c->response) + length;
    return c->received >= whole ? whole : 0;
}

int main(int count, char **words) {
    if (count != 7) {
        fprintf(stderr, "usage: batch_load HOST PORT SECONDS CLIENTS ROWS RATE\n");
        return 2;
    }
    const char *host = words[1];
    int port = atoi(words[2]), clients = atoi(words[4]), rows = atoi(words[5]);
    double seconds = atof(words[3]), rate = atof(words[6]);
    if (clients < 1 || clients > CLIENTS_MAX || rows < 1) return 2;
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    inet_pton(AF_INET, host, &address.sin_addr);
    int poll = epoll_create1(0);
    client *all = calloc((size_t)clients, sizeof(client));
    for (int i = 0; i < clients; i++) {
        client *c = &all[i];
        make(c, host, rows);
        c->socket = socket(AF_INET, SOCK_STREAM, 0);
        if (connect(c->socket, (struct sockaddr *)&address, sizeof address)) die("connect");
        int one = 1;
        setsockopt(c->socket, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
        fcntl(c->socket, F_SETFL, O_NONBLOCK);
        struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLET, .data.ptr = c};
        epoll_ctl(poll, EPOLL_CTL_ADD, c->socket, &event);
    }
    // Ids of other runs on the same folder are left alone: each run begins at its own second.
    next_id = (uint64_t)time(NULL) % 100000 * 1000000;
    uint64_t acknowledged = 0, refused = 0, failed = 0, begun = 0;
    double start = now(), end = start + seconds, stop = end + 30;
    struct epoll_event events[256];
    while (1) {
        double time_now = now();
        int busy = 0;
        for (int i = 0; i < clients; i++) {
            client *c = &all[i];
            if (!c->busy && time_now < end &&
                (rate == 0 || (double)begun * rows < (time_now - start) * rate)) {
                number(c, rows);
                c->busy = 1, c->sent = 0, c->received = 0, c->started = time_now;
                begun++;
            }
            if (c->busy) {
                busy++;
                while (c->sent < c->size) {
                    ssize_t n = send(c->socket, c->request + c->sent, c->size - c->sent, MSG_NOSIGNAL);
                    if (n < 0 && errno == EAGAIN) break;
                    if (n < 0) die("send");
                    c->sent += (size_t)n;
                }
            }
        }
        if (time_now >= end && (!busy || time_now > stop)) break;
        int n = epoll_wait(poll, events, 256, rate > 0 ? 1 : 100);
        for (int i = 0; i < n; i++) {
            client *c = events[i].data.ptr;
            while (1) {
                ssize_t got = recv(c->socket, c->response + c->received, RESPONSE_BYTES_MAX - 1 - c->received, 0);
                if (got < 0 && errno == EAGAIN) break;
                if (got <= 0) {
                    fprintf(stderr, "the server closed a connection\n");
                    return 1;
                }
                c->received += (size_t)got;
                int status = 0;
                if (c->busy && answer(c, &status)) {
                    double took = now() - c->started;
                    if (status == 200) {
                        acknowledged++;
                        histogram[bucket(took)]++;
                    } else if (status == 503 || status == 429) {
                        refused++;
                    } else {
                        if (!failed++) fprintf(stderr, "%.*s\n", (int)c->received, c->response);
                    }
                    c->busy = 0;
                    break;
                }
            }
        }
    }
    double elapsed = now() - start;
    struct timespec own;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &own);
    printf(
        "{\"seconds\": %.3f, \"clients\": %d, \"rowsPerRequest\": %d, \"acknowledged\": %llu, \"refused\": %llu, "
        "\"failed\": %llu, \"rowsPerSecond\": %.0f, \"requestsPerSecond\": %.1f, \"p50Milliseconds\": %.3f, "
        "\"p99Milliseconds\": %.3f, \"p999Milliseconds\": %.3f, \"generatorCpuSeconds\": %.2f}\n",
        elapsed, clients, rows, (unsigned long long)acknowledged, (unsigned long long)refused, (unsigned long long)failed,
        (double)acknowledged * rows / elapsed, (double)acknowledged / elapsed, quantile(0.5, acknowledged) * 1e3,
        quantile(0.99, acknowledged) * 1e3, quantile(0.999, acknowledged) * 1e3,
        (double)own.tv_sec + (double)own.tv_nsec / 1e9);
    return failed ? 1 : 0;
}
