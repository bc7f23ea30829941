/**
 * A next hop that remembers the Subject of every message it has acknowledged; it can be told to defer
 * everything, and knows no recipient whose local part is `nobody`.
 */
import { createServer, type Server, type Socket } from 'node:net';
import { once } from 'node:events';

export interface RecordingSink {
  readonly port: number;
  /** How often each subject arrived. */
  readonly subjects: ReadonlyMap<string, number>;
  /** Resolves when all of these have arrived; rejects with the missing ones when nothing came for `timeoutMs`. */
  has(subjects: Iterable<string>, timeoutMs: number): Promise<void>;
  /** While false, MAIL is answered 450. Default true. */
  taking: boolean;
  close(): void;
}

export async function startRecordingSink(options: { readonly taking?: boolean } = {}): Promise<RecordingSink> {
  const state = { taking: options.taking ?? true };
  const subjects = new Map<string, number>();
  const waiting = new Set<(arrived: string) => void>();
  const server: Server = createServer((socket) => {
    serve(socket, state, (subject) => {
      subjects.set(subject, (subjects.get(subject) ?? 0) + 1);
      for (const check of waiting) check(subject);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as { port: number }).port,
    subjects,
    has: (wanted, timeoutMs) => {
      const missing = new Set(wanted);
      return new Promise((resolve, reject) => {
        const check = (arrived?: string): void => {
          if (arrived === undefined) for (const subject of missing) if (subjects.has(subject)) missing.delete(subject);
          if (arrived !== undefined) missing.delete(arrived);
          timer.refresh();
          if (missing.size > 0) return;
          clearTimeout(timer);
          waiting.delete(check);
          resolve();
        };
        const timer = setTimeout(() => {
          waiting.delete(check);
          reject(new Error(`${missing.size} never arrived: ${[...missing].slice(0, 5).join(', ')}`));
        }, timeoutMs);
        waiting.add(check);
        check();
      });
    },
    get taking() {
      return state.taking;
    },
    set taking(value) {
      state.taking = value;
    },
    close: () => server.close(),
  };
}

function serve(socket: Socket, state: { readonly taking: boolean }, accepted: (subject: string) => void): void {
  let buffer = '';
  let inData = false;
  let recipients = 0;
  socket.on('error', () => {});
  socket.write('220 sink\r\n');
  socket.on('data', (chunk) => {
    buffer += chunk.toString('latin1');
    for (;;) {
      const end = buffer.indexOf(inData ? '\r\n.\r\n' : '\r\n');
      if (end < 0) return;
      const text = buffer.slice(0, end);
      buffer = buffer.slice(end + (inData ? 5 : 2));
      if (inData) {
        inData = false;
        accepted(/^Subject: (.*)$/m.exec(text)?.[1]?.trim() ?? '');
        socket.write('250 2.0.0 kept\r\n');
      } else if (/^(MAIL|DATA)/i.test(text) && !state.taking) {
        socket.write('450 4.2.0 not now\r\n');
      } else if (/^RCPT TO:<nobody@/i.test(text)) {
        socket.write('550 5.1.1 no such user\r\n');
      } else if (/^DATA/i.test(text) && recipients === 0) {
        socket.write('554 5.5.1 no recipients\r\n');
      } else if (/^DATA/i.test(text)) {
        inData = true;
        recipients = 0;
        socket.write('354 go\r\n');
      } else if (/^QUIT/i.test(text)) {
        socket.end('221 bye\r\n');
      } else {
        if (/^RCPT/i.test(text)) recipients += 1;
        if (/^RSET/i.test(text)) recipients = 0;
        socket.write(/^EHLO/i.test(text) ? '250-sink\r\n250 PIPELINING\r\n' : '250 ok\r\n');
      }
    }
  });
}
