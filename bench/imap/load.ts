/**
 * The operations that are measured, each the same bytes for both servers. An operation prepares what it needs outside of
 * the measured time and gives milliseconds.
 */
import { ImapConnection } from './connection.ts';
import { PASSWORD, USER, type ImapContestant } from './contestants.ts';
import { benchMessage, RARE_WORD } from './messages.ts';

/** Where the large mailbox is. */
export const LARGE = 'Large';
const APPEND_BATCH = 50;
const HEADER_FIELDS = 'From To Cc Bcc Subject Date Message-ID Priority X-Priority References Newsgroups In-Reply-To Content-Type Reply-To';

export interface Operation {
  readonly name: string;
  readonly run: (server: ImapContestant, large: ImapConnection) => Promise<number>;
}

export async function logIn(server: ImapContestant): Promise<ImapConnection> {
  const connection = await ImapConnection.open(server.imapPort);
  await connection.command(`LOGIN "${USER}" "${PASSWORD}"`);
  return connection;
}

function imapDate(date: Date): string {
  const month = date.toUTCString().slice(8, 11);
  const two = (value: number): string => String(value).padStart(2, '0');
  return `${two(date.getUTCDate())}-${month}-${date.getUTCFullYear()} ${two(date.getUTCHours())}:${two(date.getUTCMinutes())}:00 +0000`;
}

/** The large mailbox, in both servers through the same commands (MULTIAPPEND). */
export async function fillLarge(server: ImapContestant, count: number): Promise<number> {
  const connection = await logIn(server);
  await connection.command(`CREATE ${LARGE}`);
  const startedAt = performance.now();
  for (let first = 0; first < count; first += APPEND_BATCH) {
    const batch = Array.from({ length: Math.min(APPEND_BATCH, count - first) }, (_, at) => benchMessage(first + at));
    const text = batch.map(({ date }, at) => `${at === 0 ? `APPEND ${LARGE} ` : ' '}${(first + at) % 3 === 0 ? '' : '(\\Seen) '}"${imapDate(date)}" `).join('\0');
    await connection.command(`${text}\0`, batch.map(({ bytes }) => bytes));
  }
  connection.close();
  return performance.now() - startedAt;
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const startedAt = performance.now();
  await work();
  return performance.now() - startedAt;
}

/** One command in the large mailbox. */
function one(name: string, command: string): Operation {
  return { name, run: (_, large) => timed(() => large.command(command)) };
}

/** On a connection of its own, with a scratch mailbox that is empty before. */
async function inScratch(server: ImapContestant, work: (connection: ImapConnection) => Promise<number>): Promise<number> {
  const connection = await logIn(server);
  await connection.command('CREATE Scratch');
  try {
    return await work(connection);
  } finally {
    await connection.command('UNSELECT').catch(() => undefined);
    await connection.command('DELETE Scratch');
    connection.close();
  }
}

async function appendSingly(connection: ImapConnection, count: number): Promise<void> {
  for (let index = 0; index < count; index += 1) await connection.command('APPEND Scratch (\\Seen) \0', [benchMessage(index).bytes]);
}

/** Once each, right behind the load: Posthorn's text index has not taken the messages up yet and reads them. */
export const JUST_LOADED: readonly Operation[] = [one('SEARCH FROM, just loaded', 'UID SEARCH FROM "greta"'), one('SEARCH BODY, just loaded', `UID SEARCH BODY "${RARE_WORD}"`)];

