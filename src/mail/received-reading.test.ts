import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseHeader } from './header.ts';
import { readArrival, readReceived } from './received-reading.ts';

describe('Received, as servers write it', () => {
  const written: readonly (readonly [string, string | undefined, string | undefined, boolean | undefined])[] = [
    ['from mail.example.org (mail.example.org [203.0.113.7]) (using TLSv1.3 with cipher TLS_AES_256_GCM_SHA384 (256/256 bits)) by mx.example.net (Postfix) with ESMTPS id 4X for <b@example.net>; Fri, 20 Nov 2026 10:00:00 +0000', 'mail.example.org', '203.0.113.7', true],
    ['from [203.0.113.7] (helo=mail.example.org) by mx.example.net with esmtp (Exim 4.98) id 1; Fri, 20 Nov 2026 10:00:00 +0000', 'mail.example.org', '203.0.113.7', false],
    ['from mail.example.org ([2001:db8::7]:4321) by mx.example.net with esmtps (TLS1.3) tls TLS_AES_256_GCM_SHA384 (Exim) id 1', 'mail.example.org', '2001:db8::7', true],
    ['from mail.example.org (mail.example.org. [IPv6:2001:db8::7]) by mx.google.com with ESMTPS id x (version=TLS1_3 cipher=TLS_AES_128 bits=128/128)', 'mail.example.org', '2001:db8::7', true],
    ['from mail.example.org (203.0.113.7) by AM0.mail.protection.outlook.com (10.0.0.1) with Microsoft SMTP Server (version=TLS1_3, cipher=x) id 15', 'mail.example.org', '203.0.113.7', true],
    ['by mx.example.net (Postfix, from userid 0) id 1; Fri, 20 Nov 2026 10:00:00 +0000', undefined, undefined, undefined],
    ['nonsense [999.1.1.1] by', undefined, undefined, undefined],
  ];
  for (const [value, helo, address, encrypted] of written) {
    it(value.slice(0, 60), () => {
      const read = readReceived(value);
      assert.deepEqual([read.helo, read.address, read.encrypted], [helo, address, encrypted]);
    });
  }
});

const received = (from: string, address: string, by: string): string => `Received: from ${from} (${from} [${address}]) by ${by} with ESMTPS id 1; Fri, 20 Nov 2026 10:00:00 +0000`;

function arrival(...lines: readonly string[]) {
  return readArrival(parseHeader(Buffer.from([...lines, '', ''].join('\r\n'))).fields);
}

describe('how a saved message came', () => {
  it('passes the hops inside of the receiving site over', () => {
    const claims = arrival('Return-Path: <a@example.org>', received('mx', '127.0.0.1', 'store.example.net'), received('gate', '10.1.2.3', 'mx.example.net'), received('mail.example.org', '203.0.113.7', 'gate.example.net'), received('home', '198.51.100.1', 'mail.example.org'));
    assert.deepEqual([claims.address, claims.helo, claims.sender, claims.by], ['203.0.113.7', 'mail.example.org', 'a@example.org', 'gate.example.net']);
  });

  it('believes Return-Path only on top', () => {
    assert.equal(arrival(received('mail.example.org', '203.0.113.7', 'mx.example.net'), 'Return-Path: <forged@example.org>').sender, undefined);
    assert.equal(arrival('Return-Path: <forged@example.org>').sender, undefined);
    assert.equal(arrival('Return-Path: <>', received('mail.example.org', '203.0.113.7', 'mx.example.net')).sender, '');
  });

  it('believes results only of the server that took the message', () => {
    const hop = received('mail.example.org', '203.0.113.7', 'mx.example.net');
    assert.equal(arrival('Authentication-Results: mx.example.net; spf=pass smtp.mailfrom=a@example.org', hop).results?.results[0]?.result, 'pass');
    assert.equal(arrival('Authentication-Results: evil.example; spf=pass smtp.mailfrom=a@example.org', hop).results, undefined);
    assert.equal(arrival('Authentication-Results: mx.example.net; spf=pass smtp.mailfrom=a@example.org').results, undefined);
  });
});
