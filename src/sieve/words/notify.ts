/** `notify` (RFC 5435) by mail (RFC 5436), and the tests about it. */
import { SIEVE_LIMITS } from '../../base/sieve-limits.ts';
import type { CommandSpec, TestSpec } from '../signature.ts';
import { SieveFailure } from '../run/meter.ts';
import { checkAddresses, readAddress } from './addresses.ts';
import { tagTexts, textsOf } from './call-texts.ts';
import { parseMailto } from './mailto.ts';

export const NOTIFY: CommandSpec = {
  kind: 'command',
  name: 'notify',
  requires: ['enotify'],
  tags: [
    { name: 'from', value: 'string' },
    { name: 'importance', value: 'string' },
    { name: 'options', value: 'strings' },
    { name: 'message', value: 'string' },
  ],
  positional: [{ name: 'the method', kind: 'string' }],
  check(call, report) {
    checkAddresses(tagTexts(call, 'from'), report);
    for (const text of tagTexts(call, 'importance')) {
      if (!text.parts && !/^[123]$/.test(text.source)) report.problem(text, `“${text.source}” is no importance: 1, 2 and 3 are`);
    }
    for (const text of tagTexts(call, 'options')) {
      // RFC 5435 §3.5.
      if (!text.parts && !/^[A-Za-z0-9][A-Za-z0-9._-]*=[^\0\r\n]*$/.test(text.source)) report.problem(text, `“${text.source}” is no option of the form name=value`);
    }
    for (const text of textsOf(call, 0)) {
      const parsed = text.parts ? undefined : parseMailto(text.source);
      if (parsed && !parsed.ok) report.problem(text, parsed.problem);
    }
  },
  execute(call, machine) {
    const method = machine.string(call.values[0]);
    const parsed = parseMailto(method);
    if (!parsed.ok) throw new SieveFailure(parsed.problem);
    const { to, cc, bcc, headers, subject, body } = parsed.mailto;
    if (to.length + cc.length + bcc.length > SIEVE_LIMITS.notifyRecipientsMax) throw new SieveFailure(`a notification to more than ${SIEVE_LIMITS.notifyRecipientsMax} addresses`);
    const importance = machine.tagString(call, 'importance') ?? '2';
    if (!/^[123]$/.test(importance)) throw new SieveFailure(`“${importance}” is no importance: 1, 2 and 3 are`);
    const from = machine.tagString(call, 'from');
    if (from !== undefined && !readAddress(from)) throw new SieveFailure(`“${from}” is no address to notify from`);
    machine.act(
      {
        kind: 'notify', line: call.line, method, to, cc, bcc, headers, from, body,
        importance: Number(importance) as 1 | 2 | 3,
        options: machine.strings(call.tags.get('options')),
        // RFC 5436 §2.2: the script's message is the subject, else the URI's.
        subject: (machine.tagString(call, 'message') ?? subject)?.replace(/[\r\n\0]+/g, ' ').slice(0, SIEVE_LIMITS.textCharsMax),
      },
      false,
    );
  },
};

/** RFC 5435 §4: every one of them. */
export const VALID_NOTIFY_METHOD: TestSpec = {
  kind: 'test',
  name: 'valid_notify_method',
  requires: ['enotify'],
  positional: [{ name: 'methods', kind: 'strings' }],
  evaluate: (call, machine) => machine.strings(call.values[0]).every((uri) => parseMailto(uri).ok),
};

/** RFC 5435 §5, RFC 5436 §2.8: whether somebody reads mail now is never known. */
export const NOTIFY_METHOD_CAPABILITY: TestSpec = {
  kind: 'test',
  name: 'notify_method_capability',
  requires: ['enotify'],
  matches: true,
  positional: [{ name: 'the method', kind: 'string' }, { name: 'the capability', kind: 'string' }, { name: 'keys', kind: 'strings' }],
  evaluate(call, machine) {
    const isKnown = parseMailto(machine.string(call.values[0])).ok && machine.string(call.values[1]).toLowerCase() === 'online';
    return isKnown && machine.matches(call.match, ['maybe'], machine.strings(call.values[2]));
  },
};
