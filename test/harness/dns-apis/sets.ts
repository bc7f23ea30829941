/** Hetzner, Gandi, deSEC and Route 53: providers with whole sets, each as its API is documented. */
import { createHash, createHmac } from 'node:crypto';
import { absolute, hasOnly, jsonOf, pageOf, quote, refuse, relative, setsOf, unquote, type Dialect, type FakeZone, type Question, type Reply, type World } from './fake-api.ts';

/** As the set's API shows it, and back; undefined: refused. */
const shown = (type: string, value: string, radix: 8 | 10 = 10): string => (type === 'TXT' ? quote(value, radix) : value);
const taken = (type: string, value: unknown, radix: 8 | 10 = 10): string | undefined => (type === 'TXT' ? unquote(String(value), radix) : String(value));

/** False when a value is not as documented; nothing is changed then. */
function replaceSet(world: World, zone: FakeZone, name: string, type: string, ttl: number, values: readonly unknown[], radix: 8 | 10 = 10): boolean {
  const read = values.map((value) => taken(type, value, radix));
  if (read.includes(undefined)) return false;
  zone.rows = zone.rows.filter((row) => row.name !== name || row.type !== type);
  for (const value of read) world.row(zone, name, type, ttl, value as string);
  return true;
}

const HETZNER = 'hetzner-0123456789abcdef';
const hetznerError = (status: number, code: string, message: string): Reply => refuse(status, { error: { code, message } });

function hetznerChange(question: Question, world: World, zone: FakeZone): Reply {
  const { method, path } = question;
  const [, name, type, action] = /^\/zones\/\d+\/rrsets(?:\/([^/]+)\/([A-Z]+)(?:\/actions\/(set_records|change_ttl))?)?$/.exec(path) ?? [];
  const body = jsonOf(question) ?? {};
  // A change is running when it is taken, and done when it is asked for.
  const running = { status: 201, json: { action: { id: 9, command: 'x', status: 'running', progress: 0, error: null } } };
  const valuesOf = (): unknown[] => ((body['records'] ?? []) as { value: string }[]).map(({ value }) => value);
  if (name === undefined) {
    if (method !== 'POST' || !hasOnly(body, 'name', 'type', 'ttl', 'records')) return hetznerError(422, 'invalid_input', 'invalid input');
    const whole = absolute(String(body['name']), zone.name, '@');
    if (zone.rows.some((row) => row.name === whole && row.type === body['type'])) return hetznerError(409, 'uniqueness_error', 'RRSet already exists');
    return replaceSet(world, zone, whole, String(body['type']), Number(body['ttl']), valuesOf()) ? running : hetznerError(422, 'invalid_input', 'TXT records must be quoted');
  }
  const rows = zone.rows.filter((row) => row.name === absolute(name, zone.name, '@') && row.type === type);
  if (rows.length === 0 || !type) return hetznerError(404, 'not_found', 'RRSet not found');
  if (method === 'DELETE' && action === undefined) {
    zone.rows = zone.rows.filter((row) => !rows.includes(row));
    return running;
  }
  if (method === 'POST' && action === 'change_ttl' && hasOnly(body, 'ttl') && Number(body['ttl']) >= 60) {
    for (const row of rows) row.ttl = Number(body['ttl']);
    return running;
  }
  if (method !== 'POST' || action !== 'set_records' || !hasOnly(body, 'records')) return hetznerError(422, 'invalid_input', 'invalid input');
  return replaceSet(world, zone, rows[0]?.name ?? '', type, rows[0]?.ttl ?? 0, valuesOf()) ? running : hetznerError(422, 'invalid_input', 'TXT records must be quoted');
}

