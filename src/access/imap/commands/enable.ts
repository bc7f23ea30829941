/** ENABLE (RFC 5161, RFC 9051 §6.3.1): unknown names are passed over; what is on already is not told again. */
import { ok } from '../../../wire/imap/response.ts';
import type { ImapScanner } from '../../../wire/imap/scanner.ts';
import { defineCommand, LOGGED_IN, type EnabledExtensions, type EnableName } from '../command.ts';

/** What may be enabled, and how to tell that it is. */
const NAMES: Readonly<Record<EnableName, { readonly told: string; readonly isOn: (enabled: EnabledExtensions) => boolean }>> = {
  CONDSTORE: { told: 'CONDSTORE', isOn: (enabled) => enabled.condstore },
  QRESYNC: { told: 'QRESYNC', isOn: (enabled) => enabled.qresync },
  IMAP4REV2: { told: 'IMAP4rev2', isOn: (enabled) => enabled.rev2 },
  'UTF8=ACCEPT': { told: 'UTF8=ACCEPT', isOn: (enabled) => enabled.utf8 && !enabled.rev2 },
  UIDONLY: { told: 'UIDONLY', isOn: (enabled) => enabled.uidOnly },
};

export const enable = defineCommand({
  name: 'ENABLE',
  states: LOGGED_IN,
  parse: readNames,
  run: (session, names) => {
    const told: string[] = [];
    for (const name of names) {
      if (!isKnown(name) || NAMES[name].isOn(session.enabled)) continue;
      session.enable(name);
      told.push(NAMES[name].told);
    }
    session.out.line(`* ENABLED${told.map((name) => ` ${name}`).join('')}`);
    return ok('ENABLE completed');
  },
});

function readNames(scanner: ImapScanner): readonly string[] {
  const names: string[] = [];
  do {
    scanner.space();
    scanner.countItem();
    names.push(scanner.keyword('the name of an extension'));
  } while (scanner.peek() === ' ');
  scanner.end();
  return names;
}

function isKnown(name: string): name is EnableName {
  return Object.hasOwn(NAMES, name);
}
