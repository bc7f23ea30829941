/**
 * Fields by which bulk mail says where complaints about it go: CFBL-Address and CFBL-Feedback-ID (RFC 9477 §3), and
 * Feedback-ID, by which Google counts complaints for each sender and campaign. Pure.
 */
import { firstField, foldField, type HeaderField } from './header.ts';

export interface FeedbackFieldsInput {
  readonly fields: readonly HeaderField[];
  /** Queue id: names the message in complaints. */
  readonly id: string;
  /** Of From; the address for complaints is there (RFC 9477 §3.1.1: aligned with From, or nobody uses it). */
  readonly fromDomain: string;
  /** Local part for complaints. */
  readonly localPart: string;
}

/** Google takes four parts: campaign, customer, kind, and the sender, which is needed; each of a few characters. */
const PART_CHARS_MAX = 15;

/** Whole fields with their line ends; those that the message has already are left. */
export function feedbackFields({ fields, id, fromDomain, localPart }: FeedbackFieldsInput): Buffer {
  const pieces: string[] = [];
  const add = (name: string, value: string): void => void (firstField(fields, name.toLowerCase()) ?? pieces.push(foldField(name, value)));
  if (!firstField(fields, 'cfbl-address')) {
    add('CFBL-Address', `${localPart}@${fromDomain}; report=arf`);
    add('CFBL-Feedback-ID', id);
  }
  add('Feedback-ID', `${part(listOf(fields))}::bulk:${part(fromDomain)}`);
  return Buffer.from(pieces.join(''), 'latin1');
}

/** The name of the list in List-Id (RFC 2919 §2), else ''. */
function listOf(fields: readonly HeaderField[]): string {
  return /<([^<>.\s]{1,80})\./.exec(firstField(fields, 'list-id')?.value ?? '')?.[1] ?? '';
}

function part(text: string): string {
  return text.toLowerCase().replace(/[^a-z0-9.-]/g, '').slice(0, PART_CHARS_MAX);
}
