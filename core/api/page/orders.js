// Orders: the list, and one order with its story.

const ends = ['delivered', 'rejected', 'canceled'];
const way = ['pending', 'submitted', 'confirmed', 'shipped', 'delivered'];
const wayWords = ['Placed', 'Submitted', 'Confirmed', 'Shipped', 'Delivered'];
const ranks = {pending: 0, submitted: 1, confirmed: 2, on_hold: 2, fulfilling: 2, partially_shipped: 3, shipped: 3, delivered: 4};
const orderFilters = [['all', 'All'], ['open', 'Open'], ['attention', 'Needs attention'], ['ended', 'Ended']];
const filters = {orders: {text: '', which: 'all'}, inventory: {text: '', low: false}};

function has(text, ...fields) {
    const wanted = text.trim().toLowerCase();
    return wanted === '' || fields.some((field) => String(field || '').toLowerCase().includes(wanted));
}

function wantedOrder(order) {
    const {text, which} = filters.orders;
    if (which === 'open' && ends.includes(order.status)) { return false; }
    if (which === 'ended' && !ends.includes(order.status)) { return false; }
    if (which === 'attention' && !order.needs_attention) { return false; }
    return has(text, order.order_id, order.customer_id, order.status, order.supplier);
}

function orderRow(order, chosen) {
    const moved = (live.moved.get(order.order_id) || 0) > Date.now();
    return h('li', {class: moved ? 'moved' : null},
        h('a', {href: '#/orders/' + encodeURIComponent(order.order_id), 'data-row': true, 'data-key': order.order_id,
            'aria-current': order.order_id === chosen ? 'true' : null},
        h('span', {class: 'row-id'}, order.order_id),
        pill(order.status),
        h('span', {class: 'row-about'}, [order.customer_id, order.supplier].filter(Boolean).join(' → ')),
        h('span', {class: 'row-total'}, order.total, h('span', {class: 'row-time'}, when(order.placed_at))),
        order.needs_attention ? h('span', {class: 'flag', title: order.needs_attention}, 'needs attention') : null));
}

function orderList(orders, chosen) {
    if (orders.length === 0) {
        return panel('No orders yet', 'An order that comes in appears here by itself. Place one with',
            h('pre', {}, 'crossdock order submit ORDER.json'));
    }
    const shown = orders.filter(wantedOrder);
    if (shown.length === 0) { return panel('No order fits', 'Of the latest ' + orders.length + ' orders none has that. Change the filter above.'); }
    return h('ol', {class: 'rows', 'aria-label': 'Orders, newest first'}, shown.map((order) => orderRow(order, chosen)));
}

function progress(status) {
    const rank = ranks[status];
    if (rank === undefined) { return null; }
    return h('ol', {class: 'way', 'aria-label': 'How far it has come'}, way.map((step, i) => h('li',
        {class: i < rank ? 'done' : i === rank ? 'here' : null, 'aria-current': i === rank ? 'step' : null},
        i === rank && !way.includes(status) ? status.replaceAll('_', ' ') : wayWords[i])));
}

function quantities(line) {
    const states = ['open', 'accepted', 'backordered', 'shipped', 'canceled', 'rejected'];
    return states.filter((state) => line[state] > 0).map((state) => h('span', {class: 'count'}, line[state] + ' ' + state));
}

function shipment(parcel) {
    return h('li', {}, parcel.carrier ? parcel.carrier + ' ' : '', h('span', {class: 'id'}, outward(parcel.tracking_url, parcel.tracking_number)),
        parcel.shipped_at ? [' shipped ', when(parcel.shipped_at)] : null,
        parcel.tracking_flag ? h('span', {class: 'flag'}, 'check: ' + parcel.tracking_flag) : null);
}

function supplierOrder(part) {
    return h('li', {class: 'part'},
        h('p', {}, h('strong', {}, part.account), ' ', pill(part.status), part.payment ? pill('calm', 'payment ' + part.payment) : null,
            part.quote ? pill('calm', 'quote ' + part.quote) : null),
        facts([['Our reference', part.reference, 'id'], ['Their id', part.supplier_order_id || 'none yet', 'id'],
            part.withdrawn ? ['Withdrawn', part.withdrawn] : null]),
        part.shipments.length ? h('ul', {class: 'shipments'}, part.shipments.map(shipment)) : null);
}

const momentWords = {fact: 'Fact', call: 'Call', mail: 'Mail', evidence: 'Evidence', decision: 'Decision', run: 'Run', step: 'Step'};

