// DuckDB's C API, looked up at run time, and the few process calls that a supervised worker needs.
//
// Nothing here links against DuckDB. `dd_load` opens a library and fills a table of its functions; every other `dd_`
// function forwards to the DuckDB function of the same ending and must not be called before `dd_load` returned 0.
#ifndef DIPPER_CDUCKDBLOADER_H
#define DIPPER_CDUCKDBLOADER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

typedef struct dd_database_s *dd_database;
typedef struct dd_connection_s *dd_connection;
typedef struct dd_statement_s *dd_statement;
typedef struct dd_chunk_s *dd_chunk;
typedef struct dd_vector_s *dd_vector;
typedef struct dd_type_s *dd_type;

// DuckDB passes this struct by value; only its size and its address matter to us.
typedef struct {
    uint64_t reserved_counts[3];
    void *reserved_pointers[3];
} dd_result;

// How far the running query of a connection is: percent (negative when unknown), rows read, rows to read.
typedef struct {
    double percentage;
    uint64_t rows_processed;
    uint64_t total_rows_to_process;
} dd_progress;

// The numbers of DuckDB's type enumeration.
enum {
    DD_BOOLEAN = 1, DD_TINYINT = 2, DD_SMALLINT = 3, DD_INTEGER = 4, DD_BIGINT = 5, DD_UTINYINT = 6,
    DD_USMALLINT = 7, DD_UINTEGER = 8, DD_UBIGINT = 9, DD_FLOAT = 10, DD_DOUBLE = 11, DD_TIMESTAMP = 12,
    DD_DATE = 13, DD_TIME = 14, DD_INTERVAL = 15, DD_HUGEINT = 16, DD_VARCHAR = 17, DD_BLOB = 18,
    DD_DECIMAL = 19, DD_TIMESTAMP_S = 20, DD_TIMESTAMP_MS = 21, DD_TIMESTAMP_NS = 22, DD_ENUM = 23,
    DD_LIST = 24, DD_STRUCT = 25, DD_MAP = 26, DD_UUID = 27, DD_UNION = 28, DD_BIT = 29, DD_TIME_TZ = 30,
    DD_TIMESTAMP_TZ = 31, DD_UHUGEINT = 32, DD_ARRAY = 33, DD_BIGNUM = 35, DD_SQLNULL = 36, DD_TIME_NS = 39
};

// Opens `python` (may be null) with its symbols visible to all, then `library`, and looks every function up.
// Returns 0, or -1 with the reason in `error`.
int dd_load(const char *library, const char *python, char *error, size_t error_capacity);

// 0 is success for every function that returns int.
int dd_open(dd_database *database, dd_connection *connection);
void dd_close(dd_database *database, dd_connection *connection);
const char *dd_library_version(void);
int dd_query(dd_connection connection, const char *sql, dd_result *result);
int dd_prepare(dd_connection connection, const char *sql, dd_statement *statement);
const char *dd_prepare_error(dd_statement statement);
void dd_destroy_prepare(dd_statement *statement);
uint64_t dd_nparams(dd_statement statement);
int dd_statement_type(dd_statement statement);
int dd_bind_parameter_index(dd_statement statement, uint64_t *index, const char *name);
int dd_bind_boolean(dd_statement statement, uint64_t index, bool value);
int dd_bind_int64(dd_statement statement, uint64_t index, int64_t value);
int dd_bind_double(dd_statement statement, uint64_t index, double value);
int dd_bind_varchar(dd_statement statement, uint64_t index, const char *bytes, uint64_t byte_count);
int dd_bind_null(dd_statement statement, uint64_t index);
int dd_execute_streaming(dd_statement statement, dd_result *result);
const char *dd_result_error(dd_result *result);
void dd_destroy_result(dd_result *result);
uint64_t dd_column_count(dd_result *result);
const char *dd_column_name(dd_result *result, uint64_t column);
dd_type dd_column_type(dd_result *result, uint64_t column);
dd_chunk dd_fetch_chunk(dd_result *result);
void dd_destroy_chunk(dd_chunk *chunk);
uint64_t dd_chunk_size(dd_chunk chunk);
dd_vector dd_chunk_vector(dd_chunk chunk, uint64_t column);
void *dd_vector_data(dd_vector vector);
// Null when every value of the vector is valid.
uint64_t *dd_vector_validity(dd_vector vector);
dd_vector dd_list_child(dd_vector vector);
dd_vector dd_struct_child(dd_vector vector, uint64_t index);
dd_vector dd_array_child(dd_vector vector);
int dd_type_id(dd_type type);
void dd_destroy_type(dd_type *type);
// Strings made by DuckDB below are freed with `dd_free`.
char *dd_type_alias(dd_type type);
uint8_t dd_decimal_width(dd_type type);
uint8_t dd_decimal_scale(dd_type type);
int dd_decimal_internal_type(dd_type type);
int dd_enum_internal_type(dd_type type);
uint32_t dd_enum_size(dd_type type);
char *dd_enum_value(dd_type type, uint64_t index);
dd_type dd_list_child_type(dd_type type);
dd_type dd_array_child_type(dd_type type);
uint64_t dd_array_size(dd_type type);
dd_type dd_map_key_type(dd_type type);
dd_type dd_map_value_type(dd_type type);
uint64_t dd_struct_child_count(dd_type type);
char *dd_struct_child_name(dd_type type, uint64_t index);
dd_type dd_struct_child_type(dd_type type, uint64_t index);
void dd_free(void *memory);
// May be called from any thread while another one runs a query on the connection.
dd_progress dd_query_progress(dd_connection connection);

// Starts `arguments[0]` with `socket` as its standard input and output; no other descriptor but standard error goes
// along. It gets a process group of its own, default signal actions and no blocked signal. Returns 0 or an errno.
int dipper_spawn(char *const arguments[], char *const environment[], int socket, pid_t *pid);

// A connected pair of close-on-exec stream sockets. Returns 0 or an errno.
int dipper_socket_pair(int *ours, int *theirs);

// In a worker, before anything else: moves the pipe away from descriptors 0 and 1, points 0 at nothing and 1 at
// standard error, and asks to be killed when the thread that started this process ends. Returns the two descriptors.
int dipper_take_over_pipe(int *input, int *output);

// In a worker: no core dumps, at most `data_bytes` of private memory, and the first to go when memory is short.
int dipper_limit_process(uint64_t data_bytes);

// In a worker: from here on this thread, and those that it starts, open nothing but files in these folders (or these files),
// and no TCP connection unless `network`. Paths that do not exist are left out. Both lists end with a null. Returns 0, ENOSYS
// where the kernel has no Landlock, or another errno.
int dipper_confine(char *const readable[], char *const writable[], bool network);

#endif
