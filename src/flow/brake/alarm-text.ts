/** What the postmaster reads when an account is braked. Pure. */
import { BRAKE_LIMITS } from '../../base/limits.ts';
import type { BrakeAlarm } from './brake.ts';

export interface AlarmText {
  readonly subject: string;
  readonly text: string;
}

export function alarmText({ account, text, clientAddress, at }: BrakeAlarm, hostname: string, held: number): AlarmText {
  const lines = [
    `The account ${account} on ${hostname} suddenly sends in a way that it never did:`,
    '',
    `  ${text}.`,
    `  ${new Date(at).toISOString()}${clientAddress === undefined ? '' : `, logged in from ${clientAddress}`}`,
    '',
    'Somebody else may have its password. Nothing was lost or returned: what the account sends is held,',
    `and what of it was waiting is held with it (${held} recipient${held === 1 ? '' : 's'}). After ${BRAKE_LIMITS.heldMessagesMax} held messages,`,
    'further ones are refused for the time being.',
    '',
    'Look at what is held:',
    `  posthorn queue list --account ${account} --state held`,
    '',
    'If it is spam: change the password, then delete what is held and let the account send again:',
    `  posthorn account password ${account}`,
    `  posthorn brake release ${account} --delete`,
    '',
    'If it is right: let it go. For a day the account may then grow as much again.',
    `  posthorn brake release ${account}`,
    '',
    'An account of a program that writes to many strangers needs no brake:',
    `  posthorn quota set ${account} --brake off`,
    '',
  ];
  return { subject: `Sending by ${account} is stopped: is its password stolen?`, text: lines.join('\n') };
}
