// What the daemon says: answers, and the stream of events.

const live = {
    me: null,          // {key, scopes, customer_id, csrf}
    cursor: null,      // of the last event
    recent: [],        // events since the page was opened, newest first
    present: true,     // a person did something since the last request
    moved: new Map(),  // orders that an event has just told of: id -> until when they are shown so
};

const silentMost = 40000;  // a heartbeat comes every 15 s
const backoffMost = 5000;
const recentMost = 40;
const movedFor = 2500;

/** An answer that is a refusal: `status`, and what the daemon says. */
class Refusal extends Error {
    constructor(status, title, detail) {
        super(detail || title);
        this.status = status;
        this.title = title;
    }
}

function may(scope) {
    return live.me !== null && live.me.scopes.includes(scope);
}

/** The daemon answers with the way to sign in again. */
function leave() {
    location.reload();
}

/** Resolves to the answer's document. Errors: Refusal; status 0 when the daemon cannot be reached. */
async function call(method, path, body) {
    const headers = {Accept: 'application/json'};
    // What the page asks for by itself does not keep the session alive.
    if (!live.present) { headers['X-Quiet'] = '1'; }
    live.present = false;
    if (method !== 'GET') { headers['X-CSRF-Token'] = live.me.csrf; }
    if (body !== undefined) { headers['Content-Type'] = 'application/json'; }
    let response;
    try {
        response = await fetch(path, {method, headers, cache: 'no-store', body: body === undefined ? undefined : JSON.stringify(body)});
    } catch {
        throw new Refusal(0, 'The daemon cannot be reached', 'Trying again until it answers.');
    }
    if (response.status === 401) {
        leave();
        throw new Refusal(401, 'Signed out', 'Your session has ended.');
    }
    const text = await response.text();
    let document = null;
    try { document = text === '' ? null : JSON.parse(text); } catch { document = null; }
    if (!response.ok) {
        const problem = document || {};
        throw new Refusal(response.status, problem.title || 'The daemon answered ' + response.status, problem.detail);
    }
    return document;
}

function showLive(state, text) {
    const place = document.getElementById('live');
    place.dataset.state = state;
    if (place.textContent !== text) { place.textContent = text; }
}

function pause(ms) {
    return new Promise((resolve) => setTimeout(resolve, ms));
}

/** One block of the stream. */
function take(block, told) {
    let data = '';
    let id = null;
    for (const line of block.split('\n')) {
        if (line.startsWith('data:')) { data += line.slice(5).trimStart(); }
        else if (line.startsWith('id:')) { id = line.slice(3).trim(); }
        else if (line.startsWith('event:') && line.slice(6).trim() === 'reset') { live.cursor = null; }
    }
    if (id !== null) { live.cursor = id; }
    if (data === '') { return; }
    let event;
    try { event = JSON.parse(data); } catch { return; }
    live.recent.unshift(event);
    live.recent.length = Math.min(live.recent.length, recentMost);
    if (event.order_id) { live.moved.set(event.order_id, Date.now() + movedFor); }
    told(event);
}

async function readStream(begun, told) {
    const abort = new AbortController();
    let watch = setTimeout(() => abort.abort(), silentMost);
    try {
        const headers = {'X-Quiet': '1'};
        if (live.cursor !== null) { headers['Last-Event-ID'] = live.cursor; }
        const response = await fetch('/v1/events', {headers, cache: 'no-store', signal: abort.signal});
        if (response.status === 401) { return leave(); }
        if (response.status === 400) { live.cursor = null; }
        if (!response.ok) { return; }
        begun();
        const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
        let rest = '';
        for (;;) {
            const {value, done} = await reader.read();
            if (done) { return; }
            clearTimeout(watch);
            watch = setTimeout(() => abort.abort(), silentMost);
            const blocks = (rest + value).split('\n\n');
            rest = blocks.pop();
            for (const block of blocks) { take(block, told); }
        }
    } finally {
        clearTimeout(watch);
    }
}

/** Follows the events for as long as the page is open; goes on behind a cut where it was. */
async function follow(begun, told) {
    let backoff = 250;
    for (;;) {
        try {
            await readStream(() => {
                backoff = 250;
                showLive('live', 'Live');
                begun();
            }, told);
        } catch {
            // A cut: what follows says so.
        }
        showLive('cut', 'Cut off. Trying again…');
        await pause(backoff);
        backoff = Math.min(backoff * 2, backoffMost);
    }
}
