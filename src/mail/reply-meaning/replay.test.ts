/**
 * Replies that real servers gave, from public documentation and threads (test/vectors/replies/, each with its source),
 * against what the source says they mean. What must never happen is checked for all of them at once.
 */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { seeded } from '../../../test/harness/seeded-input.ts';
import { explainReply, type Culprit, type Explanation, type FaultClass } from './explain.ts';
import { namedDelayMs } from './named-delay.ts';
import { trustedReference } from './reference.ts';

interface Vector {
  /** A usual MX of the provider that the source names; absent when it names none. */
  readonly mx?: string;
  /** As published; long ones end with the sentence that tells. */
  readonly reply: string;
  readonly culprit: Culprit;
  readonly faultClass: FaultClass;
}

interface Source {
  readonly source: string;
  readonly seen: string;
  readonly replies: readonly Vector[];
}

const FOLDER = join(import.meta.dirname, '../../../test/vectors/replies');
const FILES = readdirSync(FOLDER).filter((name) => name.endsWith('.json'));
const SOURCES = FILES.flatMap((name) => JSON.parse(readFileSync(join(FOLDER, name), 'utf8')) as readonly Source[]);
const VECTORS = SOURCES.flatMap(({ replies }) => replies);

function explain({ reply, mx }: Pick<Vector, 'reply' | 'mx'>): Explanation {
  const match = /^(\d{3})[ -](?:([245]\.\d{1,3}\.\d{1,3}) )?([^]*)$/.exec(reply);
  assert.ok(match, reply);
  return explainReply({ code: Number(match[1]), ...(match[2] && { enhanced: match[2] }), text: match[3] as string }, { mx: mx ?? 'mx.example.net' });
}

describe('replies of the real world', () => {
  it('are many, each with its source', () => {
    assert.ok(VECTORS.length >= 880, `${VECTORS.length}`);
    for (const { source, seen } of SOURCES) assert.ok(/https?:\/\/|\w+\/[\w-]+ /.test(source) && /^20\d\d-\d\d$/.test(seen), source);
    const named = VECTORS.map(({ mx, reply }) => `${mx ?? ''} ${reply}`);
    assert.equal(new Set(named).size, named.length);
  });

  for (const { source, replies } of SOURCES) {
    it(`mean what their source says: ${source.slice(0, 70)}`, () => {
      for (const vector of replies) {
        const { culprit, faultClass, rule } = explain(vector);
        assert.equal(`${culprit}/${faultClass}`, `${vector.culprit}/${vector.faultClass}`, `${rule} answered ${vector.reply}`);
      }
    });
  }

  it('never make a dead address of a refusal of ours, at whatever server', () => {
    for (const vector of VECTORS.filter(({ culprit }) => culprit !== 'recipient')) {
      const elsewhere = explain({ reply: vector.reply, mx: 'mx.unheard-of.example' });
      assert.notEqual(elsewhere.faultClass, 'hard-bounce', `${elsewhere.rule}: ${vector.reply}`);
    }
  });

  it('are understood in any case of letters, and over several lines', () => {
    for (const vector of VECTORS.filter(({ culprit }) => culprit === 'source-ip')) {
      const loud = explain({ ...vector, reply: vector.reply.toUpperCase() });
      const folded = explain({ ...vector, reply: vector.reply.replace(/(.{40}\S*) /g, '$1\n') });
      assert.equal(loud.faultClass, vector.faultClass, vector.reply);
      assert.equal(folded.faultClass, vector.faultClass, vector.reply);
    }
  });
});

