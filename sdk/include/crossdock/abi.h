/* The C ABI between Crossdock and its plugins, revision 5. What may change and when: docs/abi.md.
 *
 * A plugin is a shared library that exports exactly one symbol, the descriptor `crossdock_plugin`. It answers interfaces by
 * string id ("crossdock.supplier/1"), and the host gives it services through a table, xd_host.
 *
 * Rules for all functions here, unless one says otherwise:
 *
 *   Memory:  texts are (pointer, length), not ended by NUL, UTF-8, and borrowed for the duration of the call. Nothing that one
 *            side allocated is freed by the other: documents are handed back through xd_reply, whose receiver copies them.
 *
 *   Threads: a call of the plugin may come on any of the worker's threads; the services in its xd_host are for that thread and
 *            that call only.
 *
 *   Errors:  nothing is thrown across, and nothing ends the process. A function that can fail returns an XD_ status; text about
 *            it goes to xd_reply.fault, or comes from xd_host.problem.
 *
 *   Growth:  structs begin with their size in bytes and grow only at the end. Who reads a struct touches no member beyond that
 *            size: XD_HAS asks. Members say since which revision they exist; those that do not exist since revision 1.
 */
#ifndef CROSSDOCK_ABI_H
#define CROSSDOCK_ABI_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* This header's revision, and the oldest one whose plugins this host still loads. */
#define CROSSDOCK_ABI_REVISION 5u
#define CROSSDOCK_ABI_OLDEST 1u

#define CROSSDOCK_SUPPLIER_ID "crossdock.supplier/1"
#define CROSSDOCK_CHANNEL_ID "crossdock.channel/1"
#define CROSSDOCK_SECRETS_ID "crossdock.secrets/1" /* revision 5 */

/* Whether a struct that the other side made has a member: XD_HAS(host, xd_host, secret). */
#define XD_HAS(object, type, member) ((object)->size >= offsetof(type, member) + sizeof((object)->member))

/* What an operation, or a service, returns. */
#define XD_OK 0u            /* done; an operation has handed its answer to xd_reply.document */
#define XD_FAULT 1u         /* it failed; an operation has handed the text to xd_reply.fault */
#define XD_NOT_SUPPORTED 2u /* the plugin does not have this operation */
#define XD_CANCELED 3u      /* it gave up because the host asked it to */
#define XD_NOT_FOUND 4u     /* services only: there is no secret, or no file, of that name (revision 2) */

/* How far an exchange got. */
#define XD_ANSWERED 0u /* the peer answered; see status */
#define XD_NOT_SENT 1u /* it failed before the first byte of the request (HTTP) or of the message (SMTP) left */
#define XD_CUT 2u      /* it left, and no whole answer came back: whether the peer acted is unknown */

#define XD_HMAC_SHA256 1u /* what xd_host.hmac works out (revision 4) */

#define XD_LOG_DEBUG 0u
#define XD_LOG_INFO 1u
#define XD_LOG_WARNING 2u
#define XD_LOG_ERROR 3u

typedef struct xd_text {
    const char* data; /* may be null when size is 0 */
    size_t size;
} xd_text;

typedef struct xd_header {
    xd_text name;
    xd_text value;
} xd_header;

/* Receives what an operation has to say; made by the host, valid for one call. Each function copies at once; the last call
 * counts. Threads: the operation's own. */
typedef struct xd_reply {
    uint32_t size;
    uint32_t reserved;
    void* context;
    void (*document)(void* context, xd_text json);
    void (*fault)(void* context, xd_text what);
    /* Revision 2. With XD_FAULT: the peer asked for a pause of that many milliseconds before it is tried again. */
    void (*retry_after)(void* context, int64_t delay_ms);
} xd_reply;

typedef struct xd_http_request {
    uint32_t size;
    uint32_t timeout_ms; /* 0: the account's request timeout, which is also the longest possible */
    xd_text method;      /* GET, POST, ... */
    xd_text url;         /* http:// or https://, absolute */
    const xd_header* headers;
    size_t header_count;
    xd_text body;
    /* Revision 5. The host signs the request as it leaves: "aws:amz:REGION:SERVICE" is AWS Signature Version 4. Empty: it does
     * not. An older host does not know the member and sends the request unsigned. */
    xd_text signature;
    xd_text signing_id;  /* for example an access key's id */
    xd_text signing_key; /* the secret that belongs to it */
} xd_http_request;

