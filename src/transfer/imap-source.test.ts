/** Servers that behave badly, as a script plays them; what was read of them goes into a list. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { afterEach, describe, it } from 'node:test';
import { runImport, type ImportResult, type ImportedMessage } from './importer.ts';
import { openImapAccount } from './imap-account.ts';

interface Asked {
  readonly uids: readonly number[];
  readonly bodies: boolean;
  readonly socket: Socket;
  readonly tag: string;
  /** Sends the answer about one message as it should be. */
  readonly answer: (uid: number) => void;
}

interface Script {
  readonly uids?: readonly number[];
  readonly list?: string;
  /** Undefined: as it should be. */
  readonly fetch?: (asked: Asked) => string | undefined;
  readonly validity?: () => number;
  readonly greeting?: string;
  readonly selected?: string;
}

const servers: Server[] = [];
const sockets = new Set<Socket>();
afterEach(() => {
  for (const socket of sockets) socket.destroy();
  for (const server of servers.splice(0)) server.close();
});

const textOf = (uid: number): string => `Subject: m${uid}\r\n\r\ntext ${uid}\r\n`;

async function play(script: Script): Promise<number> {
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    socket.write(script.greeting ?? '* OK ready\r\n');
    createInterface({ input: socket }).on('line', (line) => reply(socket, script, line)).on('error', () => {});
  }).listen(0, '127.0.0.1');
  servers.push(server);
  await once(server, 'listening');
  return (server.address() as { port: number }).port;
}

function reply(socket: Socket, script: Script, line: string): void {
  const [tag = '', ...words] = line.split(' ');
  const uids = script.uids ?? [1, 2, 3];
  const say = (text: string, end = 'OK done'): void => void socket.write(`${text}${tag} ${end}\r\n`);
  switch (words[0] === 'UID' ? 'UID FETCH' : words[0]) {
    case 'CAPABILITY':
      return say('* CAPABILITY IMAP4rev1\r\n');
    case 'LIST':
      return say(script.list ?? '* LIST () "/" INBOX\r\n');
    case 'EXAMINE':
      if (line.includes('Closed')) return say('', 'NO you may not');
      return say(`* ${uids.length} EXISTS\r\n* OK [UIDVALIDITY ${script.validity?.() ?? 7}] valid\r\n${script.selected ?? ''}`);
    case 'FETCH':
      return say(uids.map((uid, at) => `* ${at + 1} FETCH (UID ${uid})\r\n`).join(''));
    case 'UID FETCH': {
      const asked = expand(words[2] ?? '').filter((uid) => uids.includes(uid));
      const bodies = line.includes('BODY');
      const answer = (uid: number): void => {
        const text = textOf(uid);
        socket.write(bodies ? `* ${uid} FETCH (UID ${uid} BODY[] {${text.length}}\r\n${text})\r\n` : `* ${uid} FETCH (UID ${uid} FLAGS (\\Seen) INTERNALDATE NIL RFC822.SIZE ${text.length})\r\n`);
      };
      const end = script.fetch?.({ uids: asked, bodies, socket, tag, answer });
      if (end === undefined) asked.forEach(answer);
      return end === '' ? undefined : say('', end);
    }
    default:
      return say('');
  }
}

function expand(set: string): number[] {
  return set.split(',').flatMap((range) => {
    const [from = 0, to = from] = range.split(':').map(Number);
    return Array.from({ length: to - from + 1 }, (_, at) => from + at);
  });
}

interface Brought {
  readonly result: ImportResult;
  readonly folders: ReadonlyMap<string, readonly ImportedMessage[]>;
}

async function bring(script: Script): Promise<Brought> {
  const source = await openImapAccount({ host: '127.0.0.1', port: await play(script), security: 'none', username: 'u', password: 'p' });
  const folders = new Map<string, ImportedMessage[]>();
  const result = await runImport(
    source,
    {
      openFolder: async ({ name }) => {
        folders.set(name, []);
        return { name };
      },
      missing: async (folder, keys) => new Set(keys.filter((key) => !folders.get(folder)?.some((there) => there.key === key))),
      put: async (folder, messages) => {
        folders.get(folder)?.push(...messages);
        return { stored: messages.length, refused: [] };
      },
    },
    { folderName: (name) => name, now: 1 },
  ).finally(() => source.close());
  return { result, folders };
}

const subjects = ({ folders }: Brought, folder = 'INBOX'): readonly string[] => (folders.get(folder) ?? []).map(({ bytes }) => /Subject: (\S+)/.exec(bytes.toString())?.[1] ?? '');

