/** Tests of the header and the envelope: header, address, exists, size, envelope (RFC 5228 §5). */
import type { TestSpec } from '../signature.ts';
import { textsOf } from './call-texts.ts';
import { ADDRESS_TAGS, addressPart, checkFieldNames, checkFieldTags, chooseFields, CONTENT_TAGS, fieldValues, INDEX_TAGS, PART_TAGS } from './fields.ts';

export const HEADER: TestSpec = {
  kind: 'test',
  name: 'header',
  matches: true,
  tags: [...INDEX_TAGS, ...PART_TAGS, ...CONTENT_TAGS],
  positional: [{ name: 'header names', kind: 'strings' }, { name: 'keys', kind: 'strings' }],
  check(call, report) {
    checkFieldTags(call, report);
    checkFieldNames(textsOf(call, 0), report);
  },
  async evaluate(call, machine) {
    const fields = await chooseFields(call, machine, machine.strings(call.values[0]));
    const values = fields.flatMap((chosen) => fieldValues(call, machine, chosen));
    return machine.matches(call.match, values, machine.strings(call.values[1]));
  },
};

/** RFC 5228 §5.1: only fields that hold addresses; those beginning with `X-` are taken on trust. */
const ADDRESS_FIELDS = new Set([
  'from', 'to', 'cc', 'bcc', 'sender', 'reply-to', 'resent-from', 'resent-sender', 'resent-to', 'resent-cc', 'resent-bcc', 'resent-reply-to',
  'return-path', 'delivered-to', 'envelope-to', 'apparently-to', 'errors-to', 'return-receipt-to', 'disposition-notification-to', 'original-recipient',
  'original-from', 'mail-followup-to', 'mail-reply-to', 'followup-to', 'for-approval', 'for-handling', 'for-comment', 'abuse-reports-to', 'author',
  'list-post', 'list-owner',
]);

function mayHoldAddresses(name: string): boolean {
  return ADDRESS_FIELDS.has(name.toLowerCase()) || /^x-/i.test(name);
}

export const ADDRESS: TestSpec = {
  kind: 'test',
  name: 'address',
  matches: true,
  tags: [...ADDRESS_TAGS, ...INDEX_TAGS, ...PART_TAGS],
  positional: [{ name: 'header names', kind: 'strings' }, { name: 'keys', kind: 'strings' }],
  check(call, report) {
    checkFieldTags(call, report);
    for (const text of textsOf(call, 0)) {
      if (!text.parts && !mayHoldAddresses(text.source)) report.problem(text, `the field “${text.source}” holds no addresses`);
    }
  },
  async evaluate(call, machine) {
    const names = machine.strings(call.values[0]).filter(mayHoldAddresses);
    const fields = await chooseFields(call, machine, names);
    const separator = machine.environment.detailSeparator;
    const values = fields.flatMap(({ field, header }) => {
      const addresses = header.addresses(field);
      machine.meter.spend(1 + addresses.length);
      return addresses.map((address) => addressPart(call, address, separator)).filter((part) => part !== undefined);
    });
    return machine.matches(call.match, values, machine.strings(call.values[1]));
  },
};

export const EXISTS: TestSpec = {
  kind: 'test',
  name: 'exists',
  tags: PART_TAGS,
  positional: [{ name: 'header names', kind: 'strings' }],
  check(call, report) {
    checkFieldTags(call, report);
    checkFieldNames(textsOf(call, 0), report);
  },
  async evaluate(call, machine) {
    for (const name of machine.strings(call.values[0])) {
      if ((await chooseFields(call, machine, [name])).length === 0) return false;
    }
    return true;
  },
};

/** RFC 5228 §5.9: a message of exactly that size is neither over nor under. */
export const SIZE: TestSpec = {
  kind: 'test',
  name: 'size',
  tags: [{ name: 'over', value: 'number', group: 'comparison' }, { name: 'under', value: 'number', group: 'comparison' }],
  check(call, report) {
    if (!call.tags.has('over') && !call.tags.has('under')) report.problem(call, '“size” takes “:over” or “:under”');
  },
  evaluate(call, machine) {
    const over = call.tags.get('over');
    return typeof over === 'number' ? machine.message.size > over : machine.message.size < Number(call.tags.get('under'));
  },
};

/** RFC 5228 §5.4. The null sender is the empty string in each of its parts. */
export const ENVELOPE: TestSpec = {
  kind: 'test',
  name: 'envelope',
  requires: ['envelope'],
  matches: true,
  tags: ADDRESS_TAGS,
  positional: [{ name: 'envelope parts', kind: 'strings' }, { name: 'keys', kind: 'strings' }],
  check(call, report) {
    for (const text of textsOf(call, 0)) {
      if (!text.parts && !/^(from|to)$/i.test(text.source)) report.problem(text, `“${text.source}” is no part of the envelope: “from” and “to” are`);
    }
  },
  evaluate(call, machine) {
    const { envelopeFrom, envelopeTo } = machine.message.source;
    const addresses = machine.strings(call.values[0]).flatMap((part) => (/^from$/i.test(part) ? [envelopeFrom] : /^to$/i.test(part) ? [envelopeTo] : []));
    const separator = machine.environment.detailSeparator;
    const values = addresses.map((address) => addressPart(call, address, separator)).filter((part) => part !== undefined);
    return machine.matches(call.match, values, machine.strings(call.values[1]));
  },
};
