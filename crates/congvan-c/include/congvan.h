/* Congvan, embedded: four functions, and JSON between them. Link with -lcongvan_c.
 *
 * Strings are UTF-8 and end in a zero byte. Calls block, and any number of threads may call at once with one
 * node. Every string that a function returns goes back to congvan_free. docs/embedding.md lists what can be asked.
 */
#ifndef CONGVAN_H
#define CONGVAN_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A running node, by its number. 0 is none, and no number is given twice. */
typedef uint64_t congvan_node;

/* Starts the node in a directory that `congvan agency create` made:
 *
 *   {"dir": "/var/lib/congvan", "listen": ["/ip4/0.0.0.0/tcp/7411"], "bootstrap": [], "passphrase": null,
 *    "offline_start": false, "local_only": false, "archive": false, "report_arrival": true, "trust": null}
 *
 * Only "dir" is needed. On failure it returns 0, and *error says why as JSON, to be freed; otherwise *error
 * is NULL. error itself may be NULL. */
congvan_node congvan_start(const char *options, char **error);

/* Asks, and returns the answer, never NULL, to be freed. {"reply": "error", "message": …} says what went wrong
 * and what to do; its "retry" is true where the same question may succeed later. node may be 0 for
 * {"ask": "practice", …} alone. */
char *congvan_call(congvan_node node, const char *question);

/* Stops the node and closes its ledger: its directory may be opened again. Calls of other threads end with an
 * error, as do all later ones. The number of no running node does nothing. */
void congvan_stop(congvan_node node);

/* Frees an answer. NULL does nothing. */
void congvan_free(char *answer);

#ifdef __cplusplus
}
#endif

#endif