describe('mail of an IMAP server', () => {
  it('comes whole when answers come backwards, twice, and with news in between', async () => {
    const brought = await bring({
      fetch: ({ uids, answer, socket }) => {
        socket.write('* 2 FETCH (UID 2 FLAGS (\\Deleted))\r\n* 9 EXISTS\r\n* 77 FETCH (UID 77 RFC822.SIZE 1 BODY[] "x")\r\n* 1 EXPUNGE\r\n');
        for (const uid of [...uids, ...uids].toReversed()) answer(uid);
        return 'OK done';
      },
    });
    assert.deepEqual(subjects(brought), ['m1', 'm2', 'm3']);
    assert.deepEqual(brought.folders.get('INBOX')?.[1]?.flags, ['\\Seen']);
  });

  it('names a message that the server does not give, and brings the others', async () => {
    const brought = await bring({
      fetch: ({ uids, bodies, answer }) => {
        for (const uid of uids) if (!bodies || uid !== 2) answer(uid);
        return 'OK done';
      },
    });
    assert.deepEqual(subjects(brought), ['m1', 'm3']);
    assert.deepEqual(brought.result.problems, ['INBOX: the server does not give UID 2']);
  });

  it('comes without the one message at which the server says no', async () => {
    const brought = await bring({
      uids: [1, 2, 3, 4, 5],
      fetch: ({ uids, bodies, answer }) => {
        for (const uid of uids) {
          if (bodies && uid === 3) return 'NO [SERVERBUG] cannot read this message';
          answer(uid);
        }
        return 'OK done';
      },
    });
    assert.deepEqual(subjects(brought), ['m1', 'm2', 'm4', 'm5']);
    assert.deepEqual([brought.result.stored, brought.result.failed], [4, 1]);
  });

  it('goes on behind the last message when the server hangs up after each', async () => {
    let answered = 0;
    const brought = await bring({
      uids: [1, 2, 3],
      fetch: ({ uids, bodies, answer, socket }) => {
        if (!bodies || answered >= 2) return undefined;
        answered += 1;
        answer(uids[0] ?? 0);
        socket.end('* BYE enough\r\n');
        return '';
      },
    });
    assert.deepEqual([subjects(brought), answered], [['m1', 'm2', 'm3'], 2]);
  });

  it('is not mixed up when a mailbox is made anew in the middle', async () => {
    let hungUp = false;
    const brought = await bring({
      validity: () => (hungUp ? 8 : 7),
      fetch: ({ bodies, socket }) => {
        if (!bodies) return undefined;
        hungUp = true;
        socket.destroy();
        return '';
      },
    });
    assert.deepEqual(brought.result.problems, ['INBOX: the mailbox was made anew on the server meanwhile: run the import again']);
  });

  it('comes from the mailboxes that can be opened, under names that can be here', async () => {
    const brought = await bring({
      list: '* LIST () "." INBOX\r\n* LIST () "." INBOX.Closed\r\n* LIST () "." {10}\r\nINBOX.a"b%\r\n* LIST () "." INBOX.Caf&AOk-\r\n* LIST () "." Caf&AOk-\r\n* LIST (\\Noselect) "." INBOX.not\r\n* LIST () "." INBOX..\r\n',
    });
    assert.deepEqual([...brought.folders.keys()], ['INBOX', 'Closed', 'a"b_', 'Café', 'Café~2', '_/_']);
    assert.deepEqual(brought.result.problems, ['Closed: the server refused EXAMINE: you may not']);
    assert.deepEqual([brought.result.stored, brought.result.failed], [15, 1]);
  });

  it('comes in small steps when the sizes were lies', async () => {
    const large = 'x'.repeat(6 * 1024 ** 2);
    const asked: number[] = [];
    const brought = await bring({
      uids: [1, 2, 3, 4],
      fetch: ({ uids, bodies, socket }) => {
        if (!bodies) return undefined;
        asked.push(uids.length);
        for (const uid of uids) socket.write(`* ${uid} FETCH (UID ${uid} BODY[] {${large.length}}\r\n${large})\r\n`);
        return 'OK done';
      },
    });
    assert.deepEqual([brought.result.stored, asked], [4, [4, 2]]);
  });

  it('is not read from a server that answers garbage without end', async () => {
    const brought = await bring({
      fetch: ({ socket }) => {
        socket.write('* 1 FETCH (UID 99 FLAGS ())\r\n'.repeat(100_001));
        return '';
      },
    });
    assert.deepEqual(brought.result.problems, ['INBOX: the server sends answers to questions that nobody asked, without end']);
    await assert.rejects(bring({ greeting: 'x'.repeat(1024 ** 2 + 100_000) }), /a line of more than 1048576 bytes/);
    await assert.rejects(bring({ greeting: '* OK {9999999999}\r\n' }), /a response of more than/);
    await assert.rejects(bring({ greeting: '* BYE go away\r\n' }), /does not greet as IMAP servers do: \* BYE go away/);
  });
});
