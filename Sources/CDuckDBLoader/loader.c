#define _GNU_SOURCE
#include "CDuckDBLoader.h"

#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

typedef struct dd_config_s *dd_config;

// One line a function of DuckDB's C API: result, name without the prefix, parameters.
#define DD_FUNCTIONS(F)                                                                        \
    F(int, open_ext, (const char *, dd_database *, dd_config, char **))                        \
    F(void, close, (dd_database *))                                                            \
    F(int, connect, (dd_database, dd_connection *))                                            \
    F(void, disconnect, (dd_connection *))                                                     \
    F(const char *, library_version, (void))                                                   \
    F(int, query, (dd_connection, const char *, dd_result *))                                  \
    F(int, prepare, (dd_connection, const char *, dd_statement *))                             \
    F(const char *, prepare_error, (dd_statement))                                             \
    F(void, destroy_prepare, (dd_statement *))                                                 \
    F(uint64_t, nparams, (dd_statement))                                                       \
    F(int, prepared_statement_type, (dd_statement))                                            \
    F(int, bind_parameter_index, (dd_statement, uint64_t *, const char *))                     \
    F(int, bind_boolean, (dd_statement, uint64_t, bool))                                       \
    F(int, bind_int64, (dd_statement, uint64_t, int64_t))                                      \
    F(int, bind_double, (dd_statement, uint64_t, double))                                      \
    F(int, bind_varchar_length, (dd_statement, uint64_t, const char *, uint64_t))              \
    F(int, bind_null, (dd_statement, uint64_t))                                                \
    F(int, execute_prepared_streaming, (dd_statement, dd_result *))                            \
    F(const char *, result_error, (dd_result *))                                               \
    F(void, destroy_result, (dd_result *))                                                     \
    F(uint64_t, column_count, (dd_result *))                                                   \
    F(const char *, column_name, (dd_result *, uint64_t))                                      \
    F(dd_type, column_logical_type, (dd_result *, uint64_t))                                   \
    F(dd_chunk, fetch_chunk, (dd_result))                                                      \
    F(void, destroy_data_chunk, (dd_chunk *))                                                  \
    F(uint64_t, data_chunk_get_size, (dd_chunk))                                               \
    F(dd_vector, data_chunk_get_vector, (dd_chunk, uint64_t))                                  \
    F(void *, vector_get_data, (dd_vector))                                                    \
    F(uint64_t *, vector_get_validity, (dd_vector))                                            \
    F(dd_vector, list_vector_get_child, (dd_vector))                                           \
    F(dd_vector, struct_vector_get_child, (dd_vector, uint64_t))                               \
    F(dd_vector, array_vector_get_child, (dd_vector))                                          \
    F(int, get_type_id, (dd_type))                                                             \
    F(void, destroy_logical_type, (dd_type *))                                                 \
    F(char *, logical_type_get_alias, (dd_type))                                               \
    F(uint8_t, decimal_width, (dd_type))                                                       \
    F(uint8_t, decimal_scale, (dd_type))                                                       \
    F(int, decimal_internal_type, (dd_type))                                                   \
    F(int, enum_internal_type, (dd_type))                                                      \
    F(uint32_t, enum_dictionary_size, (dd_type))                                               \
    F(char *, enum_dictionary_value, (dd_type, uint64_t))                                      \
    F(dd_type, list_type_child_type, (dd_type))                                                \
    F(dd_type, array_type_child_type, (dd_type))                                               \
    F(uint64_t, array_type_array_size, (dd_type))                                              \
    F(dd_type, map_type_key_type, (dd_type))                                                   \
    F(dd_type, map_type_value_type, (dd_type))                                                 \
    F(uint64_t, struct_type_child_count, (dd_type))                                            \
    F(char *, struct_type_child_name, (dd_type, uint64_t))                                     \
    F(dd_type, struct_type_child_type, (dd_type, uint64_t))                                    \
    F(dd_progress, query_progress, (dd_connection))                                            \
    F(void, free, (void *))

#define DD_POINTER(result, name, parameters) result(*name) parameters;
static struct { DD_FUNCTIONS(DD_POINTER) } api;

