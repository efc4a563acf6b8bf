/* The C ABI between Crossdock and its plugins. Provisional until version 1 is declared stable.
 *
 * A plugin is a shared library that exports exactly one symbol, the descriptor `crossdock_plugin`.
 *
 * Rules for all functions here, unless one says otherwise:
 *   Memory:  strings are (pointer, length), not ended by NUL, UTF-8, and borrowed for the duration of the call. Nothing that one
 *            side allocated is freed by the other: documents are handed back through xd_reply, whose receiver copies them.
 *   Errors:  nothing is thrown across. A function that can fail returns an XD_ status; text about it goes to xd_reply.fault.
 *   Growth:  structs begin with their size in bytes and grow only at the end; the reader touches no member beyond that size.
 */
#ifndef CROSSDOCK_ABI_H
#define CROSSDOCK_ABI_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The host loads plugins whose version lies in [CROSSDOCK_ABI_OLDEST, CROSSDOCK_ABI_VERSION]. */
#define CROSSDOCK_ABI_VERSION 1u
#define CROSSDOCK_ABI_OLDEST 1u

#define CROSSDOCK_SUPPLIER_ID "crossdock.supplier/1"
#define CROSSDOCK_CHANNEL_ID "crossdock.channel/1"

/* What an operation returns. */
#define XD_OK 0u            /* the answer was handed to xd_reply.document */
#define XD_FAULT 1u         /* it failed; the text was handed to xd_reply.fault */
#define XD_NOT_SUPPORTED 2u /* the plugin does not have this operation */
#define XD_CANCELED 3u      /* it gave up because the host asked it to */

/* How far an exchange got. */
#define XD_ANSWERED 0u /* the peer answered; see status */
#define XD_NOT_SENT 1u /* it failed before the first byte of the request (HTTP) or of the message (SMTP) left */
#define XD_CUT 2u      /* it left, and no whole answer came back: whether the peer acted is unknown */

#define XD_LOG_DEBUG 0u
#define XD_LOG_INFO 1u
#define XD_LOG_WARNING 2u
#define XD_LOG_ERROR 3u

typedef struct xd_text {
    const char* data;
    size_t size;
} xd_text;

typedef struct xd_header {
    xd_text name;
    xd_text value;
} xd_header;

/* Receives what an operation has to say; made by the host, valid for one call. Each function copies at once. */
typedef struct xd_reply {
    uint32_t size;
    uint32_t reserved;
    void* context;
    void (*document)(void* context, xd_text json);
    void (*fault)(void* context, xd_text what);
} xd_reply;

typedef struct xd_http_request {
    uint32_t size;
    uint32_t timeout_ms; /* 0: the account's request timeout, which is also the longest possible */
    xd_text method;      /* GET, POST, ... */
    xd_text url;         /* http:// or https:// */
    const xd_header* headers;
    size_t header_count;
    xd_text body;
} xd_http_request;

/* Filled by the host; strings live until the next service call of the same operation, or its end. */
typedef struct xd_http_reply {
    uint32_t size;
    uint32_t transport; /* XD_ANSWERED, XD_NOT_SENT, XD_CUT */
    int32_t status;     /* 0 unless answered */
    uint32_t elapsed_ms;
    int64_t retry_after_ms; /* -1: not asked for */
    xd_text body;
    const xd_header* headers;
    size_t header_count;
    xd_text reason; /* why there is no answer */
} xd_http_reply;

#define XD_TLS_NONE 0u
#define XD_TLS_STARTTLS 1u /* required, not merely tried */
#define XD_TLS_IMPLICIT 2u

typedef struct xd_smtp_submission {
    uint32_t size;
    uint32_t tls; /* XD_TLS_ */
    xd_text host;
    uint32_t port;
    uint32_t timeout_ms; /* as in xd_http_request */
    xd_text username;    /* empty: no authentication */
    xd_text password;
    xd_text from; /* the envelope's addresses, without <> */
    const xd_text* to;
    size_t to_count;
    xd_text message; /* a whole RFC 5322 message, lines ended by CR LF; not yet dot-stuffed */
} xd_smtp_submission;

typedef struct xd_smtp_reply {
    uint32_t size;
    uint32_t transport;
    int32_t status; /* the server's reply code, for example 250, 451, 550; 0 unless answered */
    uint32_t elapsed_ms;
    xd_text reason;
} xd_smtp_reply;

