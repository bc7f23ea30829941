import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createZoneDns } from '../../../test/harness/zone-dns.ts';
import type { RecordData } from '../../contract/dns.ts';
import { findCaa } from './find-caa.ts';
import { caaNameOf, judgeCaa } from './judge-caa.ts';

const caa = (tag: string, value: string, flags = 0): RecordData['CAA'] => ({ flags, tag, value });
const judge = (records: readonly RecordData['CAA'][], issuer: string | undefined = 'letsencrypt.org') => judgeCaa({ kind: 'found', at: 'example.org', records }, { name: 'mail.example.org', issuer });

describe('CAA', () => {
  it('is looked for up the tree', async () => {
    const dns = createZoneDns({ 'example.org': { CAA: [caa('issue', 'a.example')] }, 'a.b.example.org': { A: ['192.0.2.1'] } });
    assert.deepEqual(await findCaa(dns, 'a.b.example.org'), { kind: 'found', at: 'example.org', records: [caa('issue', 'a.example')] });
    assert.deepEqual(await findCaa(createZoneDns({}), 'a.b.example.org'), { kind: 'none' });
  });

  it('allows, forbids, or does not say', () => {
    assert.equal(judge([caa('issue', 'letsencrypt.org')]).level, 'pass');
    assert.equal(judge([caa('ISSUE', ' LetsEncrypt.org ; accounturi=https://x')]).level, 'pass');
    assert.equal(judge([caa('issue', 'digicert.com'), caa('issue', 'letsencrypt.org')]).level, 'pass');
    const wrong = judge([caa('issue', 'digicert.com')]);
    assert.deepEqual([wrong.level, wrong.record], ['fail', 'example.org. CAA 0 issue "letsencrypt.org"']);
    assert.equal(judge([caa('issue', 'zerossl.com')], 'sectigo.com').level, 'pass', 'an authority by another of its names');
    assert.equal(judge([caa('issue', ';')]).level, 'fail');
    assert.equal(judge([caa('iodef', 'mailto:x@example.org'), caa('issuewild', ';')]).level, 'pass', 'only wildcards are restricted');
    assert.equal(judge([caa('issue', 'letsencrypt.org'), caa('mystery', 'x', 128)]).level, 'fail');
    assert.equal(judgeCaa({ kind: 'none' }, { name: 'x.example', issuer: undefined }).level, 'warn');
    assert.equal(judgeCaa({ kind: 'unknown', at: 'x.example', reason: 'servfail' }, { name: 'x.example', issuer: undefined }).level, 'unknown');
  });

  it('knows authorities by their organisation', () => {
    assert.equal(caaNameOf("C=US\nO=Let's Encrypt\nCN=R11"), 'letsencrypt.org');
    assert.equal(caaNameOf('C=US\nO=Google Trust Services\nCN=WR1'), 'pki.goog');
    assert.equal(caaNameOf('CN=Posthorn lab CA'), undefined);
  });
});
