/** Alice in a running lab: sends by submission, looks at what became of it, reads her reports. Verbs go to the control socket. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { callServer } from '../../src/face/control/client.ts';
import type { QueueExplanation } from '../../src/manage/queue/queue.ts';
import type { TraceEvent, TraceMessage, TraceResult } from '../../src/manage/trace/trace-result.ts';
import { eventually, type LabProcess } from './lab-process.ts';
import { SmtpDialogue } from './smtp-dialogue.ts';

export interface Letter {
  readonly to: string;
  readonly subject: string;
  /** Further header lines. */
  readonly header?: readonly string[];
  readonly body?: string;
  /** `NOTIFY=SUCCESS` and the like. */
  readonly rcptParameters?: string;
  /** `REQUIRETLS` and the like. */
  readonly mailParameters?: string;
}

export class LabUser {
  readonly #lab: LabProcess;
  /** The hash of the password costs time, so one session is used for all letters. */
  #session: SmtpDialogue | undefined;

  constructor(lab: LabProcess) {
    this.#lab = lab;
  }

  /** The result of a verb in the running lab. */
  async call<T>(verb: string, args: unknown = {}): Promise<T> {
    const answer = await callServer(join(this.#lab.ready.dir, 'data/run/control.sock'), verb, args);
    if (answer.kind !== 'answered') throw new Error('the lab does not run');
    return answer.result as T;
  }

  /** Queue id. */
  submit(letter: Letter): Promise<string> {
    return this.#submit([letter.to], letter);
  }

  /** One message to all of them. Queue id. */
  submitToMany(recipients: readonly string[], subject: string, more: Pick<Letter, 'header' | 'mailParameters'> = {}): Promise<string> {
    return this.#submit(recipients, { to: recipients[0] ?? '', subject, ...more });
  }

  async #submit(recipients: readonly string[], letter: Letter): Promise<string> {
    const [alice] = this.#lab.ready.accounts;
    this.#session ??= await this.#logIn(alice?.address ?? '', alice?.password ?? '');
    const session = this.#session;
    assert.match(await session.say(`MAIL FROM:<${alice?.address}>${letter.mailParameters ? ` ${letter.mailParameters}` : ''}`), /^250/);
    for (const to of recipients) {
      assert.match(await session.say(`RCPT TO:<${to}>${letter.rcptParameters ? ` ${letter.rcptParameters}` : ''}`), /^250/);
    }
    assert.match(await session.say('DATA'), /^354/);
    const header = [`From: Alice <${alice?.address}>`, `To: <${letter.to}>`, `Subject: ${letter.subject}`, ...(letter.header ?? [])];
    const reply = await session.say([...header, '', letter.body ?? 'Hello.', '.'].join('\r\n'));
    return /queued as (\w+)/.exec(reply)?.[1] ?? assert.fail(reply);
  }

  async #logIn(address: string, password: string): Promise<SmtpDialogue> {
    const { submission, ca } = this.#lab.ready;
    const session = await SmtpDialogue.open(submission.host, submission.port);
    await session.reply();
    await session.say('EHLO laptop.example');
    await session.say('STARTTLS');
    await session.startTls(readFileSync(ca, 'utf8'), 'mail.example.org');
    await session.say('EHLO laptop.example');
    assert.match(await session.say(`AUTH PLAIN ${Buffer.from(`\0${address}\0${password}`).toString('base64')}`), /^235/);
    return session;
  }

  async trace(id: string): Promise<TraceMessage> {
    const { messages } = await this.call<TraceResult>('trace.show', { query: id });
    return messages[0] ?? assert.fail(`trace knows nothing of ${id}`);
  }

  /** The trace once the only recipient has been tried, with the event of the last attempt. */
  attempted(id: string): Promise<{ trace: TraceMessage; state: string; event: TraceEvent }> {
    // The rows are read before the events: they must tell the same.
    return this.#until(id, 'has been tried', (state, event) => event.name === `recipient.${state === 'queued' ? 'deferred' : state}`);
  }

  delivered(id: string): Promise<{ trace: TraceMessage; state: string; event: TraceEvent }> {
    return this.#until(id, 'is delivered', (state) => state === 'delivered');
  }

  async #until(id: string, what: string, wanted: (state: string, event: TraceEvent) => boolean): Promise<{ trace: TraceMessage; state: string; event: TraceEvent }> {
    let last = '';
    try {
      return await eventually(`message ${id} ${what}`, async () => {
        const trace = await this.trace(id);
        last = JSON.stringify(trace.events.slice(-3));
        const event = trace.events.findLast(({ name }) => /^recipient\.(?:delivered|deferred|bounced|expired)$/.test(name));
        const state = trace.recipients[0]?.state ?? '';
        return event && wanted(state, event) && { trace, state, event };
      });
    } catch (error) {
      throw new Error(`${(error as Error).message}: ${last}`, { cause: error });
    }
  }

  async why(id: string): Promise<QueueExplanation> {
    const [row] = await this.call<QueueExplanation[]>('queue.why', { ids: [id] });
    return row ?? assert.fail(`queue why says nothing of ${id}`);
  }

  /** The report in alice's mailbox about a message, lines unwrapped. */
  report(id: string): Promise<string> {
    return eventually(`a report about ${id}`, async () => {
      for (const content of await this.mailbox(20)) if (content.includes(`Queue id: ${id}`)) return content.replaceAll(/\s+/g, ' ');
      return undefined;
    });
  }

  /** Alice's newest messages as stored, newest first. */
  async mailbox(limit: number): Promise<string[]> {
    const account = 'alice@example.org';
    const { messages } = await this.call<{ messages: { uid: number }[] }>('mailbox.messages', { account, descending: true, limit });
    const read = messages.map(({ uid }) => this.call<{ content: string }>('mailbox.read', { account, uid }));
    return (await Promise.all(read)).map(({ content }) => Buffer.from(content, 'base64').toString());
  }

  async weather(names: readonly string[], state: 'on' | 'off', providers?: readonly string[]): Promise<void> {
    for (const name of names) await this.call('lab.scenario', { name, state, ...(providers && { providers }) });
  }

  /** Moves the clock of the lab on; the open session would not survive it. */
  async passTime(ms: number): Promise<void> {
    this.close();
    await this.call('lab.clock', { advanceMs: ms });
  }

  close(): void {
    this.#session?.close();
    this.#session = undefined;
  }
}
