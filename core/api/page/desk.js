// What a person on call sees and does beyond orders.

const choiceTexts = {
    adopt: ['The supplier has it', 'The supplier has the order, under an id of its own. It is accepted, and the client has the confirmation.', 'Adopt'],
    resend: ['Send it again', 'The supplier does not have it. It is sent as a new order, with a new reference. If the supplier had it after all, that is a second order.', 'Send again'],
    cancel: ['Cancel it', 'The supplier does not have it, or has canceled it. The order is canceled, and the client is told.', 'Cancel the order'],
    done: ['Done', 'You have seen to it elsewhere. The entry is closed.', 'Close the entry'],
};

async function resolveEntry(entry, choice) {
    const [word, text, verb] = choiceTexts[choice];
    const fields = choice === 'adopt' ? [{name: 'supplier_order_id', label: 'The supplier\'s order id', required: true}] : [];
    fields.push({name: 'note', label: 'Note for the audit log (may be empty)', most: 500});
    const given = await ask('#' + entry.number + ' ' + entry.about + ': ' + word, [entry.reason, text], fields, verb,
        choice === 'resend' || choice === 'cancel');
    if (given === null) { return; }
    try {
        const done = await call('POST', '/v1/attention/' + entry.number + '/resolve', {what: choice, ...given});
        say('#' + entry.number + ': ' + done.resolution + '.');
    } catch (refusal) { say(refusal.message, true); }
    refreshSoon();
}

function attentionEntry(entry) {
    const buttons = (entry.choices || []).map((choice) => h('button', {type: 'button', class: choice === 'done' ? 'primary' : null,
        'data-choice': choice, onclick: () => resolveEntry(entry, choice)}, (choiceTexts[choice] || [choice])[0]));
    return h('li', {class: 'card', 'data-key': entry.number},
        h('p', {class: 'card-head'}, h('span', {class: 'number'}, '#' + entry.number), entry.order_id ? orderLink(entry.order_id) : h('strong', {}, entry.about),
            h('span', {class: 'spring'}), entry.account ? h('span', {class: 'quiet'}, entry.account + (entry.operation ? '.' + entry.operation : '')) : null,
            when(entry.opened_at)),
        h('p', {class: 'reason'}, entry.reason),
        may('admin') ? h('p', {class: 'buttons'}, buttons)
            : h('p', {class: 'quiet'}, 'Your key may not resolve this: that takes the scope admin.'));
}

const attentionView = {
    title: 'Needs attention', word: 'Attention', count: 'attention',
    icon: ['M8 2 14.5 13.5h-13z', 'M8 6.5v3.2M8 11.6v.2'],
    paths: () => ({attention: '/v1/attention'}),
    draw: (data) => data.attention.attention.length === 0
        ? panel('Nothing waits for you', 'What needs a person appears here by itself, and is mailed to alerts.mail.')
        : h('ul', {class: 'cards'}, data.attention.attention.map(attentionEntry)),
};

async function replayLetter(letter) {
    const given = await ask('Replay this dead letter?', [letter.reason,
        'It goes on where it ended, with the same key: an order that may have left is not sent as a new one. Its attempts count anew.'],
    [], 'Replay');
    if (given === null) { return; }
    try {
        await call('POST', '/v1/dead-letters/' + encodeURIComponent(letter.id) + '/replay', {});
        say('It is under way again.');
    } catch (refusal) { say(refusal.message, true); }
    refreshSoon();
}

async function showLetter(letter) {
    try {
        const shown = await call('GET', '/v1/dead-letters/' + encodeURIComponent(letter.id));
        const done = ask('Dead letter ' + letter.id, [h('pre', {class: 'long', tabindex: '0'}, JSON.stringify(shown, null, 2))], [], null);
        await done;
    } catch (refusal) { say(refusal.message, true); }
}

function deadLetter(letter) {
    return h('li', {class: 'card', 'data-key': letter.id},
        h('p', {class: 'card-head'}, letter.order_id ? orderLink(letter.order_id) : null,
            h('strong', {}, letter.pipeline ? letter.pipeline + (letter.step ? ' / ' + letter.step : '') : letter.operation),
            h('span', {class: 'spring'}), h('span', {class: 'quiet'}, [letter.account, letter.operation].filter(Boolean).join('.')), when(letter.failed_at)),
        h('p', {class: 'reason'}, letter.reason),
        h('p', {class: 'buttons'}, h('span', {class: 'quiet'}, letter.attempts + (letter.attempts === 1 ? ' attempt' : ' attempts')),
            h('button', {type: 'button', onclick: () => showLetter(letter)}, 'What was sent'),
            may('admin') ? h('button', {type: 'button', class: 'primary', 'data-choice': 'replay', onclick: () => replayLetter(letter)}, 'Replay') : null));
}

