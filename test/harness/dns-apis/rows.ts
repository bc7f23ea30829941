/** DigitalOcean, Linode and OVH: providers with a record for each value, each as its API is documented. */
import { createHash } from 'node:crypto';
import { absolute, hasOnly, jsonOf, pageOf, quote, refuse, relative, unquote, type Dialect, type FakeZone, type Question, type Reply, type Row, type World } from './fake-api.ts';

const noDot = (host: string): string => host.replace(/\.$/, '');

interface RowApi {
  wire(zone: FakeZone, row: Row): unknown;
  /** Undefined: refused. */
  read(zone: FakeZone, body: Record<string, unknown>, old?: Row): Pick<Row, 'name' | 'type' | 'ttl' | 'value'> | undefined;
  made(row: unknown): Reply;
  gone: Reply;
  missing: Reply;
  invalid: Reply;
}

function changeRow(api: RowApi, question: Question, world: World, zone: FakeZone, id: string | undefined): Reply {
  const row = zone.rows.find((one) => String(one.id) === id);
  if (id !== undefined && !row) return api.missing;
  if (question.method === 'DELETE' && row) {
    zone.rows = zone.rows.filter((one) => one !== row);
    return api.gone;
  }
  const body = jsonOf(question);
  const read = body && api.read(zone, body, row);
  if (!read) return api.invalid;
  if (question.method === 'PUT' && row) return api.made(api.wire(zone, Object.assign(row, read)));
  return question.method === 'POST' && !row ? api.made(api.wire(zone, world.row(zone, read.name, read.type, read.ttl, read.value))) : api.invalid;
}

const DO_TOKEN = 'dop_v1_0123456789abcdef';
const doRows: RowApi = {
  wire(zone, { id, name, type, ttl, value }) {
    const [one = '', two = '', three = '', four = ''] = value.split(' ');
    const host = (text: string): string => (noDot(text) === zone.name ? '@' : noDot(text));
    const base = { id, type, name: relative(name, zone.name, '@'), ttl, priority: null, port: null, weight: null, flags: null, tag: null };
    switch (type) {
      case 'MX': return { ...base, data: host(two), priority: Number(one) };
      case 'SRV': return { ...base, data: host(four), priority: Number(one), weight: Number(two), port: Number(three) };
      case 'CAA': return { ...base, data: three.slice(1, -1), flags: Number(one), tag: two };
      case 'CNAME': return { ...base, data: host(value) };
      default: return { ...base, data: value };
    }
  },
  read(zone, body) {
    const data = String(body['data']);
    const base = { name: absolute(String(body['name']), zone.name, '@'), type: String(body['type']), ttl: Number(body['ttl']) };
    if (base.ttl < 30 || String(body['name']).endsWith(zone.name)) return undefined;
    switch (body['type']) {
      case 'A': case 'AAAA': return hasOnly(body, 'type', 'name', 'ttl', 'data') ? { ...base, value: data } : undefined;
      case 'TXT': return hasOnly(body, 'type', 'name', 'ttl', 'data') && data !== '' && !data.includes('\\') && quote(data).length <= 512 ? { ...base, value: data } : undefined;
      case 'CNAME': return data.endsWith('.') ? { ...base, value: data } : undefined;
      case 'MX': return hasOnly(body, 'type', 'name', 'ttl', 'data', 'priority') && data.endsWith('.') ? { ...base, value: `${body['priority']} ${data}` } : undefined;
      case 'SRV': return hasOnly(body, 'type', 'name', 'ttl', 'data', 'priority', 'weight', 'port') && data.endsWith('.') ? { ...base, value: `${body['priority']} ${body['weight']} ${body['port']} ${data}` } : undefined;
      case 'CAA': return hasOnly(body, 'type', 'name', 'ttl', 'data', 'flags', 'tag') && data.endsWith('.') ? { ...base, value: `${body['flags']} ${body['tag']} "${noDot(data)}"` } : undefined;
      default: return undefined;
    }
  },
  made: (domain_record) => ({ status: 201, json: { domain_record } }),
  gone: { status: 204 }, missing: refuse(404, { id: 'not_found', message: 'The resource you requested could not be found.' }),
  invalid: refuse(422, { id: 'unprocessable_entity', message: 'Data needs to end with a dot (.)' }),
};