export function operations(messages: number): readonly Operation[] {
  const some = Math.min(1000, messages);
  const middle = `${Math.floor(messages / 2) + 1}:${Math.floor(messages / 2) + some}`;
  return [
    {
      name: '100 × connect, LOGIN, LOGOUT',
      run: (server) =>
        timed(async () => {
          for (let at = 0; at < 100; at += 1) {
            const connection = await logIn(server);
            await connection.command('LOGOUT');
            connection.close();
          }
        }),
    },
    {
      name: `SELECT of ${messages}, new session`,
      run: async (server) => {
        const connection = await logIn(server);
        const ms = await timed(() => connection.command(`SELECT ${LARGE}`));
        connection.close();
        return ms;
      },
    },
    { name: '100 × SELECT in a session', run: (_, large) => timed(async () => {
      for (let at = 0; at < 100; at += 1) await large.command(`SELECT ${LARGE}`);
    }) },
    { name: '100 × STATUS', run: (_, large) => timed(async () => {
      for (let at = 0; at < 100; at += 1) await large.command(`STATUS ${LARGE} (MESSAGES UNSEEN UIDNEXT)`);
    }) },
    one('FETCH 1:* flags', 'FETCH 1:* (UID FLAGS)'),
    one('FETCH 1:* envelopes', 'FETCH 1:* (UID FLAGS INTERNALDATE RFC822.SIZE ENVELOPE)'),
    one('FETCH 1:* structures', 'FETCH 1:* (UID BODYSTRUCTURE)'),
    one('FETCH 1:* header fields', `FETCH 1:* (UID FLAGS BODY.PEEK[HEADER.FIELDS (${HEADER_FIELDS})])`),
    one(`FETCH ${some} whole messages`, `FETCH ${middle} (UID BODY.PEEK[])`),
    one(`FETCH ${some} first text parts`, `FETCH ${middle} (UID BODY.PEEK[1]<0.2048>)`),
    one('SEARCH UNSEEN', 'UID SEARCH UNSEEN'),
    one('SEARCH SINCE', 'UID SEARCH SINCE 1-Jun-2024 SENTBEFORE 1-Sep-2024'),
    one('SEARCH FROM', 'UID SEARCH FROM "greta"'),
    one('SEARCH SUBJECT', 'UID SEARCH SUBJECT "invoice"'),
    one('SEARCH BODY, rare word', `UID SEARCH BODY "${RARE_WORD}"`),
    one('SEARCH TEXT, common word', 'UID SEARCH TEXT "supplier"'),
    one('SORT DATE', 'UID SORT (DATE) UTF-8 ALL'),
    one('SORT SUBJECT', 'UID SORT (SUBJECT) UTF-8 ALL'),
    one('THREAD REFERENCES', 'UID THREAD REFERENCES UTF-8 ALL'),
    { name: `STORE ${some} at once, and back`, run: (_, large) => timed(async () => {
      await large.command(`STORE ${middle} +FLAGS.SILENT (\\Flagged)`);
      await large.command(`STORE ${middle} -FLAGS.SILENT (\\Flagged)`);
    }) },
    { name: '200 × STORE one', run: (_, large) => timed(async () => {
      for (let at = 1; at <= 100; at += 1) await large.command(`STORE ${at} +FLAGS (\\Answered)`);
      for (let at = 1; at <= 100; at += 1) await large.command(`STORE ${at} -FLAGS (\\Answered)`);
    }) },
    { name: '200 × APPEND', run: (server) => inScratch(server, (connection) => timed(() => appendSingly(connection, 200))) },
    { name: `COPY ${some}, STORE, EXPUNGE`, run: (server, large) => inScratch(server, (connection) => timed(async () => {
      await large.command(`COPY ${middle} Scratch`);
      await connection.command('SELECT Scratch');
      await connection.command('STORE 1:* +FLAGS.SILENT (\\Deleted)');
      await connection.command('EXPUNGE');
    })) },
    { name: '100 × MOVE one', run: (server) => inScratch(server, async (connection) => {
      await appendSingly(connection, 100);
      await connection.command('CREATE Scratch2');
      await connection.command('SELECT Scratch');
      const ms = await timed(async () => {
        for (let at = 0; at < 100; at += 1) await connection.command('MOVE 1 Scratch2');
      });
      await connection.command('DELETE Scratch2');
      return ms;
    }) },
  ];
}
