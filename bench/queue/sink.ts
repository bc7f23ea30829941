/** An SMTP server that takes everything and keeps nothing; and one that accepts connections and never says a word. */
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';

export interface Sink {
  readonly port: number;
  readonly messages: number;
  close(): void;
}

/** `heard` is told of each message. */
export async function startSink(address: string, heard: () => void = () => {}): Promise<Sink> {
  let messages = 0;
  const server = createServer((socket) =>
    serve(socket, () => {
      messages += 1;
      heard();
    }),
  );
  const port = await listen(server, address);
  return {
    port,
    get messages() {
      return messages;
    },
    close: () => void server.close(),
  };
}

export async function startBlackHole(address: string): Promise<Pick<Sink, 'port' | 'close'>> {
  const server = createServer((socket) => socket.on('error', () => {}).resume());
  return { port: await listen(server, address), close: () => void server.close() };
}

function listen(server: Server, address: string): Promise<number> {
  return new Promise((resolve) => server.listen(0, address, () => resolve((server.address() as AddressInfo).port)));
}

function serve(socket: Socket, onMessage: () => void): void {
  let rest = '';
  let inData = false;
  socket.setNoDelay(true).setEncoding('latin1').on('error', () => {});
  socket.write('220 sink ESMTP\r\n');
  socket.on('data', (text: string) => {
    rest += text;
    for (;;) {
      const end = inData ? rest.indexOf('\r\n.\r\n') : rest.indexOf('\r\n');
      if (end < 0) break;
      const line = rest.slice(0, end).toUpperCase();
      rest = rest.slice(end + (inData ? 5 : 2));
      if (inData) onMessage();
      inData = !inData && line === 'DATA';
      socket.write(replyTo(line, inData));
      if (line === 'QUIT') socket.end();
    }
  });
}

function replyTo(line: string, inData: boolean): string {
  if (inData) return '354 go on\r\n';
  if (line.startsWith('EHLO')) return '250-sink\r\n250-PIPELINING\r\n250 8BITMIME\r\n';
  return line === 'QUIT' ? '221 bye\r\n' : '250 ok\r\n';
}