/** Texts that no provider is known to use: what strangers may say in their own words. */
const STRANGERS: readonly (readonly [reply: string, expected: string])[] = [
  ['550 5.7.1 Our reputation system rates 192.0.2.1 as poor; mail refused', 'source-ip/block'],
  ['554 5.7.1 Sending host has been temporarily banned for excessive complaints', 'source-ip/block'],
  ['554 5.7.1 Mail from your network is not welcome here', 'source-ip/block'],
  ['550 5.7.1 This IP is not on our list of known senders', 'source-ip/block'],
  ['550 5.7.1 We do not accept mail from dynamic addresses', 'source-ip/block'],
  ['550 5.7.1 Message refused: your server is listed with our partner list', 'source-ip/block'],
  ['554 5.7.1 The domain example.org has a bad reputation', 'dkim-domain/block'],
  ['421 4.7.0 Slow down, you are sending too fast', 'capacity/rate'],
  ['451 4.7.1 Too many complaints about mail from your IP, deferred', 'source-ip/rate'],
  ['421 4.7.0 Rate limit for 192.0.2.1 exceeded: 20 messages per minute', 'source-ip/rate'],
  ['450 4.7.1 temporarily deferred: DKIM domain example.org sends an unusual volume', 'dkim-domain/rate'],
  ['450 4.2.1 recipient gets too many messages now', 'recipient/rate'],
  ['550 5.1.1 Kein Postfach unter dieser Adresse', 'recipient/hard-bounce'],
  ['550 Empfänger unbekannt', 'recipient/hard-bounce'],
  ['550 5.1.1 Utilisateur inconnu', 'recipient/hard-bounce'],
  ['550 No existe el buzón', 'recipient/hard-bounce'],
  ['550 5.2.1 Mailbox suspended for non-payment', 'recipient/soft-bounce'],
  ['452 4.2.2 Das Postfach ist voll', 'recipient/soft-bounce'],
  ['450 4.7.1 Please come back in 10 minutes, we have not met before', 'theirs/greylist'],
  ['550 5.7.26 Neither SPF nor DKIM pass for this sender', 'our-dns/authentication'],
  ['550 5.7.1 rejected: From domain publishes p=reject', 'policy/authentication'],
  ['550 5.7.25 No rDNS for 192.0.2.1', 'our-dns/block'],
  ['450 4.7.25 reverse lookup failed', 'our-dns/authentication'],
  ['554 5.7.1 Message contains phishing link', 'content/content'],
  ['554 5.6.0 Two From: headers', 'message/format'],
  ['550 5.7.1 Bulk mail needs one-click unsubscribe', 'message/format'],
  ['550 5.7.1 <x@example.net>: Recipient address rejected: Too many messages from your host', 'source-ip/rate'],
  ['550 5.7.1 <x@example.net>: Recipient address rejected: Mail refused by local rules', 'policy/policy'],
  ['550 Requested action not taken: mailbox unavailable, sender not accepted', 'policy/policy'],
  ['450 Muitas mensagens do seu servidor, aguarde 2 minutos', 'capacity/rate'],
  ['452 4.7.1 Tagesgrenze fuer neue Absender erreicht (12 Nachrichten), morgen wieder', 'capacity/rate'],
  ['421 Te veel gelijktijdige verbindingen vanaf dit adres (max. 3)', 'capacity/rate'],
  ['451 Wir kennen Sie noch nicht, bitte in 8 Minuten noch einmal versuchen', 'theirs/greylist'],
  ['451 4.7.1 Réessayez dans 35 minutes, merci', 'theirs/greylist'],
  ['451 Повторите попытку через 15 минут', 'theirs/greylist'],
  ['450 4.7.1 Mail with From domain example.org is limited here: readers complained', 'dkim-domain/rate'],
  ['421 4.7.0 signing domain example.org is over its quota, retry in 20 minutes', 'dkim-domain/rate'],
  ['421 4.7.0 192.0.2.1 is new here and its volume too high; ramp up slowly', 'source-ip/rate'],
  ['451 4.7.1 Volume of mail from 192.0.2.1 is unusual for a host that we first saw today; retry in 1 hour', 'source-ip/rate'],
  ['550 Nachricht enthält einen Link auf example.com, der bei uns gesperrt ist', 'content/content'],
  ['554 5.6.0 Mensaje rechazado: parece correo no deseado (puntuación 9.4)', 'content/content'],
  ['550 迷惑メールとして拒否されました', 'content/content'],
  ['552 Bericht te groot (max. 2 kB)', 'message/format'],
  ['550 5.2.1 Schránka dočasně zablokována', 'recipient/soft-bounce'],
  ['550 Usuario suspendido por falta de pago', 'recipient/soft-bounce'],
  ['550 5.7.1 Destinataire inexistant', 'recipient/hard-bounce'],
  ['550 Absender unbekannt, Empfänger nimmt nichts an', 'policy/policy'],
  ['550 Indirizzo del mittente inesistente', 'policy/policy'],
  ['530 5.7.0 Nejprve zadejte STARTTLS', 'ours/authentication'],
  ['451 4.1.1 mailbox being moved', 'recipient/soft-bounce'],
  ['421 4.7.0 [TSX12] not now', 'policy/policy'],
  ['550 User john.doe@mail.example.net is disabled', 'recipient/hard-bounce'],
  ['554 Votre serveur figure sur notre liste noire', 'source-ip/block'],
  ['550 Ihr Mailserver ist bei uns wegen Missbrauchs gesperrt', 'source-ip/block'],
  ['554 Servidor 192.0.2.1 bloqueado por spam', 'source-ip/block'],
  ['550 5.7.1 Отказано: ваш сервер в чёрном списке', 'source-ip/block'],
  ['550 Le domaine example.org est sur notre liste noire', 'policy/policy'],
  ['450 4.7.1 Reduce your sending, 192.0.2.1 exceeds 30 msgs per 10 min', 'source-ip/rate'],
  ['452 4.3.1 Per-hour allowance consumed', 'capacity/rate'],
  ['421 4.7.0 Too many messages from your IP address, limit exceeded', 'source-ip/rate'],
  ['451 Messages per hour exceeded for this host', 'capacity/rate'],
  ['450 mail volume exceeded, slow down', 'capacity/rate'],
  ['550 The message from you exceeds size limit', 'message/format'],
  ["450 Le domaine de l'expéditeur ne se résout pas", 'our-dns/authentication'],
  ['550 Wir nehmen nur verschluesselte Verbindungen an (STARTTLS)', 'ours/authentication'],
  ['550 no', 'policy/policy'],
];

