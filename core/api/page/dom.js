'use strict';

// Elements are made from text, never from markup: what an order says is shown, not run.

/** An element. Traits that are null or false are left out; `on...` are listeners. Children are nodes or texts. */
function h(name, traits, ...children) {
    return fill(document.createElement(name), traits, children);
}

function fill(element, traits, children) {
    for (const [key, value] of Object.entries(traits || {})) {
        if (value === null || value === undefined || value === false) { continue; }
        if (key.startsWith('on')) { element.addEventListener(key.slice(2), value); }
        else { element.setAttribute(key, value === true ? '' : String(value)); }
    }
    element.append(...children.flat(3).filter((child) => child !== null && child !== undefined && child !== false));
    return element;
}

/** An icon of 16 by 16, from paths. */
function icon(...paths) {
    const space = 'http://www.w3.org/2000/svg';
    const picture = fill(document.createElementNS(space, 'svg'), {viewBox: '0 0 16 16', 'aria-hidden': 'true', class: 'icon'}, []);
    for (const path of paths) { picture.append(fill(document.createElementNS(space, 'path'), {d: path}, [])); }
    return picture;
}

/** Only a link to the web is made one. */
function outward(address, text) {
    if (!/^https:\/\//.test(address || '')) { return text; }
    return h('a', {href: address, target: '_blank', rel: 'noopener noreferrer'}, text);
}

function orderLink(id) {
    return id ? h('a', {href: '#/orders/' + encodeURIComponent(id), class: 'id'}, id) : null;
}

const relative = new Intl.RelativeTimeFormat('en', {numeric: 'auto', style: 'short'});

/** "3 min. ago", "in 2 hr." */
function ago(date) {
    const seconds = Math.round((date.getTime() - Date.now()) / 1000);
    const size = Math.abs(seconds);
    if (size < 5) { return 'now'; }
    if (size < 60) { return relative.format(seconds, 'second'); }
    if (size < 3600) { return relative.format(Math.round(seconds / 60), 'minute'); }
    if (size < 86400) { return relative.format(Math.round(seconds / 3600), 'hour'); }
    return relative.format(Math.round(seconds / 86400), 'day');
}

function when(text) {
    if (!text) { return null; }
    const date = new Date(text);
    return h('time', {datetime: text, title: date.toLocaleString() + '\n' + text}, ago(date));
}

/** The time of day, to the millisecond: what a timeline is read by. */
function clock(text) {
    const date = new Date(text);
    const two = (n) => String(n).padStart(2, '0');
    const shown = two(date.getHours()) + ':' + two(date.getMinutes()) + ':' + two(date.getSeconds());
    return h('time', {datetime: text, 'data-fixed': true, title: date.toLocaleString() + '\n' + text}, shown,
        h('span', {class: 'ms'}, '.' + String(date.getMilliseconds()).padStart(3, '0')));
}

const statusTones = {
    pending: 'calm', submitted: 'calm', confirmed: 'busy', fulfilling: 'busy', on_hold: 'warn', partially_shipped: 'good',
    shipped: 'good', delivered: 'good', rejected: 'bad', canceled: 'over',
    served: 'good', failing: 'bad', paused: 'bad', quarantined: 'bad', busy: 'warn', disabled: 'over',
    sent: 'good', accepted: 'good', sending: 'busy', asking: 'busy', dead: 'bad', parked: 'warn', refused: 'bad', withdrawn: 'over',
    success: 'good', error: 'bad',
};

function pill(word, text) {
    return h('span', {class: 'pill ' + (statusTones[word] || 'calm')}, text || String(word).replaceAll('_', ' '));
}

function panel(title, text, ...more) {
    return h('section', {class: 'panel'}, h('h2', {}, title), text ? h('p', {}, text) : null, more);
}

/** Names with what they stand for: [[name, value, class], ...]; what is null is left out. */
function facts(rows) {
    return h('dl', {class: 'facts'}, rows.filter(Boolean).map(([name, value, kind]) =>
        h('div', {}, h('dt', {}, name), h('dd', {class: kind}, value))));
}

/** A table that becomes cards on a phone. Columns: [title, class]; rows: {key, href, cells, moved}. */
function table(label, columns, rows) {
    const head = h('tr', {}, columns.map(([title, kind]) => h('th', {scope: 'col', class: kind}, title)));
    const body = rows.map((row) => h('tr', {'data-key': row.key, class: row.kind || null},
        row.cells.map((cell, i) => h('td', {class: columns[i][1], 'data-title': columns[i][0]}, cell))));
    return h('table', {'aria-label': label}, h('thead', {}, head), h('tbody', {}, body));
}

function say(text, bad) {
    const place = document.getElementById('said');
    const line = h('p', {class: bad ? 'bad' : null}, text);
    place.replaceChildren(line);
    setTimeout(() => line.remove(), 8000);
}

/** Asks in a dialog. Fields: [{name, label, required}]. Resolves to their values, or null. */
function ask(title, texts, fields, verb, danger) {
    return new Promise((resolve) => {
        const inputs = fields.map((field) => h('p', {}, h('label', {for: 'ask-' + field.name}, field.label),
            h('input', {id: 'ask-' + field.name, name: field.name, required: field.required, maxlength: field.most || 255,
                autocomplete: 'off', spellcheck: 'false'})));
        const form = h('form', {method: 'dialog'}, h('h2', {}, title), texts.map((text) => h('p', {}, text)), inputs,
            h('p', {class: 'buttons'},
                h('button', {type: 'button', onclick: () => dialog.close('')}, verb ? 'Not now' : 'Close'),
                verb ? h('button', {type: 'submit', value: 'yes', class: danger ? 'danger' : 'primary'}, verb) : null));
        const dialog = h('dialog', {'aria-label': title}, form);
        dialog.addEventListener('close', () => {
            const given = dialog.returnValue === 'yes' ? Object.fromEntries(new FormData(form)) : null;
            dialog.remove();
            resolve(given);
        });
        document.body.append(dialog);
        dialog.showModal();
    });
}
