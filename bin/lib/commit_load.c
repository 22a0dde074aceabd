// Committers of one table of an Iceberg REST catalog: a thread and a connection each, little processor time of their own.
//
//   commit_load HOST PORT TABLE_PATH WRITERS SECONDS KIND RELOAD BACKOFF_MS TOKEN MANIFEST_LIST OUT
//
// KIND `snapshots`: each commit adds a snapshot to main and asserts the one before it, so that one writer wins and the others
// are told 409, load the table (RELOAD: the query, such as ?snapshots=refs) and try again, at once or after BACKOFF_MS that
// doubles with each loss. KIND `properties`: each commit sets a property of its own and asserts nothing.
// TOKEN `-`: none. OUT gets a line for each acknowledged commit: the snapshot's id and its parent's (0: none), or property and
// value. The last line of the output is one JSON object.
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { WRITERS_MAX = 256, REQUEST_BYTES_MAX = 8192, PROPERTIES = 50 };

typedef struct {
    pthread_t thread;
    int number, socket;
    char *answer;  // head and body of the last answer
    size_t room, size;
    char *body;
    uint64_t random;
    int64_t current, sequence;  // of the table as this writer knows it; current -1: no snapshot
    uint64_t done, lost, loads, received;
    double *latencies;
    size_t latency_room;
    char *log;
    size_t log_size, log_room;
} writer;