export const hetzner: Dialect = {
  type: 'hetzner', basePath: '/v1', settings: {}, secrets: { 'secret-file': HETZNER }, atomic: false, types: ['A', 'AAAA', 'CNAME', 'MX', 'TXT', 'SRV', 'CAA', 'TLSA'],
  answer(question, world) {
    const { method, path, query } = question;
    if (question.headers.authorization !== `Bearer ${HETZNER}`) return hetznerError(401, 'unauthorized', 'unable to authenticate');
    const wire = ({ id, name }: FakeZone): object => ({ id: Number(id), name, mode: 'primary', ttl: 3600, status: 'ok' });
    const meta = (page: { page: number; pages: number }): object => ({ meta: { pagination: { page: page.page, per_page: 50, next_page: page.page < page.pages ? page.page + 1 : null, last_page: page.pages } } });
    if (method === 'GET' && path === '/actions/9') return { status: 200, json: { action: { id: 9, status: 'success', error: null } } };
    const page = pageOf(world.zones, query, 'per_page', 50);
    if (method === 'GET' && path === '/zones') return page ? { status: 200, json: { zones: page.items.map(wire), ...meta(page) } } : hetznerError(422, 'invalid_input', 'per_page');
    const zone = world.zones.find(({ id }) => id === path.split('/')[2]);
    if (!zone) return hetznerError(404, 'not_found', 'zone not found');
    if (method === 'GET' && path === `/zones/${zone.id}`) return { status: 200, json: { zone: wire(zone) } };
    if (method !== 'GET') return hetznerChange(question, world, zone);
    const sets = pageOf(setsOf(zone), query, 'per_page', 50);
    if (!sets || !path.endsWith('/rrsets')) return hetznerError(404, 'not_found', 'not found');
    // The zone's own TTL is written as none.
    return { status: 200, json: { rrsets: sets.items.map(({ name, type, ttl, values }) => ({ id: `${name}/${type}`, name: relative(name, zone.name, '@'), type, ttl: ttl === 3600 ? null : ttl, labels: {}, protection: { change: false }, records: values.map((value) => ({ value: shown(type, value), comment: '' })), zone: Number(zone.id) })), ...meta(sets) } };
  },
};

const GANDI = 'gandi-pat-0123456789';

export const gandi: Dialect = {
  type: 'gandi', basePath: '/v5/livedns', settings: {}, secrets: { 'secret-file': GANDI }, atomic: false, types: ['A', 'AAAA', 'CNAME', 'MX', 'TXT', 'SRV', 'CAA', 'TLSA'],
  answer(question, world) {
    const { method, path, query } = question;
    if (question.headers.authorization !== `Bearer ${GANDI}`) return refuse(401, { code: 401, message: 'Access was denied', object: 'HTTPUnauthorized', cause: 'Unauthorized' });
    const wrong = refuse(400, { code: 400, message: 'Validation error', errors: [{ location: 'body', name: 'rrset_values', description: 'invalid' }] });
    const domains = pageOf(world.zones, query, 'per_page', 500);
    if (method === 'GET' && path === '/domains') return domains ? { status: 200, json: domains.items.map(({ name }) => ({ fqdn: name, domain_href: `https://api.gandi.net/v5/livedns/domains/${name}` })) } : wrong;
    const [, zoneName, name, type] = /^\/domains\/([^/]+)\/records(?:\/([^/]+)\/([A-Z]+))?$/.exec(path) ?? [];
    const zone = world.zones.find((one) => one.name === zoneName);
    if (!zone) return refuse(404, { code: 404, message: 'Unknown domain', object: 'HTTPNotFound', cause: 'Not Found' });
    if (method === 'GET') {
      const page = pageOf(setsOf(zone), query, 'per_page', 500);
      // Hosts below the zone are written without it.
      const host = (text: string): string => text.replace(`.${zone.name}.`, '');
      return page && name === undefined ? { status: 200, json: page.items.map((set) => ({ rrset_name: relative(set.name, zone.name, '@'), rrset_type: set.type, rrset_ttl: set.ttl, rrset_values: set.values.map((value) => (set.type === 'MX' || set.type === 'CNAME' ? host(value) : shown(set.type, value))), rrset_href: '' })) } : wrong;
    }
    if (name === undefined || type === undefined) return wrong;
    const whole = absolute(name, zone.name, '@');
    if (method === 'DELETE') {
      zone.rows = zone.rows.filter((row) => row.name !== whole || row.type !== type);
      return { status: 204 };
    }
    const body = jsonOf(question) ?? {};
    if (method === 'POST' && zone.rows.some((row) => row.name === whole && row.type === type)) return refuse(409, { code: 409, message: 'A DNS Record with this name and type exists already', object: 'dns-record', cause: 'Duplicate Entry' });
    const fits = (method === 'PUT' || method === 'POST') && hasOnly(body, 'rrset_ttl', 'rrset_values') && Number(body['rrset_ttl']) >= 300;
    return fits && replaceSet(world, zone, whole, type, Number(body['rrset_ttl']), body['rrset_values'] as unknown[]) ? { status: 201, json: { message: 'DNS Record Created' } } : wrong;
  },
};

