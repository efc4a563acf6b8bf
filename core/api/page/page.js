// Which view is shown, and keeping it true.

const views = {
    orders: ordersView, attention: attentionView, 'dead-letters': deadLettersView, suppliers: suppliersView, inventory: inventoryView,
    notifications: notificationsView,
};
const refreshEvery = 800;   // at most so often, however much happens
const lookEvery = 30000;    // for what no event tells, such as when a supplier was last asked

const shown = {view: '', id: '', data: null, text: '', timer: null, last: 0, asked: 0, overview: null, drawnId: ''};

function visibleViews() {
    return Object.entries(views).filter(([, view]) => view.open || !live.me.customer_id);
}

/** "#/orders/PO-1" as [view, id]. */
function place() {
    const [, name, id] = location.hash.split('/');
    let chosen = '';
    try { chosen = decodeURIComponent(id || ''); } catch { chosen = id; }
    return visibleViews().some(([key]) => key === name) ? [name, chosen] : ['orders', ''];
}

function drawNav() {
    const counts = shown.overview || {};
    document.getElementById('nav').replaceChildren(...visibleViews().map(([key, view], i) => {
        const count = view.count ? counts[view.count] || 0 : 0;
        return h('a', {href: '#/' + key, 'aria-current': key === shown.view ? 'page' : null, 'aria-keyshortcuts': String(i + 1)}, icon(...view.icon),
            h('span', {class: 'word'}, view.word), count ? h('span', {class: 'badge', 'aria-label': count + ' waiting'}, count) : null);
    }));
    const waiting = (counts.attention || 0) + (counts.dead_letters || 0);
    document.title = (waiting ? '(' + waiting + ') ' : '') + views[shown.view].title + ' · Crossdock';
}

function drawLatest() {
    const list = document.getElementById('latest');
    if (live.recent.length === 0) { return; }
    list.replaceChildren(...live.recent.slice(0, 12).map((event) => h('li', {},
        h('span', {class: 'event'}, event.type), ' ', orderLink(event.order_id) || h('span', {class: 'id'}, (event.data || {}).sku || (event.data || {}).supplier || ''),
        when(event.time))));
}

/** Draws what was last read. The focus stays where it was. */
function redraw() {
    if (shown.data === null) { return; }
    const body = document.getElementById('view');
    const focused = document.activeElement && body.contains(document.activeElement) ? document.activeElement.closest('[data-key]') : null;
    const key = focused ? focused.dataset.key : null;
    const scrolled = body.querySelector('.detail')?.scrollTop || 0;
    const drawn = views[shown.view].draw(shown.data, shown.id);
    body.replaceChildren(...[drawn].flat().filter(Boolean));
    if (shown.drawnId === shown.id && scrolled > 0) { body.querySelector('.detail')?.scrollTo(0, scrolled); }
    shown.drawnId = shown.id;
    if (key !== null) {
        const again = [...body.querySelectorAll('[data-key]')].find((one) => one.dataset.key === key);
        const target = again && (again.matches('a, button') ? again : again.querySelector('a, button'));
        if (target) { target.focus({preventScroll: true}); }
    }
}

function showRefusal(refusal) {
    const body = document.getElementById('view');
    if (refusal.status === 0 && shown.data !== null) { return; }
    shown.text = '';
    body.replaceChildren(panel(refusal.title, refusal.message, h('p', {class: 'buttons'},
        h('button', {type: 'button', class: 'primary', onclick: () => refresh()}, 'Try again'))));
}

async function refresh() {
    clearTimeout(shown.timer);
    shown.timer = null;
    shown.last = Date.now();
    const asked = ++shown.asked;
    const view = views[shown.view];
    const paths = Object.entries(view.paths(shown.id));
    try {
        const wanted = live.me.customer_id ? null : call('GET', '/v1/overview');
        const answers = await Promise.all(paths.map(([, path]) => call('GET', path)));
        const overview = await wanted;
        if (asked !== shown.asked) { return; }
        shown.overview = overview;
        const data = Object.fromEntries(paths.map(([key], i) => [key, answers[i]]));
        const text = JSON.stringify(data);
        shown.data = data;
        if (text !== shown.text) {
            shown.text = text;
            redraw();
        }
        drawNav();
    } catch (refusal) {
        if (!(refusal instanceof Refusal)) { throw refusal; }
        if (asked === shown.asked) { showRefusal(refusal); }
    }
}

function refreshSoon() {
    if (shown.timer !== null) { return; }
    shown.timer = setTimeout(refresh, Math.max(30, shown.last + refreshEvery - Date.now()));
}