static const char *host, *path, *reload, *token, *manifest_list;
static int port, is_properties, backoff_ms;
static double end_time;

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static int64_t milliseconds(void) {
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void die(const char *what) {
    perror(what);
    exit(1);
}

static uint64_t draw(writer *w) {
    w->random ^= w->random << 13, w->random ^= w->random >> 7, w->random ^= w->random << 17;
    return w->random;
}

static void more(writer *w) {
    if (w->room - w->size < 65536) {
        w->room = w->room * 2 + 131072;
        w->answer = realloc(w->answer, w->room);
    }
    ssize_t got = recv(w->socket, w->answer + w->size, w->room - w->size - 1, 0);
    if (got <= 0) die("the server closed a connection");
    w->size += (size_t)got;
    w->received += (size_t)got;
    w->answer[w->size] = 0;
}

// Joins the chunks of a body in place; the raw bytes up to *have are there, more are read as needed.
static size_t join_chunks(writer *w, size_t at) {
    size_t from = at, to = at;
    while (1) {
        char *line;
        while (!(line = memmem(w->answer + from, w->size - from, "\r\n", 2))) more(w);
        size_t length = strtoul(w->answer + from, NULL, 16);
        from = (size_t)(line + 2 - w->answer);
        while (w->size < from + length + 2) more(w);
        if (!length) return to;
        memmove(w->answer + to, w->answer + from, length);
        to += length, from += length + 2;
    }
}

// Sends a request and reads its answer; the status is returned, the body is at w->body and ends with a zero.
static int call(writer *w, const char *method, const char *query, const char *body) {
    char head[2048];
    size_t length = body ? strlen(body) : 0;
    int n = snprintf(
        head, sizeof head, "%s %s%s HTTP/1.1\r\nHost: %s:%d\r\nContent-Type: application/json\r\n%s%s%sContent-Length: %zu\r\n\r\n",
        method, path, query, host, port, *token == '-' ? "" : "Authorization: Bearer ", *token == '-' ? "" : token,
        *token == '-' ? "" : "\r\n", length);
    char request[REQUEST_BYTES_MAX + 2048];
    memcpy(request, head, (size_t)n);
    if (length) memcpy(request + n, body, length);
    for (size_t sent = 0, all = (size_t)n + length; sent < all;) {
        ssize_t put = send(w->socket, request + sent, all - sent, MSG_NOSIGNAL);
        if (put <= 0) die("send");
        sent += (size_t)put;
    }
    w->size = 0;
    char *end;
    do more(w);
    while (!(end = strstr(w->answer, "\r\n\r\n")));
    size_t at = (size_t)(end + 4 - w->answer), announced = 0;
    int is_chunked = 0;
    for (char *line = w->answer; line < end; line = strstr(line, "\r\n") + 2) {
        if (!strncasecmp(line, "content-length:", 15)) announced = strtoul(line + 15, NULL, 10);
        if (!strncasecmp(line, "transfer-encoding: chunked", 26)) is_chunked = 1;
    }
    int status = atoi(w->answer + 9);
    if (is_chunked) {
        size_t stop = join_chunks(w, at);
        w->size = stop;
    } else {
        while (w->size < at + announced) more(w);
    }
    w->answer[w->size] = 0;
    w->body = w->answer + at;
    return status;
}

// The first number of that name in the answer.
static int64_t number(writer *w, const char *name, int64_t fallback) {
    char *at = memmem(w->body, w->size - (size_t)(w->body - w->answer), name, strlen(name));
    if (!at) return fallback;
    at += strlen(name);
    while (*at == ':' || *at == ' ') at++;
    return *at == 'n' ? fallback : strtoll(at, NULL, 10);
}

static void learn(writer *w) {
    w->current = number(w, "\"current-snapshot-id\"", -1);
    w->sequence = number(w, "\"last-sequence-number\"", 0);
}

static void load(writer *w) {
    int status = call(w, "GET", reload, NULL);
    if (status != 200) {
        fprintf(stderr, "loading answered %d: %.500s\n", status, w->body);
        exit(1);
    }
    w->loads++;
    learn(w);
}

static void note(writer *w, const char *text) {
    size_t length = strlen(text);
    if (w->log_room < w->log_size + length + 1) {
        w->log_room = w->log_room * 2 + 65536;
        w->log = realloc(w->log, w->log_room);
    }
    memcpy(w->log + w->log_size, text, length + 1);
    w->log_size += length;
}

static int make(writer *w, char *body, char *mark) {
    if (is_properties) {
        int key = (int)(w->done % PROPERTIES);
        sprintf(mark, "w%d-%d %llu\n", w->number, key, (unsigned long long)w->done);
        return snprintf(
            body, REQUEST_BYTES_MAX,
            "{\"requirements\":[],\"updates\":[{\"action\":\"set-properties\",\"updates\":{\"w%d-%d\":\"%llu\"}}]}", w->number,
            key, (unsigned long long)w->done);
    }
    int64_t id = (int64_t)(draw(w) >> 2);
    char parent[64] = "", expected[32] = "null";
    if (w->current != -1) {
        sprintf(parent, "\"parent-snapshot-id\":%lld,", (long long)w->current);
        sprintf(expected, "%lld", (long long)w->current);
    }
    sprintf(mark, "%lld %lld\n", (long long)id, (long long)(w->current == -1 ? 0 : w->current));
    return snprintf(
        body, REQUEST_BYTES_MAX,
        "{\"requirements\":[{\"type\":\"assert-ref-snapshot-id\",\"ref\":\"main\",\"snapshot-id\":%s}],"
        "\"updates\":[{\"action\":\"add-snapshot\",\"snapshot\":{\"snapshot-id\":%lld,%s\"sequence-number\":%lld,"
        "\"timestamp-ms\":%lld,\"manifest-list\":\"%s\",\"summary\":{\"operation\":\"append\"},\"schema-id\":0}},"
        "{\"action\":\"set-snapshot-ref\",\"ref-name\":\"main\",\"type\":\"branch\",\"snapshot-id\":%lld}]}",
        expected, (long long)id, parent, (long long)w->sequence + 1, (long long)milliseconds(), manifest_list, (long long)id);
}

static void *run(void *argument) {
    writer *w = argument;
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    inet_pton(AF_INET, host, &address.sin_addr);
    w->socket = socket(AF_INET, SOCK_STREAM, 0);
    if (connect(w->socket, (struct sockaddr *)&address, sizeof address)) die("connect");
    int one = 1;
    setsockopt(w->socket, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    char body[REQUEST_BYTES_MAX], mark[128];
    int losses = 0;
    load(w);
    while (now() < end_time) {
        make(w, body, mark);
        double began = now();
        int status = call(w, "POST", "", body);
        if (status == 200) {
            if (w->latency_room == w->done) {
                w->latency_room = w->latency_room * 2 + 1024;
                w->latencies = realloc(w->latencies, w->latency_room * sizeof(double));
            }
            w->latencies[w->done++] = now() - began;
            note(w, mark);
            learn(w);
            losses = 0;
        } else if (status == 409) {
            w->lost++;
            if (backoff_ms) {
                double wait = backoff_ms * (double)(1u << (losses < 8 ? losses : 8)) / 1e3;
                losses++;
                usleep((useconds_t)(wait * (1 + (double)(draw(w) % 1000) / 1e4) * 1e6));
            }
            load(w);
        } else {
            fprintf(stderr, "a commit was answered %d: %.500s\n", status, w->body);
            exit(1);
        }
    }
    return NULL;
}

static int order(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

int main(int count, char **words) {
    if (count != 12) {
        fprintf(stderr, "usage: commit_load HOST PORT TABLE_PATH WRITERS SECONDS KIND RELOAD BACKOFF_MS TOKEN MANIFEST_LIST OUT\n");
        return 2;
    }
    host = words[1], port = atoi(words[2]), path = words[3];
    int writers = atoi(words[4]);
    is_properties = !strcmp(words[6], "properties"), reload = words[7], backoff_ms = atoi(words[8]);
    token = words[9], manifest_list = words[10];
    if (writers < 1 || writers > WRITERS_MAX) return 2;
    writer *all = calloc((size_t)writers, sizeof(writer));
    double start = now();
    end_time = start + atof(words[5]);
    for (int i = 0; i < writers; i++) {
        all[i].number = i;
        all[i].random = (uint64_t)milliseconds() * 2654435761u + (uint64_t)(i + 1) * 0x9E3779B97F4A7C15ull;
        if (pthread_create(&all[i].thread, NULL, run, &all[i])) die("pthread_create");
    }
    uint64_t done = 0, lost = 0, loads = 0, received = 0, least = UINT64_MAX, most = 0;
    FILE *out = fopen(words[11], "w");
    if (!out) die(words[11]);
    for (int i = 0; i < writers; i++) {
        pthread_join(all[i].thread, NULL);
        done += all[i].done, lost += all[i].lost, loads += all[i].loads, received += all[i].received;
        if (all[i].done < least) least = all[i].done;
        if (all[i].done > most) most = all[i].done;
        if (all[i].log) fputs(all[i].log, out);
    }
    fclose(out);
    double elapsed = now() - start, *latencies = malloc((done + 1) * sizeof(double));
    size_t n = 0;
    for (int i = 0; i < writers; i++)
        for (uint64_t k = 0; k < all[i].done; k++) latencies[n++] = all[i].latencies[k];
    qsort(latencies, n, sizeof(double), order);
    struct timespec own;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &own);
    printf(
        "{\"seconds\": %.2f, \"writers\": %d, \"commits\": %llu, \"perSecond\": %.1f, \"conflicts\": %llu, \"loads\": %llu, "
        "\"receivedMB\": %.0f, \"leastOfOneWriter\": %llu, \"mostOfOneWriter\": %llu, \"p50Milliseconds\": %.2f, "
        "\"p99Milliseconds\": %.2f, \"clientCpuSeconds\": %.2f}\n",
        elapsed, writers, (unsigned long long)done, (double)done / elapsed, (unsigned long long)lost,
        (unsigned long long)loads, (double)received / 1e6, (unsigned long long)least, (unsigned long long)most,
        n ? latencies[n / 2] * 1e3 : 0.0, n ? latencies[n * 99 / 100] * 1e3 : 0.0,
        (double)own.tv_sec + (double)own.tv_nsec / 1e9);
    return 0;
}