const DESEC = 'desec-token-0123456789';
const DESEC_PER_PAGE = 100;

/** Pages behind a cursor in the Link field, as RFC 8288 has it. */
function cursorPage<T>(items: readonly T[], question: Question): Reply {
  const at = question.query.get('cursor');
  if (at === null) return items.length > DESEC_PER_PAGE ? refuse(400, { detail: 'Pagination required. You can query up to 500 items at a time.' }) : { status: 200, json: items };
  const start = at === '' ? 0 : Number(at.slice(1));
  const link = (cursor: string, rel: string): string => `<https://desec.io/api/v1${question.path}?cursor=${encodeURIComponent(cursor)}>; rel="${rel}"`;
  const links = [link('', 'first'), ...(start + DESEC_PER_PAGE < items.length ? [link(`:${start + DESEC_PER_PAGE}`, 'next')] : [])];
  return { status: 200, json: items.slice(start, start + DESEC_PER_PAGE), headers: { link: links.join(', ') } };
}

export const desec: Dialect = {
  type: 'desec', basePath: '/api/v1', settings: {}, secrets: { 'secret-file': DESEC }, atomic: true, types: ['A', 'AAAA', 'CNAME', 'MX', 'TXT', 'SRV', 'CAA', 'TLSA'],
  answer(question, world) {
    const { method, path } = question;
    if (question.headers.authorization !== `Token ${DESEC}`) return refuse(401, { detail: 'Invalid token.' });
    if (method === 'GET' && path === '/domains/') return cursorPage(world.zones.map(({ name }) => ({ name, minimum_ttl: 3600, created: '', published: '' })), question);
    const zone = world.zones.find(({ name }) => path === `/domains/${name}/rrsets/`);
    if (!zone) return refuse(404, { detail: 'Not found.' });
    if (method === 'GET') return cursorPage(setsOf(zone).map(({ name, type, ttl, values }) => ({ domain: zone.name, subname: relative(name, zone.name, ''), name: `${name}.`, type, ttl, records: values.map((value) => shown(type, value)), created: '', touched: '' })), question);
    const body = jsonOf(question) as unknown as Record<string, unknown>[] | undefined;
    if (method !== 'PATCH' || !Array.isArray(body)) return refuse(405, { detail: `Method "${method}" not allowed.` });
    const kept = [...zone.rows];
    const errors = body.map((set) => {
      const records = (set['records'] ?? []) as unknown[];
      if (!hasOnly(set, 'subname', 'type', 'records', 'ttl?')) return { non_field_errors: ['unexpected field'] };
      if (records.length > 0 && !(Number(set['ttl']) >= 3600)) return { ttl: ['Ensure this value is greater than or equal to 3600.'] };
      return replaceSet(world, zone, absolute(String(set['subname']), zone.name, ''), String(set['type']), Number(set['ttl']), records) ? {} : { records: ['Record content malformed.'] };
    });
    if (errors.every((error) => Object.keys(error).length === 0)) return { status: 200, json: [] };
    zone.rows = kept;
    return refuse(400, errors);
  },
};

