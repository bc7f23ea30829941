/** Cloudflare's API v4 as far as zones and records go: numbered pages, and the batch as one transaction. */
import { hasOnly, jsonOf, pageOf, quote, refuse, unquote, type Dialect, type FakeZone, type Question, type Reply, type Row, type World } from './fake-api.ts';

const TOKEN = 'cf-token-0123456789';
const problem = (status: number, code: number, message: string): Reply => refuse(status, { success: false, errors: [{ code, message }], messages: [], result: null });
const fine = (result: unknown, more: object = {}): Reply => ({ status: 200, json: { success: true, errors: [], messages: [], result, ...more } });
const noDot = (host: string): string => (host === '.' ? '.' : host.replace(/\.$/, ''));
const wireId = (row: Row): string => `${row.id}`.padStart(32, 'a');

function wire(row: Row): Record<string, unknown> {
  const base = { id: wireId(row), name: row.name, type: row.type, ttl: row.ttl, proxied: false, proxiable: false };
  const [one = '', two = '', three = '', ...rest] = row.value.split(' ');
  switch (row.type) {
    case 'TXT': return { ...base, content: quote(row.value) };
    case 'MX': return { ...base, content: noDot(two), priority: Number(one) };
    case 'SRV': return { ...base, content: `${two} ${three} ${noDot(rest[0] ?? '')}`, priority: Number(one), data: { priority: Number(one), weight: Number(two), port: Number(three), target: noDot(rest[0] ?? '') } };
    case 'CAA': return { ...base, content: row.value, data: { flags: Number(one), tag: two, value: [three, ...rest].join(' ').slice(1, -1) } };
    case 'TLSA': return { ...base, content: row.value, data: { usage: Number(one), selector: Number(two), matching_type: Number(three), certificate: rest[0] } };
    case 'CNAME': return { ...base, content: noDot(row.value) };
    default: return { ...base, content: row.value };
  }
}

/** Undefined: refused. */
function value(body: Record<string, unknown>): string | undefined {
  const data = (body['data'] ?? {}) as Record<string, unknown>;
  const content = String(body['content']);
  const plain = hasOnly(body, 'id?', 'name', 'type', 'ttl', 'content');
  const parts = hasOnly(body, 'id?', 'name', 'type', 'ttl', 'data');
  switch (body['type']) {
    case 'A': case 'AAAA': return plain ? content : undefined;
    case 'CNAME': return plain && !content.endsWith('.') ? `${content}.` : undefined;
    case 'TXT': return plain ? unquote(content) : undefined;
    case 'MX': return hasOnly(body, 'id?', 'name', 'type', 'ttl', 'content', 'priority') ? `${body['priority']} ${content === '.' ? '' : content}.` : undefined;
    case 'SRV': return parts && hasOnly(data, 'priority', 'weight', 'port', 'target') ? `${data['priority']} ${data['weight']} ${data['port']} ${data['target']}.` : undefined;
    case 'CAA': return parts && hasOnly(data, 'flags', 'tag', 'value') ? `${data['flags']} ${data['tag']} "${data['value']}"` : undefined;
    case 'TLSA': return parts && hasOnly(data, 'usage', 'selector', 'matching_type', 'certificate') ? `${data['usage']} ${data['selector']} ${data['matching_type']} ${data['certificate']}` : undefined;
    default: return undefined;
  }
}

function batch(world: World, zone: FakeZone, question: Question): Reply {
  const body = jsonOf(question);
  if (!body || !hasOnly(body, 'deletes?', 'patches?', 'posts?')) return problem(400, 9207, 'Request body is invalid.');
  const [deletes, patches, posts] = ['deletes', 'patches', 'posts'].map((key) => (body[key] ?? []) as Record<string, unknown>[]) as [Record<string, unknown>[], Record<string, unknown>[], Record<string, unknown>[]];
  if (deletes.length + patches.length + posts.length > 200) return problem(400, 81045, 'The batch is too large.');
  const kept = zone.rows.map((row) => ({ ...row }));
  const rollBack = (code: number, message: string): Reply => {
    zone.rows = kept;
    return problem(400, code, message);
  };
  for (const { id } of deletes) {
    const at = zone.rows.findIndex((row) => wireId(row) === id);
    if (at === -1) return rollBack(81044, 'Record does not exist.');
    zone.rows.splice(at, 1);
  }
  for (const patch of patches) {
    const row = zone.rows.find((one) => wireId(one) === patch['id']);
    const text = value(patch);
    if (!row) return rollBack(81044, 'Record does not exist.');
    if (text === undefined) return rollBack(9005, 'Content for record is invalid.');
    Object.assign(row, { ttl: patch['ttl'], value: text });
  }
  for (const post of posts) {
    const text = value(post);
    if (text === undefined || Number(post['ttl']) < 60) return rollBack(9005, 'Content for record is invalid.');
    if (zone.rows.some((row) => row.name === post['name'] && row.type === post['type'] && row.value === text)) return rollBack(81058, 'An identical record already exists.');
    world.row(zone, String(post['name']), String(post['type']), Number(post['ttl']), text);
  }
  return fine({ deletes: [], patches: [], posts: [] });
}

export const cloudflare: Dialect = {
  type: 'cloudflare', basePath: '/client/v4', settings: {}, secrets: { 'secret-file': TOKEN }, atomic: true, types: ['A', 'AAAA', 'CNAME', 'MX', 'TXT', 'SRV', 'CAA', 'TLSA'],
  answer(question, world) {
    const { method, path, query } = question;
    if (question.headers.authorization !== `Bearer ${TOKEN}`) return problem(403, 9109, 'Invalid access token');
    const info = (page: { page: number; pages: number }): object => ({ result_info: { page: page.page, per_page: 50, count: 1, total_count: 1, total_pages: page.pages } });
    if (method === 'GET' && path === '/zones') {
      const page = pageOf(world.zones, query, 'per_page', 50);
      return page ? fine(page.items.map(({ id, name }) => ({ id, name, status: 'active', type: 'full' })), info(page)) : problem(400, 6003, 'Invalid request');
    }
    const [, id, rest] = /^\/zones\/(\w+)\/dns_records(\/batch)?$/.exec(path) ?? [];
    const zone = world.zones.find((one) => one.id === id);
    if (!zone) return problem(404, 7003, 'Could not route to the zone');
    if (method === 'POST' && rest === '/batch') return batch(world, zone, question);
    const page = pageOf(zone.rows, query, 'per_page', 5_000_000);
    return method === 'GET' && rest === undefined && page ? fine(page.items.map(wire), info(page)) : problem(405, 10_000, 'Method not allowed');
  },
};