export const digitalocean: Dialect = {
  type: 'digitalocean', basePath: '/v2', settings: {}, secrets: { 'secret-file': DO_TOKEN }, atomic: false, types: ['A', 'AAAA', 'CNAME', 'MX', 'TXT', 'SRV', 'CAA'],
  answer(question, world) {
    if (question.headers.authorization !== `Bearer ${DO_TOKEN}`) return refuse(401, { id: 'Unauthorized', message: 'Unable to authenticate you' });
    const [, name, list, id] = /^\/domains(?:\/([^/]+)(\/records)(?:\/(\d+))?)?$/.exec(question.path) ?? [];
    const zone = world.zones.find((one) => one.name === name);
    const links = (page: { page: number; pages: number }): object => ({ links: { pages: page.page < page.pages ? { next: `https://api.digitalocean.com/v2/domains?page=${page.page + 1}`, last: 'https://api.digitalocean.com/' } : {} }, meta: { total: 1 } });
    if (question.method === 'GET' && question.path === '/domains') {
      const page = pageOf(world.zones, question.query, 'per_page', 200);
      return page ? { status: 200, json: { domains: page.items.map((one) => ({ name: one.name, ttl: 1800, zone_file: '' })), ...links(page) } } : doRows.invalid;
    }
    if (!zone || list === undefined) return doRows.missing;
    if (question.method !== 'GET') return changeRow(doRows, question, world, zone, id);
    const page = pageOf(zone.rows, question.query, 'per_page', 200);
    return page ? { status: 200, json: { domain_records: page.items.map((row) => doRows.wire(zone, row)), ...links(page) } } : doRows.invalid;
  },
};

const LINODE_TOKEN = 'linode-0123456789abcdef';
const STEPS = [300, 3600, 7200, 14_400, 28_800, 57_600, 86_400];
const linodeRows: RowApi = {
  wire(zone, { id, name, type, ttl, value }) {
    const [one = '', two = '', three = '', four = ''] = value.split(' ');
    const base = { id, type, name: relative(name, zone.name, ''), ttl_sec: ttl, priority: 0, weight: 0, port: 0, service: null, protocol: null, tag: null, created: '2026-11-01T00:00:00', updated: '2026-11-01T00:00:00' };
    switch (type) {
      case 'MX': return { ...base, target: noDot(two), priority: Number(one) };
      case 'SRV': return { ...base, target: noDot(four), priority: Number(one), weight: Number(two), port: Number(three) };
      case 'CAA': return { ...base, target: three.slice(1, -1), tag: two };
      case 'CNAME': return { ...base, target: noDot(value) };
      default: return { ...base, target: value };
    }
  },
  read(zone, body, old) {
    const target = String(body['target']);
    // The TTL of a creation is forgotten.
    const ttl = old ? (STEPS.find((step) => step >= Number(body['ttl_sec'])) ?? 0) : 0;
    const base = { name: absolute(String(body['name'] ?? ''), zone.name, ''), type: String(body['type']), ttl };
    const plain = hasOnly(body, 'type', 'ttl_sec', 'name', 'target');
    switch (body['type']) {
      case 'A': case 'AAAA': case 'TXT': return plain ? { ...base, value: target } : undefined;
      case 'CNAME': return plain ? { ...base, value: `${noDot(target)}.` } : undefined;
      case 'MX': return hasOnly(body, 'type', 'ttl_sec', 'name', 'target', 'priority') && Number(body['priority']) <= 255 ? { ...base, value: `${body['priority']} ${target}.` } : undefined;
      case 'SRV': return hasOnly(body, 'type', 'ttl_sec', 'target', 'priority', 'weight', 'port', 'service', 'protocol') ? { ...base, name: `_${body['service']}._${body['protocol']}.${zone.name}`, value: `${body['priority']} ${body['weight']} ${body['port']} ${target}.` } : undefined;
      case 'CAA': return hasOnly(body, 'type', 'ttl_sec', 'name', 'target', 'tag') && !/\s/.test(target) ? { ...base, value: `0 ${body['tag']} "${target}"` } : undefined;
      default: return undefined;
    }
  },
  made: (json) => ({ status: 200, json }), gone: { status: 200, json: {} },
  missing: refuse(404, { errors: [{ reason: 'Not found' }] }), invalid: refuse(400, { errors: [{ field: 'target', reason: 'Invalid target' }] }),
};

export const linode: Dialect = {
  type: 'linode', basePath: '/v4', settings: {}, secrets: { 'secret-file': LINODE_TOKEN }, atomic: false, types: ['A', 'AAAA', 'CNAME', 'MX', 'TXT', 'SRV', 'CAA'],
  answer(question, world) {
    if (question.headers.authorization !== `Bearer ${LINODE_TOKEN}`) return refuse(401, { errors: [{ reason: 'Invalid Token' }] });
    const [, zoneId, list, id] = /^\/domains(?:\/(\d+)(\/records)(?:\/(\d+))?)?$/.exec(question.path) ?? [];
    const zone = world.zones.find((one) => one.id === zoneId);
    const items = question.path === '/domains' ? world.zones.map((one) => ({ id: Number(one.id), domain: one.name, type: 'master', status: 'active' })) : zone?.rows.map((row) => linodeRows.wire(zone, row));
    if (!items || (zone && list === undefined)) return linodeRows.missing;
    if (question.method !== 'GET') return zone ? changeRow(linodeRows, question, world, zone, id) : linodeRows.missing;
    const page = Number(question.query.get('page_size')) >= 25 ? pageOf<unknown>(items, question.query, 'page_size', 500) : undefined;
    return page ? { status: 200, json: { data: page.items, page: page.page, pages: page.pages, results: items.length } } : linodeRows.invalid;
  },
};