/* Made by the plugin, which sets size; filled by the host. Texts live until the next service call of the same operation, or its
 * end. */
typedef struct xd_http_reply {
    uint32_t size;
    uint32_t transport; /* XD_ANSWERED, XD_NOT_SENT, XD_CUT */
    int32_t status;     /* 0 unless answered */
    uint32_t elapsed_ms;
    int64_t retry_after_ms; /* -1: not asked for */
    xd_text body;           /* as received: any bytes, not UTF-8 necessarily */
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

/* Made by the plugin, which sets size; filled by the host. Lifetime as xd_http_reply. */
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

/* The services of the host, for one call of one plugin instance.
 *
 * Threads:  each call has its own table; use it from the thread that runs the call only.
 * Lifetime: until the call returns.
 */
typedef struct xd_host {
    uint32_t size;
    uint32_t reserved;
    void* context;

    /* The account's settings as a JSON object, defaults filled in, checked against the plugin's schema. Secrets are not among
     * them: see `secret`. (A plugin of revision 1, which has no such service, finds them here.) */
    xd_text (*settings)(void* context);

    /* Blocks for one HTTP exchange. No redirects, no automatic second sending. An operation that is an effect (create_order,
     * cancel_order, deliver) can put one request on the wire at most, and none after the effect's not_after; the host answers
     * XD_NOT_SENT to further ones, and says why in `reason`. The account's request timeout bounds it. */
    void (*http)(void* context, const xd_http_request* request, xd_http_reply* reply);

    /* Blocks for one submission of one message; bounds as for http. CR, LF or NUL in an address, or a line not ended by CR LF, is
     * answered XD_NOT_SENT. */
    void (*smtp)(void* context, const xd_smtp_submission* submission, xd_smtp_reply* reply);

    /* One line for the operator. Values of secret settings are blotted out. */
    void (*log)(void* context, uint32_t level, xd_text message);

    int64_t (*utc_ms)(void* context);  /* since 1970 */
    int64_t (*boot_ms)(void* context); /* CLOCK_BOOTTIME */

    /* Hands over inventory rows, `row_size` bytes apart. Blocks until the host has stored them: that is the back-pressure.
     * Returns XD_OK, or XD_CANCELED: then stop and return XD_CANCELED. A row without a sku, with a quantity below 0 or a price
     * that is no decimal number ends the operation with a fault that names it. Only in sync_inventory. */
    uint32_t (*emit_rows)(void* context, const xd_inventory_row* rows, size_t row_size, size_t count);

    /* 1 when the answer is no longer wanted. Long operations ask now and then. An exchange under way that changes nothing is
     * ended within about a second; further ones are answered XD_NOT_SENT. */
    uint32_t (*canceled)(void* context);

    /* Revision 2. The value of a setting that the schema calls secret. XD_OK, or XD_NOT_FOUND when the account gives none.
     * The text lives until the call of the plugin ends. Ask at each use: a secret may be rotated while the plugin serves. */
    uint32_t (*secret)(void* context, xd_text name, xd_text* value);

    /* Revision 2. Files in the account's own folder, flat. A name has 1 to 128 of A-Z a-z 0-9 . _ -, and does not begin with a
     * dot. A file has at most 16 MiB. XD_OK; XD_NOT_FOUND (read, remove); XD_FAULT, and `problem` says why.
     *
     * file_read: the content lives until the next service call of the same operation, or its end.
     *
     * file_write: replaces the file at once and whole, durably.
     *
     * file_list: a JSON array of names, sorted; lifetime as file_read. */
    uint32_t (*file_read)(void* context, xd_text name, xd_text* content);
    uint32_t (*file_write)(void* context, xd_text name, xd_text content);
    uint32_t (*file_remove)(void* context, xd_text name);
    uint32_t (*file_list)(void* context, xd_text* names);

    /* Revision 2. About the last service that returned XD_FAULT, for people; empty when none did. Lifetime as file_read. */
    xd_text (*problem)(void* context);

    /* Revision 3. What a jq expression gives for a JSON document: exactly one value, as JSON. It runs in a process of its own,
     * never in the plugin's, and what it does there is at the cost of this evaluation alone. Blocks for at most 10 s: 8 s until
     * it is its turn, and 2 s of its own. An expression has at most 16 KiB, a document 4 MiB and 96 levels, a value 1 MiB and 48
     * levels.
     *
     * XD_OK: `value` lives until the next service call of the same operation, or its end. XD_FAULT, and `problem` says why: it
     * does not compile ("line 1, column 7: ..."), it fails with this document, it takes too long, something is too large, or this
     * is `create`. XD_CANCELED: the answer is no longer wanted; an effect whose request has left is evaluated to its end. Sends
     * nothing: an effect may evaluate as often as it likes. */
    uint32_t (*evaluate)(void* context, xd_text expression, xd_text document, xd_text* value);

    /* Revision 4. The message authentication code of `data` (RFC 2104) under `key`, both any bytes: raw bytes, 32 of them for
     * XD_HMAC_SHA256. For requests that are signed, so that no plugin brings cryptography of its own.
     *
     * XD_OK: `mac` lives until the next service call of the same operation, or its end. XD_FAULT, and `problem` says why: the
     * host does not know the algorithm. Sends nothing. */
    uint32_t (*hmac)(void* context, uint32_t algorithm, xd_text key, xd_text data, xd_text* mac);
} xd_host;

/* One operation: takes a JSON document, answers one through `reply`; docs/reference/sdk.md gives the documents of each.
 * Threads: as the interface's flags say. Returns XD_OK, XD_FAULT, XD_NOT_SUPPORTED or XD_CANCELED. */
typedef uint32_t (*xd_operation)(void* instance, const xd_host* host, xd_text input, const xd_reply* reply);

/* Flags of an interface. */
#define XD_SERIAL_CALLS 1u /* calls of one instance never overlap; without it they may, on different threads (revision 2) */

/* Members that every interface begins with. */
typedef struct xd_instance_v1 {
    uint32_t size;
    uint32_t flags; /* XD_SERIAL_CALLS; 0 in revision 1 */

    /* Hands a JSON object to `reply`: {"classes": {operation: strongest effect class}, "settings": [schema rows]}. Runs no code
     * of the account; called before create, more than once perhaps. Threads: any. */
    uint32_t (*manifest)(const xd_reply* reply);

    /* Makes an instance for one account; `host` serves settings, secrets, files, log and clock only, and for this call only.
     * XD_OK, with the plugin's own pointer in `instance` (null is allowed), or XD_FAULT. Ownership: the plugin's, until destroy.
     */
    uint32_t (*create)(const xd_host* host, const xd_reply* reply, void** instance);

    /* Ends an instance. No operation runs on it. */
    void (*destroy)(void* instance);
} xd_instance_v1;

/* "crossdock.supplier/1". A null operation is one that is not supported: the others are the plugin's capabilities. */
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
    xd_instance_v1 base; /* base.size is the size of this whole struct */
    xd_operation deliver;
} xd_channel_v1;

/* "crossdock.secrets/1", revision 5: where secrets of the config are kept. */
typedef struct xd_secrets_v1 {
    xd_instance_v1 base; /* base.size is the size of this whole struct */
    xd_operation read;
} xd_secrets_v1;

/* What the library exports as `crossdock_plugin`.
 * Threads: get_interface from any. Lifetime: as long as the library, which is never unloaded. */
typedef struct xd_plugin {
    uint32_t size;
    uint32_t abi_revision; /* the CROSSDOCK_ABI_REVISION it was built with */
    xd_text name;
    xd_text version;
    /* The table of that interface, for example xd_supplier_v1 for CROSSDOCK_SUPPLIER_ID; null when not offered. Lifetime: the
     * library's. */
    const void* (*get_interface)(xd_text id);
    /* Revision 2. The oldest host that it runs on: below abi_revision when the plugin asks XD_HAS before it uses what is newer.
     * 0, or absent: abi_revision itself. */
    uint32_t abi_needs;
    uint32_t reserved;
} xd_plugin;

#define CROSSDOCK_EXPORT __attribute__((visibility("default")))

extern CROSSDOCK_EXPORT const xd_plugin crossdock_plugin;

#ifdef __cplusplus
}
#endif

#endif