const deadLettersView = {
    title: 'Dead letters', word: 'Dead letters', count: 'dead_letters',
    icon: ['M2 4h12v8.5H2z', 'm2 4 6 5 6-5'],
    paths: () => ({letters: '/v1/dead-letters'}),
    draw: (data) => data.letters.dead_letters.length === 0
        ? panel('No dead letters', 'A run whose step failed, or a call whose attempts are used up, appears here by itself.')
        : h('ul', {class: 'cards'}, data.letters.dead_letters.map(deadLetter)),
};

const stateTexts = {
    quarantined: (name) => 'Its plugin keeps dying, so nothing is given to it. When that is put right: crossdock supplier enable ' + name,
    paused: (name) => 'The supplier refuses our credentials. With the right ones: crossdock supplier enable ' + name,
    failing: () => 'The supplier fails. It is left alone, and tried again by itself.',
    busy: () => 'The supplier asked us to wait. It goes on by itself.',
};

function supplierCard(one) {
    const sync = one.last_sync;
    return h('li', {class: 'card', 'data-key': one.name},
        h('p', {class: 'card-head'}, h('strong', {}, one.display_name || one.name), h('span', {class: 'id quiet'}, one.name), h('span', {class: 'spring'}), pill(one.state)),
        one.reason ? h('p', {class: 'reason'}, one.reason) : null,
        stateTexts[one.state] ? h('p', {class: 'quiet'}, stateTexts[one.state](one.name)) : null,
        facts([['Way', one.type], ['Reached at', one.api_endpoint || 'by files', one.api_endpoint ? 'id' : null],
            ['Open orders', one.open + (one.silent ? ', ' + one.silent + ' silent' : '')],
            one.next_poll_at ? ['Asked next', when(one.next_poll_at)] : null, ['Misses healed', one.misses_healed],
            ['Last sync', sync ? [pill(sync.status), ' ', sync.type, ' ', when(sync.at)] : 'none yet']]),
        sync && sync.status === 'error' && sync.message ? h('p', {class: 'reason'}, sync.message) : null);
}

const suppliersView = {
    title: 'Suppliers', word: 'Suppliers',
    icon: ['M1.5 4h8v7h-8z', 'M9.5 6.5h3l2 2.5v2h-5z', 'M4.5 12.5a1 1 0 1 0 .01 0M11.5 12.5a1 1 0 1 0 .01 0'],
    paths: () => ({suppliers: '/v1/suppliers', overview: '/v1/overview'}),
    draw: (data) => {
        const known = new Set(data.suppliers.suppliers.map((one) => one.name));
        const others = data.overview.not_served.filter((one) => !known.has(one.name));
        return [
            others.length ? h('ul', {class: 'cards'}, others.map((one) => h('li', {class: 'card'},
                h('p', {class: 'card-head'}, h('strong', {}, one.name), h('span', {class: 'spring'}), pill(one.state)),
                one.reason ? h('p', {class: 'reason'}, one.reason) : null))) : null,
            data.suppliers.suppliers.length === 0
                ? panel('No suppliers', 'List an account\'s file under `suppliers:` in the config, then:', h('pre', {}, 'crossdock reload'))
                : h('ul', {class: 'cards two'}, data.suppliers.suppliers.map(supplierCard)),
        ];
    },
};

function inventoryBar() {
    return h('div', {class: 'bar'}, h('h1', {}, 'Inventory'),
        h('input', {type: 'search', id: 'filter', placeholder: 'Filter', 'aria-label': 'Filter inventory', 'aria-keyshortcuts': '/',
            value: filters.inventory.text, oninput: (e) => { filters.inventory.text = e.target.value; redraw(); }}),
        h('label', {class: 'check'}, h('input', {type: 'checkbox', id: 'low', checked: filters.inventory.low,
            onchange: (e) => { filters.inventory.low = e.target.checked; redraw(); }}), 'Low stock only'));
}

const decisionTexts = {
    approve: ['Apply this feed?', 'What is shown here becomes the stock and the prices, whatever the gate says of it. Items that it does not name are gone.', 'Apply it'],
    reject: ['Reject this feed?', 'Its rows are dropped. The stock stays as it is until the next feed.', 'Reject it'],
};

function changeLine(one) {
    const side = (value) => value === null ? 'nothing' : String(value);
    return one.change + '  ' + one.sku + (one.warehouse ? ' in ' + one.warehouse : '') + '  ' + side(one.before) + ' → ' + side(one.after);
}

function countsText(report) {
    return Object.entries(report.counts).map(([name, number]) => number + ' ' + name.replaceAll('_', ' ')).join(', ');
}

async function decideFeed(feed, choice) {
    const [title, text, verb] = decisionTexts[choice];
    const given = await ask(title, [feed.reason, text], [{name: 'note', label: 'Note for the audit log (may be empty)', most: 500}], verb, choice === 'approve');
    if (given === null) { return; }
    try {
        const done = await call('POST', '/v1/feeds/' + encodeURIComponent(feed.id) + '/' + choice, given);
        say(choice === 'approve' ? 'Applied: ' + done.rows + ' rows.' : 'Rejected. Nothing has changed.');
    } catch (refusal) { say(refusal.message, true); }
    refreshSoon();
}