int dd_load(const char *library, const char *python, char *error, size_t error_capacity) {
    if (python != NULL && dlopen(python, RTLD_NOW | RTLD_GLOBAL) == NULL) {
        snprintf(error, error_capacity, "%s", dlerror());
        return -1;
    }
    void *handle = dlopen(library, RTLD_NOW | RTLD_LOCAL);
    if (handle == NULL) {
        snprintf(error, error_capacity, "%s", dlerror());
        return -1;
    }
#define DD_LOOK_UP(result, name, parameters)                                                   \
    {                                                                                          \
        void *symbol = dlsym(handle, "duckdb_" #name);                                         \
        if (symbol == NULL) {                                                                  \
            snprintf(error, error_capacity, "%s has no function duckdb_" #name, library);      \
            return -1;                                                                         \
        }                                                                                      \
        memcpy(&api.name, &symbol, sizeof symbol);                                             \
    }
    DD_FUNCTIONS(DD_LOOK_UP)
    return 0;
}

int dd_open(dd_database *database, dd_connection *connection) {
    char *message = NULL;
    if (api.open_ext(NULL, database, NULL, &message) != 0) {
        if (message != NULL) api.free(message);
        return -1;
    }
    if (api.connect(*database, connection) != 0) {
        api.close(database);
        return -1;
    }
    return 0;
}

void dd_close(dd_database *database, dd_connection *connection) {
    api.disconnect(connection);
    api.close(database);
}

const char *dd_library_version(void) { return api.library_version(); }
int dd_query(dd_connection c, const char *sql, dd_result *r) { return api.query(c, sql, r); }
int dd_prepare(dd_connection c, const char *sql, dd_statement *s) { return api.prepare(c, sql, s); }
const char *dd_prepare_error(dd_statement s) { return api.prepare_error(s); }
void dd_destroy_prepare(dd_statement *s) { api.destroy_prepare(s); }
uint64_t dd_nparams(dd_statement s) { return api.nparams(s); }
int dd_statement_type(dd_statement s) { return api.prepared_statement_type(s); }
int dd_bind_parameter_index(dd_statement s, uint64_t *i, const char *n) { return api.bind_parameter_index(s, i, n); }
int dd_bind_boolean(dd_statement s, uint64_t i, bool v) { return api.bind_boolean(s, i, v); }
int dd_bind_int64(dd_statement s, uint64_t i, int64_t v) { return api.bind_int64(s, i, v); }
int dd_bind_double(dd_statement s, uint64_t i, double v) { return api.bind_double(s, i, v); }
int dd_bind_varchar(dd_statement s, uint64_t i, const char *b, uint64_t n) {
    return api.bind_varchar_length(s, i, b, n);
}
int dd_bind_null(dd_statement s, uint64_t i) { return api.bind_null(s, i); }
int dd_execute_streaming(dd_statement s, dd_result *r) { return api.execute_prepared_streaming(s, r); }
const char *dd_result_error(dd_result *r) { return api.result_error(r); }
void dd_destroy_result(dd_result *r) { api.destroy_result(r); }
uint64_t dd_column_count(dd_result *r) { return api.column_count(r); }
const char *dd_column_name(dd_result *r, uint64_t c) { return api.column_name(r, c); }
dd_type dd_column_type(dd_result *r, uint64_t c) { return api.column_logical_type(r, c); }
dd_chunk dd_fetch_chunk(dd_result *r) { return api.fetch_chunk(*r); }
void dd_destroy_chunk(dd_chunk *c) { api.destroy_data_chunk(c); }
uint64_t dd_chunk_size(dd_chunk c) { return api.data_chunk_get_size(c); }
dd_vector dd_chunk_vector(dd_chunk c, uint64_t i) { return api.data_chunk_get_vector(c, i); }
void *dd_vector_data(dd_vector v) { return api.vector_get_data(v); }
uint64_t *dd_vector_validity(dd_vector v) { return api.vector_get_validity(v); }
dd_vector dd_list_child(dd_vector v) { return api.list_vector_get_child(v); }
dd_vector dd_struct_child(dd_vector v, uint64_t i) { return api.struct_vector_get_child(v, i); }
dd_vector dd_array_child(dd_vector v) { return api.array_vector_get_child(v); }
int dd_type_id(dd_type t) { return api.get_type_id(t); }
void dd_destroy_type(dd_type *t) { api.destroy_logical_type(t); }
char *dd_type_alias(dd_type t) { return api.logical_type_get_alias(t); }
uint8_t dd_decimal_width(dd_type t) { return api.decimal_width(t); }
uint8_t dd_decimal_scale(dd_type t) { return api.decimal_scale(t); }
int dd_decimal_internal_type(dd_type t) { return api.decimal_internal_type(t); }
int dd_enum_internal_type(dd_type t) { return api.enum_internal_type(t); }
uint32_t dd_enum_size(dd_type t) { return api.enum_dictionary_size(t); }
char *dd_enum_value(dd_type t, uint64_t i) { return api.enum_dictionary_value(t, i); }
dd_type dd_list_child_type(dd_type t) { return api.list_type_child_type(t); }
dd_type dd_array_child_type(dd_type t) { return api.array_type_child_type(t); }
uint64_t dd_array_size(dd_type t) { return api.array_type_array_size(t); }
dd_type dd_map_key_type(dd_type t) { return api.map_type_key_type(t); }
dd_type dd_map_value_type(dd_type t) { return api.map_type_value_type(t); }
uint64_t dd_struct_child_count(dd_type t) { return api.struct_type_child_count(t); }
char *dd_struct_child_name(dd_type t, uint64_t i) { return api.struct_type_child_name(t, i); }
dd_type dd_struct_child_type(dd_type t, uint64_t i) { return api.struct_type_child_type(t, i); }
dd_progress dd_query_progress(dd_connection c) { return api.query_progress(c); }
void dd_free(void *m) { api.free(m); }