function go() {
    const [name, id] = place();
    const other = name !== shown.view;
    const another = other || id !== shown.id;
    shown.view = name;
    shown.id = id;
    if (other) {
        shown.data = null;
        shown.text = '';
        const view = views[name];
        const bar = view.bar ? view.bar() : h('div', {class: 'bar'}, h('h1', {}, view.title));
        document.getElementById('content').replaceChildren(bar, h('div', {id: 'view', class: 'view ' + name}, h('p', {class: 'quiet hint'}, 'Reading…')));
        window.scrollTo(0, 0);
    }
    if (another && !other) {
        shown.text = '';
        // On a phone the detail takes the place of the list.
        window.scrollTo(0, 0);
    }
    drawNav();
    refresh();
}

function moveFocus(by) {
    const rows = [...document.querySelectorAll('#view [data-row], #view .card')].filter((row) => row.offsetParent !== null);
    if (rows.length === 0) { return; }
    const targets = rows.map((row) => row.matches('a') ? row : row.querySelector('a, button')).filter(Boolean);
    const at = targets.findIndex((target) => target === document.activeElement || target.closest('.card')?.contains(document.activeElement));
    const next = at < 0 ? (by > 0 ? 0 : targets.length - 1) : Math.min(Math.max(at + by, 0), targets.length - 1);
    targets[next].focus();
    targets[next].scrollIntoView({block: 'nearest'});
}

function showKeys() {
    const keys = [['1 … 6', 'the views'], ['j, k', 'down, up in a list'], ['Enter', 'open'], ['Esc', 'back to the list'], ['/', 'filter'], ['?', 'this']];
    ask('Keys', [h('dl', {class: 'keys'}, keys.map(([key, text]) => [h('dt', {}, h('kbd', {}, key)), h('dd', {}, text)]))], [], null);
}

function onKey(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector('dialog[open]')) { return; }
    const typing = event.target.matches('input, textarea, select');
    if (event.key === 'Escape') {
        if (typing) { event.target.blur(); }
        else if (shown.id) { location.hash = '#/' + shown.view; }
        return;
    }
    if (typing) { return; }
    const number = Number(event.key);
    const all = visibleViews();
    if (number >= 1 && number <= all.length) { location.hash = '#/' + all[number - 1][0]; }
    else if (event.key === 'j') { moveFocus(1); }
    else if (event.key === 'k') { moveFocus(-1); }
    else if (event.key === '?') { showKeys(); }
    else if (event.key === '/' && document.getElementById('filter')) { document.getElementById('filter').focus(); }
    else { return; }
    event.preventDefault();
}

async function signOut() {
    try {
        await call('DELETE', '/session');
        location.replace('/');
    } catch (refusal) { say(refusal.message, true); }
}

/** Waits for the daemon, which may still be starting. */
async function whoAmI() {
    for (;;) {
        try {
            return await call('GET', '/session');
        } catch (refusal) {
            if (refusal.status === 401) { throw refusal; }
            showLive('cut', 'Cut off. Trying again…');
            await pause(1000);
        }
    }
}

async function startConsole() {
    live.me = await whoAmI();
    document.getElementById('who').textContent = live.me.customer_id ? live.me.key + ', for ' + live.me.customer_id : live.me.key;
    document.getElementById('sign-out').addEventListener('click', signOut);
    document.getElementById('keys').addEventListener('click', showKeys);
    document.addEventListener('keydown', onKey);
    window.addEventListener('hashchange', go);
    setInterval(() => {
        for (const time of document.querySelectorAll('time:not([data-fixed])')) { time.textContent = ago(new Date(time.dateTime)); }
    }, 10000);
    for (const deed of ['pointerdown', 'keydown']) { document.addEventListener(deed, () => { live.present = true; }); }
    setInterval(() => { if (!document.hidden) { refreshSoon(); } }, lookEvery);
    go();
    follow(refreshSoon, () => {
        drawLatest();
        refreshSoon();
    });
}

/** Someone who follows a link from elsewhere brings no cookie along, and may be signed in all the same. */
async function startSignIn(form) {
    form.action = '/session' + location.hash;
    try {
        const response = await fetch('/session', {cache: 'no-store'});
        if (!response.ok) { return; }
        if (location.pathname === '/') { location.reload(); }
        else { location.replace('/' + location.hash); }
    } catch {
        // The form is there.
    }
}

const signInForm = document.getElementById('sign-in');
if (signInForm) { startSignIn(signInForm); }
else { startConsole().catch(() => {}); }
