/* Two nodes in one program: one sends a document, the other receives it through a durable consumer and accepts it.
 *
 *   make bindings
 *   cc -Itarget/bindings/c examples/c/send_receive.c -Ltarget/bindings/c -lcongvan_c -o send_receive
 *   LD_LIBRARY_PATH=target/bindings/c ./send_receive DIRECTORY
 *
 * Real software has a library for JSON; this one gets along without, by looking for "name":"value".
 */
#include <congvan.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The text after "name":" in an answer, until the next quotation mark. Ends the program where there is none. */
static const char *field(const char *answer, const char *name) {
    static char values[8][512];
    static int next;
    char *value = values[next++ % 8], key[64];
    snprintf(key, sizeof key, "\"%s\":\"", name);
    const char *at = strstr(answer, key);
    if (at == NULL || sscanf(at + strlen(key), "%511[^\"]", value) != 1) {
        fprintf(stderr, "no %s in %s\n", name, answer);
        exit(1);
    }
    return value;
}

/* Asks a node; the program ends where the answer is an error. */
__attribute__((format(printf, 2, 3))) static char *ask(congvan_node node, const char *format, ...) {
    char question[4096];
    va_list words;
    va_start(words, format);
    vsnprintf(question, sizeof question, format, words);
    va_end(words);
    char *answer = congvan_call(node, question);
    if (strstr(answer, "\"reply\":\"error\"") != NULL) {
        fprintf(stderr, "%s\n%s\n", question, answer);
        exit(1);
    }
    return answer;
}

/* Starts the node of an agency. */
static congvan_node start(const char *dir, const char *more) {
    char options[4096], *error;
    snprintf(options, sizeof options, "{\"dir\": \"%s\", %s}", dir, more);
    congvan_node node = congvan_start(options, &error);
    if (node == 0) {
        fprintf(stderr, "%s\n", error);
        exit(1);
    }
    return node;
}

/* The next event of a kind, as JSON; all before it are acknowledged unread, itself is too. */
static char *wait_for(congvan_node node, const char *consumer, const char *kind) {
    char wanted[64];
    snprintf(wanted, sizeof wanted, "\"event\":\"%s\"", kind);
    for (;;) {
        char *answer = ask(node, "{\"ask\": \"events\", \"consumer\": \"%s\", \"limit\": 1, \"timeout_ms\": 60000}", consumer);
        const char *number = strstr(answer, "\"event_number\":");
        if (number == NULL) {
            fprintf(stderr, "nothing came\n");
            exit(1);
        }
        long last = strtol(number + strlen("\"event_number\":"), NULL, 10);
        congvan_free(ask(node, "{\"ask\": \"acknowledge\", \"consumer\": \"%s\", \"number\": %ld}", consumer, last));
        if (strstr(answer, wanted) != NULL) return answer;
        congvan_free(answer);
    }
}

int main(int count, char **words) {
    const char *dir = count > 1 ? words[1] : ".";
    /* A network to practise in. A real agency has its directory from `congvan agency create`. */
    congvan_free(ask(0,
        "{\"ask\": \"practice\", \"dir\": \"%s/network\", \"name\": \"Thái Nguyên\", \"agencies\": ["
        "{\"code\": \"000.00.00.H55\", \"name\": \"UBND tỉnh Thái Nguyên\"},"
        "{\"code\": \"000.00.01.H55\", \"name\": \"Sở Tài chính\"}]}", dir));
    char home[2048], more[1024], path[2048];
    snprintf(home, sizeof home, "%s/network/agency-000.00.01.H55", dir);
    congvan_node finance = start(home, "\"listen\": [\"/ip4/127.0.0.1/tcp/0\"]");
    char *state = ask(finance, "{\"ask\": \"node\"}");
    const char *address = strstr(state, "\"listening\":[\"");
    snprintf(more, sizeof more, "\"bootstrap\": [\"%.*s\"]", (int)strcspn(address + 14, "\""), address + 14);
    congvan_free(state);
    snprintf(home, sizeof home, "%s/network/agency-000.00.00.H55", dir);
    congvan_node province = start(home, more);

    snprintf(path, sizeof path, "%s/bao-cao.txt", dir);
    FILE *file = fopen(path, "w");
    if (file == NULL || fputs("Số liệu tháng 11\n", file) < 0 || fclose(file) != 0) return perror(path), 1;
    char id[65];
    for (int retry = 0; retry < 2; retry++) {
        char *receipt = ask(province,
            "{\"ask\": \"send\", \"document\": {\"to\": [\"000.00.01.H55\"], \"subject\": \"Báo cáo tháng 11\","
            "\"number\": \"12\", \"notation\": \"BC-UBND\", \"attachments\": [{\"file\": \"%s\"}], \"key\": \"bao-cao-11\"}}",
            path);
        snprintf(id, sizeof id, "%s", field(receipt, "id"));
        if (retry) printf("retried   %s, repeated: %s\n", id, strstr(receipt, "\"repeated\":true") ? "true" : "false");
        else printf("sent      %s\n", id);
        congvan_free(receipt);
    }

    /* The other side, in its own software. */
    char *event = wait_for(finance, "register", "received");
    printf("received  %s from %s: %s\n", field(event, "id"), field(event, "from"), field(event, "subject"));
    congvan_free(event);
    congvan_free(ask(finance, "{\"ask\": \"wait_complete\", \"id\": \"%s\", \"timeout_ms\": 60000}", id));
    snprintf(path, sizeof path, "%s/received.txt", dir);
    congvan_free(ask(finance, "{\"ask\": \"attachment\", \"id\": \"%s\", \"number\": 0, \"file\": \"%s\"}", id, path));
    char line[128];
    file = fopen(path, "r");
    if (file == NULL || fgets(line, sizeof line, file) == NULL || fclose(file) != 0) return perror(path), 1;
    printf("saved     %s", line);
    congvan_free(ask(finance, "{\"ask\": \"report\", \"report\": {\"id\": \"%s\", \"status\": \"03\", \"note\": \"Đã tiếp nhận\"}}", id));
    char question[256];
    snprintf(question, sizeof question, "{\"ask\": \"report\", \"report\": {\"id\": \"%s\", \"status\": \"13\"}}", id);
    char *refused = congvan_call(finance, question);
    printf("refused   %s\n", field(refused, "message"));
    congvan_free(refused);

    /* Back at the sender. */
    do event = wait_for(province, "follow-up", "status");
    while (strcmp(field(event, "status"), "03") != 0 && (congvan_free(event), 1));
    printf("status    03 %s: %s\n", field(event, "meaning_vi"), field(event, "note"));
    congvan_free(event);

    congvan_stop(province);
    congvan_stop(finance);
    char *stopped = congvan_call(finance, "{\"ask\": \"inbox\", \"limit\": 10}");
    printf("stopped   %s\n", field(stopped, "message"));
    congvan_free(stopped);
    return 0;
}