const AWS = { id: 'AKIDEXAMPLE', secret: 'aws-secret-0123456789' };
const escape = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');
const xml = (status: number, text: string): Reply => ({ status, text: `<?xml version="1.0"?>\n${text}` });
const awsError = (status: number, code: string, message: string): Reply => xml(status, `<ErrorResponse xmlns="https://route53.amazonaws.com/doc/2013-04-01/"><Error><Type>Sender</Type><Code>${code}</Code><Message>${escape(message)}</Message></Error><RequestId>r</RequestId></ErrorResponse>`);

function signedByAws({ method, target, headers, text }: Question): boolean {
  const found = /^AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE\/(\d{8})\/us-east-1\/route53\/aws4_request, SignedHeaders=host;x-amz-date, Signature=([0-9a-f]{64})$/.exec(headers.authorization ?? '');
  const time = String(headers['x-amz-date']);
  if (!found?.[1] || !time.startsWith(found[1]) || !/^\d{8}T\d{6}Z$/.test(time)) return false;
  const hash = (value: string): string => createHash('sha256').update(value).digest('hex');
  const mac = (key: string | Buffer, value: string): Buffer => createHmac('sha256', key).update(value).digest();
  const [path, query = ''] = target.split('?');
  const canonical = `${method}\n${path}\n${query.split('&').toSorted().join('&')}\nhost:${headers.host}\nx-amz-date:${time}\n\nhost;x-amz-date\n${hash(text)}`;
  const key = ['us-east-1', 'route53', 'aws4_request'].reduce(mac, mac(`AWS4${AWS.secret}`, found[1]));
  return mac(key, `AWS4-HMAC-SHA256\n${time}\n${found[1]}/us-east-1/route53/aws4_request\n${hash(canonical)}`).toString('hex') === found[2];
}

const octal = (name: string): string => name.replaceAll('*', '\\052');

function listSets(question: Question, zone: FakeZone): Reply {
  const sets = setsOf(zone).toSorted((a, b) => `${a.name} ${a.type}`.localeCompare(`${b.name} ${b.type}`));
  const start = question.query.get('name');
  const from = start === null ? 0 : sets.findIndex(({ name, type }) => `${octal(name)}.` === start && type === question.query.get('type'));
  const size = Math.min(300, Number(question.query.get('maxitems') ?? 300), 100);
  const next = sets[from + size];
  const rows = sets.slice(from, from + size).map(({ name, type, ttl, values }) => `<ResourceRecordSet><Name>${octal(name)}.</Name><Type>${type}</Type><TTL>${ttl}</TTL><ResourceRecords>${values.map((value) => `<ResourceRecord><Value>${escape(shown(type, value, 8))}</Value></ResourceRecord>`).join('')}</ResourceRecords></ResourceRecordSet>`);
  const more = next ? `<IsTruncated>true</IsTruncated><NextRecordName>${octal(next.name)}.</NextRecordName><NextRecordType>${next.type}</NextRecordType>` : '<IsTruncated>false</IsTruncated>';
  return xml(200, `<ListResourceRecordSetsResponse xmlns="https://route53.amazonaws.com/doc/2013-04-01/"><ResourceRecordSets>${rows.join('')}</ResourceRecordSets>${more}<MaxItems>${size}</MaxItems></ListResourceRecordSetsResponse>`);
}

