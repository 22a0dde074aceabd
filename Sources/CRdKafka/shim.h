#ifndef DIPPER_CRDKAFKA_SHIM_H
#define DIPPER_CRDKAFKA_SHIM_H
#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>

/* Swift calls no variadic functions. On success librdkafka owns the headers and copies of key and value. */
static inline rd_kafka_resp_err_t dipper_kafka_produce(
    rd_kafka_t *handle, const char *topic, int32_t partition, const void *key, size_t key_bytes, const void *value,
    size_t value_bytes, int64_t timestamp, rd_kafka_headers_t *headers, void *opaque) {
    return rd_kafka_producev(
        handle, RD_KAFKA_V_TOPIC(topic), RD_KAFKA_V_PARTITION(partition), RD_KAFKA_V_KEY(key, key_bytes),
        RD_KAFKA_V_VALUE((void *)value, value_bytes), RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
        RD_KAFKA_V_TIMESTAMP(timestamp), RD_KAFKA_V_HEADERS(headers), RD_KAFKA_V_OPAQUE(opaque), RD_KAFKA_V_END);
}

/* Creates one topic with `count` settings and waits. `reason` gets the broker's words. */
static inline rd_kafka_resp_err_t dipper_kafka_create_topic(
    rd_kafka_t *handle, const char *name, int partitions, int replication, const char *const *keys,
    const char *const *values, size_t count, int timeout_ms, char *reason, size_t reason_bytes) {
    rd_kafka_resp_err_t code = RD_KAFKA_RESP_ERR__TIMED_OUT;
    rd_kafka_NewTopic_t *topic = rd_kafka_NewTopic_new(name, partitions, replication, reason, reason_bytes);
    if (!topic) return RD_KAFKA_RESP_ERR__INVALID_ARG;
    for (size_t i = 0; i < count; i++) rd_kafka_NewTopic_set_config(topic, keys[i], values[i]);
    rd_kafka_AdminOptions_t *options = rd_kafka_AdminOptions_new(handle, RD_KAFKA_ADMIN_OP_CREATETOPICS);
    rd_kafka_AdminOptions_set_request_timeout(options, timeout_ms, reason, reason_bytes);
    rd_kafka_AdminOptions_set_operation_timeout(options, timeout_ms, reason, reason_bytes);
    rd_kafka_queue_t *queue = rd_kafka_queue_new(handle);
    rd_kafka_CreateTopics(handle, &topic, 1, options, queue);
    rd_kafka_event_t *event = rd_kafka_queue_poll(queue, timeout_ms + 1000);
    if (event) {
        code = rd_kafka_event_error(event);
        const char *text = rd_kafka_event_error_string(event);
        if (code == RD_KAFKA_RESP_ERR_NO_ERROR) {
            size_t results = 0;
            const rd_kafka_topic_result_t **all =
                rd_kafka_CreateTopics_result_topics(rd_kafka_event_CreateTopics_result(event), &results);
            if (results == 1) {
                code = rd_kafka_topic_result_error(all[0]);
                text = rd_kafka_topic_result_error_string(all[0]);
            }
        }
        if (text) {
            size_t i = 0;
            for (; text[i] && i + 1 < reason_bytes; i++) reason[i] = text[i];
            if (reason_bytes) reason[i] = 0;
        }
        rd_kafka_event_destroy(event);
    }
    rd_kafka_queue_destroy(queue);
    rd_kafka_AdminOptions_destroy(options);
    rd_kafka_NewTopic_destroy(topic);
    return code;
}

/* Asks the broker to drop the records of one partition before `offset`, and waits. */
static inline rd_kafka_resp_err_t dipper_kafka_delete_records(
    rd_kafka_t *handle, const char *topic, int32_t partition, int64_t offset, int timeout_ms) {
    rd_kafka_resp_err_t code = RD_KAFKA_RESP_ERR__TIMED_OUT;
    char reason[64];
    rd_kafka_topic_partition_list_t *places = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_list_add(places, topic, partition)->offset = offset;
    rd_kafka_DeleteRecords_t *request = rd_kafka_DeleteRecords_new(places);
    rd_kafka_AdminOptions_t *options = rd_kafka_AdminOptions_new(handle, RD_KAFKA_ADMIN_OP_DELETERECORDS);
    rd_kafka_AdminOptions_set_request_timeout(options, timeout_ms, reason, sizeof(reason));
    rd_kafka_queue_t *queue = rd_kafka_queue_new(handle);
    rd_kafka_DeleteRecords(handle, &request, 1, options, queue);
    rd_kafka_event_t *event = rd_kafka_queue_poll(queue, timeout_ms + 1000);
    if (event) {
        code = rd_kafka_event_error(event);
        if (code == RD_KAFKA_RESP_ERR_NO_ERROR) {
            const rd_kafka_topic_partition_list_t *done =
                rd_kafka_DeleteRecords_result_offsets(rd_kafka_event_DeleteRecords_result(event));
            if (done && done->cnt == 1) code = done->elems[0].err;
        }
        rd_kafka_event_destroy(event);
    }
    rd_kafka_queue_destroy(queue);
    rd_kafka_AdminOptions_destroy(options);
    rd_kafka_DeleteRecords_destroy(request);
    rd_kafka_topic_partition_list_destroy(places);
    return code;
}

/* The kind of client that reads partitions it names itself: nothing is to be said to a group on the way out. */
static inline void dipper_kafka_destroy(rd_kafka_t *handle) {
    rd_kafka_destroy_flags(handle, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
}
static inline void dipper_kafka_purge(rd_kafka_t *handle) {
    rd_kafka_purge(handle, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
}
static inline rd_kafka_resp_err_t dipper_kafka_mock_fail_produce(
    rd_kafka_mock_cluster_t *cluster, rd_kafka_resp_err_t code, size_t times) {
    rd_kafka_resp_err_t codes[16];
    if (times > 16) times = 16;
    for (size_t i = 0; i < times; i++) codes[i] = code;
    rd_kafka_mock_push_request_errors_array(cluster, 0 /* Produce */, times, codes);
    return RD_KAFKA_RESP_ERR_NO_ERROR;
}
#endif