function timeline(story) {
    return h('ol', {class: 'story'}, story.map((moment) => h('li', {class: 'is-' + (momentWords[moment.what] ? moment.what : 'other')},
        clock(moment.at), h('span', {class: 'kind'}, momentWords[moment.what] || moment.what), h('span', {class: 'text'}, moment.text))));
}

async function cancelOrder(id) {
    const given = await ask('Cancel ' + id + '?',
        ['What has not left is withdrawn at once. What may have left is asked back from the supplier, who may refuse.'],
        [{name: 'reason', label: 'Reason, for the supplier (may be empty)', most: 500}], 'Cancel the order', true);
    if (given === null) { return; }
    try {
        const done = await call('POST', '/v1/orders/' + encodeURIComponent(id) + '/cancel', given.reason ? {reason: given.reason} : {});
        say(done.status === 'canceled' ? id + ' is canceled.' : 'The supplier is asked to cancel ' + id + '.');
    } catch (refusal) { say(refusal.message, true); }
    refreshSoon();
}

function orderDetail(order) {
    const cancelable = may('orders:write') && ![...ends, 'shipped'].includes(order.status);
    return h('article', {class: 'order', 'aria-label': 'Order ' + order.order_id},
        h('header', {},
            h('a', {href: '#/orders', class: 'back'}, '← Orders'),
            h('h2', {class: 'id'}, order.order_id), pill(order.status),
            h('span', {class: 'spring'}),
            cancelable ? h('button', {type: 'button', onclick: () => cancelOrder(order.order_id)}, 'Cancel order') : null),
        progress(order.status),
        order.needs_attention ? h('p', {class: 'alarm'}, h('strong', {}, 'Needs attention: '), order.needs_attention, ' ',
            live.me.customer_id ? null : h('a', {href: '#/attention'}, 'See to it')) : null,
        (order.now || []).length ? h('section', {}, h('h3', {}, 'Waits for'), h('ul', {class: 'now'}, order.now.map((text) => h('li', {}, text)))) : null,
        facts([['Customer', order.customer_id], ['Supplier', order.supplier], ['Total', order.total], ['Placed', when(order.placed_at)],
            ['Changed', when(order.updated_at)]]),
        h('section', {}, h('h3', {}, 'Lines'), table('Lines', [['SKU', 'wide id'], ['Price', 'number'], ['Ordered', 'number'], ['Where they are', '']],
            order.lines.map((line) => ({key: line.line, cells: [line.sku, line.unit_price, line.ordered, quantities(line)]})))),
        h('section', {}, h('h3', {}, 'At suppliers'), h('ul', {class: 'parts'}, order.supplier_orders.map(supplierOrder))),
        h('section', {}, h('h3', {}, 'Story'), timeline(order.story)));
}

function ordersBar() {
    const bar = h('div', {class: 'bar'}, h('h1', {}, 'Orders'),
        h('input', {type: 'search', id: 'filter', placeholder: 'Filter', 'aria-label': 'Filter orders', 'aria-keyshortcuts': '/',
            value: filters.orders.text, oninput: (e) => { filters.orders.text = e.target.value; redraw(); }}),
        h('div', {class: 'choices', role: 'group', 'aria-label': 'Which orders'}, orderFilters.map(([key, word]) =>
            h('button', {type: 'button', 'data-which': key, 'aria-pressed': String(filters.orders.which === key), onclick: (e) => {
                filters.orders.which = key;
                for (const one of e.target.parentNode.children) { one.setAttribute('aria-pressed', String(one === e.target)); }
                redraw();
            }}, word))));
    return bar;
}

const ordersView = {
    title: 'Orders', word: 'Orders', open: true,
    icon: ['M2.5 5 8 2l5.5 3v6L8 14l-5.5-3z', 'M2.5 5 8 8l5.5-3M8 8v6'],
    bar: ordersBar,
    paths: (id) => {
        const one = '/v1/orders/' + encodeURIComponent(id || '');
        return id ? {orders: '/v1/orders?limit=200', order: live.me.customer_id ? one : one + '/explain'} : {orders: '/v1/orders?limit=200'};
    },
    draw: (data, id) => h('div', {class: id ? 'split chosen' : 'split'},
        h('div', {class: 'list'}, orderList(data.orders.orders, id)),
        h('div', {class: 'detail'}, data.order ? orderDetail(data.order)
            : h('p', {class: 'quiet hint'}, 'Choose an order to see its story.'))),
};