describe('replies in words never heard', () => {
  for (const [reply, expected] of STRANGERS) {
    it(`${expected}: ${reply.slice(0, 70)}`, () => {
      const { culprit, faultClass, rule } = explain({ reply });
      assert.equal(`${culprit}/${faultClass}`, expected, rule);
    });
  }
});

describe('a hostile reply', () => {
  it('is understood in a moment, too: it once held the whole server up for minutes', () => {
    const pieces = ['a@', 'a@a@', 'link user x', 'from domain ', '1.1.1.1 ', 'too many ', 'mailbox sender no ', 'http://a ', '<a@a> ', '[a] '];
    const begun = performance.now();
    for (const piece of pieces) explain({ reply: `550 ${piece.repeat(2000).slice(0, 2000)}` });
    // Some milliseconds each; what is to be found out are minutes.
    assert.ok(performance.now() - begun < 10_000);
  });
});

describe('a named wait', () => {
  const cases: readonly (readonly [string, number | undefined])[] = [
    ['451 greylisted, please try again in 300 seconds', 300_000],
    ['450 greylisting in action, please come back in 00:05:00', 300_000],
    ['451 greylisted for 5 minutes', 300_000],
    ['450 retry in 01:30', 90_000],
    ['421 try again in an hour', 3_600_000],
    ['450 example.com greylisted for 60 seconds by zerospam', 60_000],
    ['421 please wait 10 minutes and try again', 600_000],
    ['451 retry-after: 120', 120_000],
    ['451 in 5 minuten erneut versuchen', 300_000],
    ['554 your ip is blocked for 24 hours', 86_400_000],
    ['450 blocked for 30 days, try later', 86_400_000],
    ['451 4.7.1 after 5 minutes', 300_000],
    ['451 try again in 1 second', 30_000],
    ['451 wir kennen sie noch nicht, bitte in 8 minuten noch einmal versuchen', 480_000],
    ['451 повторите попытку через 15 минут', 900_000],
    ['450 muitas mensagens do seu servidor, aguarde 2 minutos', 120_000],
    ['450 probeer het over 10 minuten opnieuw', 600_000],
    ['450 spróbuj ponownie za 5 minut', 300_000],
    ['450 próbálja újra 5 perc múlva', 300_000],
    ['451 请在5分钟后重试', 300_000],
    ['451 10分後に再送してください', 600_000],
    ['450 5분 후 다시 시도하십시오', 300_000],
    ['452 tagesgrenze erreicht (12 nachrichten), morgen wieder', 21_600_000],
    ['421 daily limit reached, resume tomorrow', 21_600_000],
    ['450 you sent too many mails in the last 10 minutes, try again later', undefined],
    ['452 exceeded 100 messages per hour', undefined],
    ['421 timeout after 300 seconds', undefined],
    ['451 try again after some time', undefined],
    ['550 5.1.1 no such user', undefined],
    ['451 at 12:30:45 on host 10:20, try again', undefined],
  ];
  for (const [text, expected] of cases) it(`${expected ?? 'none'}: ${text}`, () => assert.equal(namedDelayMs(text), expected));

  it('is found, or not, in a moment, whatever the text', () => {
    const random = seeded('waits');
    const pieces = ['in ', '5 ', 'minutes', ' after', '9'.repeat(30), ':', 'a few ', 'try again ', 'x'.repeat(50), '0:', 'second'];
    for (let i = 0; i < 300; i += 1) {
      const wait = namedDelayMs(random.pieces(pieces, 400).slice(0, 2000));
      assert.ok(wait === undefined || (wait >= 30_000 && wait <= 86_400_000), random.note);
    }
  });
});

describe('a link in a reply', () => {
  it('is passed on only when it leads to who answered, or to the operator of a list', () => {
    assert.equal(trustedReference('see https://support.google.com/mail/?p=x. Thanks', ['google.com']), 'https://support.google.com/mail/?p=x');
    assert.equal(trustedReference('http://google.com@evil.example/', ['google.com']), undefined);
    assert.equal(trustedReference('https://evilgoogle.com/x https://google.com.evil.example/', ['google.com']), undefined);
    assert.equal(trustedReference('https://google.com:8443/x', ['google.com']), undefined);
    const listed = explain({ reply: '554 5.7.1 blocked using zen.spamhaus.org; http://www.spamhaus.org/query/ip/192.0.2.1' });
    assert.equal(listed.reference, 'https://www.spamhaus.org/query/ip/192.0.2.1');
    assert.equal(explain({ reply: '550 5.7.1 blocked, see https://www.spamhaus.org/query/ip/192.0…' }).reference, undefined, 'cut off');
    assert.equal(explain({ reply: '550 5.7.1 blocked, pay at https://delist.evil.example/' }).reference, undefined);
  });
});
