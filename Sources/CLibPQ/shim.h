#ifndef DIPPER_CLIBPQ_SHIM_H
#define DIPPER_CLIBPQ_SHIM_H
#include <libpq-fe.h>

/* Fields of an error, which libpq names by character literals that Swift does not take over. */
static const int dipper_pq_sqlstate = PG_DIAG_SQLSTATE;
static const int dipper_pq_message = PG_DIAG_MESSAGE_PRIMARY;
static const int dipper_pq_detail = PG_DIAG_MESSAGE_DETAIL;
static const int dipper_pq_constraint = PG_DIAG_CONSTRAINT_NAME;

/* Notices go nowhere: libpq would write them to standard error. */
static inline void dipper_pq_ignore_notice(void *unused, const PGresult *notice) {
    (void)unused;
    (void)notice;
}
static inline void dipper_pq_silence(PGconn *connection) {
    PQsetNoticeReceiver(connection, dipper_pq_ignore_notice, NULL);
}
#endif