const OVH = { 'secret-file': 'ovh-secret-0123456789', 'consumer-key-file': 'ovh-consumer-0123456789' };
/** The server's clock is ahead, so that only who asks it signs right. */
const OVH_AHEAD_S = 500_000;
const ovhTime = (): number => Math.round(Date.now() / 1000) + OVH_AHEAD_S;
const isLongKey = (value: string): boolean => value.startsWith('v=DKIM1;') && value.length > 255;
const ovhRows: RowApi = {
  wire(zone, { id, name, type, ttl, value }) {
    const fieldType = type !== 'TXT' ? type : value.startsWith('v=spf1') ? 'SPF' : isLongKey(value) ? 'DKIM' : 'TXT';
    return { id, zone: zone.name, subDomain: relative(name, zone.name, ''), fieldType, target: fieldType === 'TXT' || fieldType === 'SPF' ? quote(value) : value, ttl };
  },
  read(zone, body, old) {
    const field = String(body['fieldType'] ?? (old && isLongKey(old.value) ? 'DKIM' : old?.type));
    const type = field === 'DKIM' ? 'TXT' : field;
    if (!hasOnly(body, 'subDomain', 'target', 'ttl', old ? 'fieldType?' : 'fieldType') || Number(body['ttl']) < 60) return undefined;
    const value = field === 'TXT' ? unquote(String(body['target'])) : String(body['target']);
    // Long keys as DKIM, and nothing else.
    return value === undefined || (type === 'TXT' && (field === 'DKIM' ? !value.startsWith('v=DKIM1;') : isLongKey(value))) ? undefined : { name: absolute(String(body['subDomain']), zone.name, ''), type, ttl: Number(body['ttl']), value };
  },
  made: (json) => ({ status: 200, json }), gone: { status: 200, json: null },
  missing: refuse(404, { message: 'The requested object does not exist' }), invalid: refuse(400, { message: 'Invalid parameters' }),
};

function signedByOvh(question: Question): boolean {
  const time = String(question.headers['x-ovh-timestamp']);
  const url = `http${question.secure ? 's' : ''}://${question.headers.host}${question.target}`;
  const digest = createHash('sha1').update(`${OVH['secret-file']}+${OVH['consumer-key-file']}+${question.method}+${url}+${question.text}+${time}`).digest('hex');
  return Math.abs(Number(time) - ovhTime()) < 100_000 && question.headers['x-ovh-application'] === 'app1' && question.headers['x-ovh-consumer'] === OVH['consumer-key-file'] && question.headers['x-ovh-signature'] === `$1$${digest}`;
}

export const ovh: Dialect = {
  type: 'ovh', basePath: '/1.0', settings: { 'application-key': 'app1' }, secrets: OVH, atomic: false, types: ['A', 'AAAA', 'CNAME', 'MX', 'TXT', 'SRV', 'CAA', 'TLSA'],
  answer(question, world) {
    const { method, path, query } = question;
    if (path === '/auth/time') return { status: 200, json: ovhTime() };
    if (!signedByOvh(question)) return refuse(403, { message: 'Invalid signature', errorCode: 'INVALID_SIGNATURE' });
    if (method === 'GET' && path === '/domain/zone') return { status: 200, json: world.zones.map(({ name }) => name) };
    const [, name, what, id] = /^\/domain\/zone\/([^/]+)\/(record|refresh)(?:\/(\d+))?$/.exec(path) ?? [];
    const zone = world.zones.find((one) => one.name === name);
    if (!zone) return ovhRows.missing;
    if (what === 'refresh') return method === 'POST' ? { status: 200, json: null } : ovhRows.invalid;
    if (method !== 'GET') return changeRow(ovhRows, question, world, zone, id);
    if (id === undefined) return { status: 200, json: zone.rows.filter((row) => !query.has('subDomain') || relative(row.name, zone.name, '') === query.get('subDomain')).map((row) => row.id) };
    const row = zone.rows.find((one) => String(one.id) === id);
    return row ? { status: 200, json: ovhRows.wire(zone, row) } : ovhRows.missing;
  },
};
