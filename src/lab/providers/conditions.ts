/** Conditions that several providers judge by, over the facts of a stage. */
import type { ConnectFacts, MessageFacts } from './profile.ts';

export function noPtr(facts: ConnectFacts): boolean {
  return facts.iprev.result === 'fail' || facts.iprev.result === 'permerror';
}

export function ptrUnknown(facts: ConnectFacts): boolean {
  return facts.iprev.result === 'temperror';
}

export function listed(facts: ConnectFacts): boolean {
  return facts.listedIn.length > 0;
}

/** By the codes of zen.spamhaus.org: the part of the list that counts. */
export function onCss(facts: ConnectFacts): boolean {
  return facts.listedAs.includes('127.0.0.3');
}

export function onXbl(facts: ConnectFacts): boolean {
  return facts.listedAs.includes('127.0.0.4');
}

export function onPbl(facts: ConnectFacts): boolean {
  return facts.listedAs.includes('127.0.0.10') || facts.listedAs.includes('127.0.0.11');
}

/** The address in the name, or a word that access providers use: the name of a line, not of a host. */
export function genericPtr(facts: ConnectFacts): boolean {
  const name = facts.iprev.name?.toLowerCase() ?? '';
  return name.includes(facts.ip.replaceAll('.', '-')) || /(?:^|[.-])(?:dyn|dynamic|dhcp|dialup|dsl|pool|ppp)(?:[.-]|$)/.test(name);
}

/** On the provider's list or on one that it asks. */
export function blocked(facts: ConnectFacts): boolean {
  return listed(facts) || facts.weather('blocked-ip');
}

export function tooFast(facts: ConnectFacts): boolean {
  return facts.rate.perMinute >= facts.rate.allowed;
}

export function lowReputation(facts: ConnectFacts): boolean {
  return facts.weather('low-reputation');
}

export function dkimPasses(facts: MessageFacts): boolean {
  return facts.dkim.some((signature) => signature.result === 'pass');
}

export function spfPasses(facts: MessageFacts): boolean {
  return facts.spf.result === 'pass';
}

/** Something could not be looked up, so a failure now may be a pass later. */
export function undecided(facts: MessageFacts): boolean {
  return (
    facts.spf.result === 'temperror' || facts.dmarc.result === 'temperror' || facts.dkim.some((signature) => signature.result === 'temperror')
  );
}

export function unauthenticated(facts: MessageFacts): boolean {
  return !spfPasses(facts) && !dkimPasses(facts);
}

/** RFC 9989 §4.7: t=y asks to be lenient by one step, so a tested reject policy is not enforced. */
export function dmarcSaysReject(facts: MessageFacts): boolean {
  return facts.dmarc.result === 'fail' && facts.dmarc.policy === 'reject' && facts.dmarc.testMode !== true;
}

export function hasDmarcRecord(facts: MessageFacts): boolean {
  return facts.dmarc.policyDomain !== undefined;
}

/** A passing signature of the From domain or a name above or below it; holds without a DMARC record too. */
export function dkimAligned(facts: MessageFacts): boolean {
  const from = fromDomain(facts);
  const related = (domain: string): boolean => domain === from || domain.endsWith(`.${from}`) || from.endsWith(`.${domain}`);
  return facts.dmarc.dkimAligned || facts.dkim.some(({ result, domain }) => result === 'pass' && domain !== undefined && related(domain));
}

export function domainOf(address: string): string {
  return address.slice(address.lastIndexOf('@') + 1).toLowerCase();
}

/** The domain that takes the blame in a reply. */
export function fromDomain(facts: MessageFacts): string {
  return facts.dmarc.fromDomain ?? facts.header.fromDomain ?? domainOf(facts.sender);
}

/** A literal or a dotted name, RFC 5321 §4.1.3 and §2.3.5. */
export function validHello(helo: string): boolean {
  if (helo.startsWith('[')) return /^\[(?:IPv6:[0-9a-f:.]+|\d{1,3}(?:\.\d{1,3}){3})\]$/i.test(helo);
  return helo.length <= 255 && helo.includes('.') && helo.split('.').every((label) => /^[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9])?$/i.test(label));
}