function changeSets(question: Question, world: World, zone: FakeZone): Reply {
  const plain = (text: string): string => text.replace(/&#(\d+);/g, (_whole, code: string) => String.fromCharCode(Number(code)));
  const changes = [...question.text.matchAll(/<Change><Action>(CREATE|DELETE)<\/Action><ResourceRecordSet><Name>([^<]+)\.<\/Name><Type>([A-Z]+)<\/Type><TTL>(\d+)<\/TTL><ResourceRecords>(.*?)<\/ResourceRecords><\/ResourceRecordSet><\/Change>/gs)];
  const batch = (message: string): Reply => xml(400, `<InvalidChangeBatch xmlns="https://route53.amazonaws.com/doc/2013-04-01/"><Messages><Message>${message}</Message></Messages><RequestId>r</RequestId></InvalidChangeBatch>`);
  if (changes.length === 0 || question.headers['content-type'] !== 'application/xml' || !question.text.startsWith('<?xml')) return awsError(400, 'InvalidInput', 'no changes');
  const kept = [...zone.rows];
  const rollBack = (message: string): Reply => {
    zone.rows = kept;
    return batch(message);
  };
  for (const [, action, rawName = '', type = '', ttl, records = ''] of changes) {
    const name = plain(rawName).replaceAll('\\052', '*');
    const values = [...records.matchAll(/<ResourceRecord><Value>(.*?)<\/Value><\/ResourceRecord>/gs)].map(([, value = '']) => plain(value));
    const now = setsOf(zone).find((set) => set.name === name && set.type === type);
    if (action === 'CREATE') {
      if (now) return rollBack(`Tried to create resource record set [name='${name}.', type='${type}'] but it already exists`);
      if (!replaceSet(world, zone, name, type, Number(ttl), values, 8)) return rollBack(`Invalid Resource Record: ${type}`);
    } else {
      if (!now) return rollBack(`Tried to delete resource record set [name='${name}.', type='${type}'] but it was not found`);
      if (now.ttl !== Number(ttl) || now.values.map((value) => shown(type, value, 8)).toSorted().join() !== values.toSorted().join()) return rollBack(`Tried to delete resource record set [name='${name}.', type='${type}'] but the values provided do not match the current values`);
      zone.rows = zone.rows.filter((row) => row.name !== name || row.type !== type);
    }
  }
  return xml(200, '<ChangeResourceRecordSetsResponse xmlns="https://route53.amazonaws.com/doc/2013-04-01/"><ChangeInfo><Id>/change/C1</Id><Status>PENDING</Status></ChangeInfo></ChangeResourceRecordSetsResponse>');
}

export const route53: Dialect = {
  type: 'route53', basePath: '', settings: { 'access-key-id': AWS.id }, secrets: { 'secret-file': AWS.secret }, atomic: true, types: ['A', 'AAAA', 'CNAME', 'MX', 'TXT', 'SRV', 'CAA', 'TLSA'],
  answer(question, world) {
    const { method, path, query } = question;
    if (!signedByAws(question)) return awsError(403, 'SignatureDoesNotMatch', 'The request signature we calculated does not match the signature you provided.');
    if (method === 'GET' && path === '/2013-04-01/hostedzone') {
      const from = query.has('marker') ? world.zones.findIndex(({ id }) => id === query.get('marker')) : 0;
      const page = world.zones.slice(from, from + 100);
      const next = world.zones[from + 100];
      const rows = page.map(({ id, name }) => `<HostedZone><Id>/hostedzone/${id}</Id><Name>${name}.</Name><CallerReference>r</CallerReference><Config><PrivateZone>false</PrivateZone></Config></HostedZone>`);
      const hidden = '<HostedZone><Id>/hostedzone/Z9</Id><Name>inside.example.</Name><Config><Comment>a &amp; b</Comment><PrivateZone>true</PrivateZone></Config></HostedZone>';
      return xml(200, `<ListHostedZonesResponse xmlns="https://route53.amazonaws.com/doc/2013-04-01/">\n  <HostedZones>${rows.join('\n')}${hidden}</HostedZones><IsTruncated>${next !== undefined}</IsTruncated>${next ? `<NextMarker>${next.id}</NextMarker>` : ''}<MaxItems>100</MaxItems></ListHostedZonesResponse>`);
    }
    const zone = world.zones.find(({ id }) => path === `/2013-04-01/hostedzone/${id}/rrset`);
    if (!zone) return awsError(404, 'NoSuchHostedZone', 'No hosted zone found');
    return method === 'POST' ? changeSets(question, world, zone) : listSets(question, zone);
  },
};