async function showFeed(feed) {
    try {
        const shown = await call('GET', '/v1/feeds/' + encodeURIComponent(feed.id));
        const bad = shown.unreadable.map((row) => (row.line ? 'line ' + row.line + ': ' : '') + row.reason + ': ' + row.text);
        const lines = (shown.report ? shown.report.biggest.map(changeLine) : []).concat(bad);
        await ask('Feed of ' + feed.account, [shown.report ? countsText(shown.report) : '',
            h('pre', {class: 'long', tabindex: '0'}, lines.join('\n') || 'Nothing more is known of it.')], [], null);
    } catch (refusal) { say(refusal.message, true); }
}

function feedCard(feed) {
    return h('li', {class: 'card', 'data-key': feed.id},
        h('p', {class: 'card-head'}, h('strong', {}, 'Feed of ' + feed.account), h('span', {class: 'spring'}), pill('quarantined'), when(feed.created_at)),
        h('p', {class: 'reason'}, feed.reason || 'No reason was noted.'),
        feed.report ? h('p', {class: 'quiet'}, countsText(feed.report)) : null,
        h('p', {class: 'quiet'}, feed.rows + ' rows are held back. The stock below is that of the last good feed.'),
        h('p', {class: 'buttons'}, h('button', {type: 'button', onclick: () => showFeed(feed)}, 'What would change'),
            may('admin') ? ['reject', 'approve'].map((choice) => h('button', {type: 'button', class: choice === 'reject' ? 'primary' : null, 'data-choice': choice,
                onclick: () => decideFeed(feed, choice)}, decisionTexts[choice][2])) : null));
}

const inventoryMost = 500;

const inventoryView = {
    title: 'Inventory', word: 'Inventory', open: true, count: 'quarantined_feeds',
    icon: ['M2 6h12M2 6l1-3.5h10L14 6v7.5H2z', 'M6 9h4'],
    bar: inventoryBar,
    paths: () => live.me.customer_id ? {items: '/v1/inventory?limit=1000'} : {items: '/v1/inventory?limit=1000', feeds: '/v1/feeds'},
    draw: (data) => {
        const feeds = data.feeds ? data.feeds.feeds : [];
        const items = data.items.items.filter((item) => (!filters.inventory.low || item.low_stock) &&
            has(filters.inventory.text, item.sku, item.name, item.account, item.warehouse, item.grade));
        const rows = items.slice(0, inventoryMost).map((item) => ({
            key: item.account + '/' + item.sku + '/' + item.warehouse,
            cells: [h('span', {class: 'id'}, item.sku), item.name, item.account, item.warehouse, item.grade, item.lock_status,
                [item.low_stock ? h('span', {class: 'flag'}, 'low') : null, ' ', item.quantity + (item.lower_bound ? '+' : '')], item.sellable,
                item.price + ' ' + item.currency, when(item.updated_at)]}));
        return [
            feeds.length ? h('ul', {class: 'cards'}, feeds.map(feedCard)) : null,
            data.items.items.length === 0 ? panel('No stock yet', 'It comes with the first run of a pipeline such as inventory-sync.')
                : items.length === 0 ? panel('No item fits', 'Change the filter above.')
                    : table('Inventory', [['SKU', 'wide'], ['Name', 'wide'], ['Account', ''], ['Warehouse', ''], ['Grade', ''], ['Lock', ''],
                        ['Quantity', 'number'], ['Sellable', 'number'], ['Price', 'number'], ['Changed', 'number']], rows),
            items.length > rows.length ? h('p', {class: 'quiet'}, 'The first ' + rows.length + ' are shown. Filter to see others.') : null,
            data.items.items.length === 1000 ? h('p', {class: 'quiet'}, 'There are more than 1000 items: crossdock inventory lists them all.') : null,
        ];
    },
};

const notificationsView = {
    title: 'Notifications', word: 'Notifications', open: true,
    icon: ['M3.5 11.5V7a4.5 4.5 0 0 1 9 0v4.5H2.5h11', 'M6.5 13.5h3'],
    paths: () => ({told: '/v1/notifications?limit=200'}),
    draw: (data) => data.told.notifications.length === 0
        ? panel('Nobody was told anything yet', 'Mails follow from what happens to orders, and appear here with what became of them.')
        : table('Notifications', [['Subject', 'wide'], ['To', 'id'], ['Order', ''], ['Type', ''], ['State', ''], ['When', 'number']],
            data.told.notifications.map((one) => ({key: one.id, cells: [
                [one.subject, one.reason ? h('span', {class: 'why'}, one.reason) : null], one.email, orderLink(one.order_id), one.type,
                pill(one.state || 'pending'), when(one.sent_at || one.created_at)]}))),
};