#define XD_ROW_LOWER_BOUND 1u /* the supplier said "100+": quantity is at least that */

typedef struct xd_inventory_row {
    uint32_t size;
    uint32_t flags; /* XD_ROW_ */
    xd_text sku;
    xd_text name;
    int64_t quantity;
    xd_text price;    /* decimal text as the supplier wrote it, for example "231.00"; never a float */
    xd_text currency; /* ISO 4217 */
    xd_text grade;
    xd_text lock_status;
    xd_text warehouse;
} xd_inventory_row;

/* The services of the host, for one operation of one plugin instance.
 *
 * Threads:  each operation has its own table; use it from the thread that runs the operation only.
 * Lifetime: until the operation returns.
 */
typedef struct xd_host {
    uint32_t size;
    uint32_t reserved;
    void* context;

    /* The account's settings as a JSON object, defaults filled in, checked against the plugin's schema, secrets in clear. */
    xd_text (*settings)(void* context);

    /* Blocks for one HTTP exchange. No redirects, no automatic second sending. An operation that is an effect can put one request
     * on the wire at most; the host answers XD_NOT_SENT to further ones. */
    void (*http)(void* context, const xd_http_request* request, xd_http_reply* reply);

    /* Blocks for one submission of one message. CR, LF or NUL in an address, or a line not ended by CR LF, is answered
     * XD_NOT_SENT. */
    void (*smtp)(void* context, const xd_smtp_submission* submission, xd_smtp_reply* reply);

    /* One line for the operator. Values of secret settings are blotted out. */
    void (*log)(void* context, uint32_t level, xd_text message);

    int64_t (*utc_ms)(void* context);  /* since 1970 */
    int64_t (*boot_ms)(void* context); /* CLOCK_BOOTTIME */

    /* Hands over inventory rows, `row_size` bytes apart. Blocks until the host has stored them: that is the back-pressure.
     * Returns XD_OK, or XD_CANCELED: then stop and return XD_CANCELED. Only in sync_inventory. */
    uint32_t (*emit_rows)(void* context, const xd_inventory_row* rows, size_t row_size, size_t count);

    /* 1 when the answer is no longer wanted. Long operations ask now and then. */
    uint32_t (*canceled)(void* context);
} xd_host;

/* One operation: takes a JSON document, answers one through `reply`.
 * Threads: several operations of one instance may run at once, on different threads. */
typedef uint32_t (*xd_operation)(void* instance, const xd_host* host, xd_text input, const xd_reply* reply);

/* Members that every interface begins with. */
typedef struct xd_instance_v1 {
    uint32_t size;
    uint32_t reserved;

    /* Hands a JSON object to `reply`: {"classes": {operation: strongest effect class}, "settings": [schema rows]}. Runs no code
     * of the account; called before create. */
    uint32_t (*manifest)(const xd_reply* reply);

    /* Makes an instance for one account; `host` serves settings, log and clock only, and for this call only. */
    uint32_t (*create)(const xd_host* host, const xd_reply* reply, void** instance);

    /* Ends an instance. No operation runs on it. */
    void (*destroy)(void* instance);
} xd_instance_v1;

/* "crossdock.supplier/1". A null operation is one that is not supported. */
typedef struct xd_supplier_v1 {
    xd_instance_v1 base; /* base.size is the size of this whole struct */
    xd_operation create_order;
    xd_operation find_order;
    xd_operation get_order_status;
    xd_operation cancel_order;
    xd_operation sync_inventory;
    xd_operation handle_webhook;
} xd_supplier_v1;

/* "crossdock.channel/1". */
typedef struct xd_channel_v1 {
    xd_instance_v1 base;
    xd_operation deliver;
} xd_channel_v1;

/* What the library exports as `crossdock_plugin`.
 * Threads: get_interface from any. Lifetime: as long as the library, which is never unloaded. */
typedef struct xd_plugin {
    uint32_t size;
    uint32_t abi_version; /* the CROSSDOCK_ABI_VERSION it was built with */
    xd_text name;
    xd_text version;
    /* The table of that interface, for example xd_supplier_v1 for CROSSDOCK_SUPPLIER_ID; null when not offered. */
    const void* (*get_interface)(xd_text id);
} xd_plugin;

#define CROSSDOCK_EXPORT __attribute__((visibility("default")))

extern CROSSDOCK_EXPORT const xd_plugin crossdock_plugin;

#ifdef __cplusplus
}
#endif

#endif
