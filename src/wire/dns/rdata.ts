/** Values of records as bytes and as zone files write them. Types that are not listed go as RFC 3597 §5 has unknown ones: `\# 4 0a000001`. */
import { isIPv4, isIPv6 } from 'node:net';
import { DnsFormatError, encodeName, readName } from './name.ts';
import { characterStrings, quoted, splitStrings } from './text.ts';

export const TYPE_NUMBERS: Readonly<Record<string, number>> = {
  A: 1, NS: 2, CNAME: 5, SOA: 6, PTR: 12, MX: 15, TXT: 16, AAAA: 28, SRV: 33, TLSA: 52, SVCB: 64, HTTPS: 65, TSIG: 250, AXFR: 252, ANY: 255, CAA: 257,
};

const NAMES = new Map(Object.entries(TYPE_NUMBERS).map(([name, number]) => [number, name]));

/** `TYPE123` where there is no name. */
export function typeName(number: number): string {
  return NAMES.get(number) ?? `TYPE${number}`;
}

/** Throws DnsFormatError. */
export function typeNumber(name: string): number {
  const number = TYPE_NUMBERS[name] ?? Number(/^TYPE(\d{1,5})$/.exec(name)?.[1]);
  if (!Number.isInteger(number)) throw new DnsFormatError(`"${name}" is no type of record`);
  return number;
}

/** Throws DnsFormatError for a value that the type cannot have. */
export function encodeRdata(type: string, value: string): Buffer {
  const words = value.trim().split(/\s+/);
  if (words[0] === '\\#') return unknownBytes(words);
  const word = (at: number): string => {
    const found = words[at];
    if (found === undefined) throw new DnsFormatError(`"${value}" has too few fields for ${type}`);
    return found;
  };
  switch (type) {
    case 'A':
      return ipv4Bytes(word(0));
    case 'AAAA':
      return ipv6Bytes(word(0));
    case 'NS':
    case 'CNAME':
    case 'PTR':
      return encodeName(word(0));
    case 'MX':
      return Buffer.concat([number16(word(0)), encodeName(word(1))]);
    case 'SRV':
      return Buffer.concat([number16(word(0)), number16(word(1)), number16(word(2)), encodeName(word(3))]);
    case 'TLSA':
      return Buffer.concat([Buffer.from([number8(word(0)), number8(word(1)), number8(word(2))]), hexBytes(words.slice(3).join(''))]);
    case 'CAA': {
      // White space within the quotes belongs to the value.
      const text = characterStrings(value.trim().replace(/^\S+\s+\S+/, '')).join('');
      const tag = Buffer.from(word(1), 'latin1');
      return Buffer.concat([Buffer.from([number8(word(0)), tag.length]), tag, Buffer.from(text, 'latin1')]);
    }
    case 'TXT':
      return Buffer.concat(characterStrings(value).flatMap((text) => splitStrings(text)).map((text) => Buffer.concat([Buffer.from([text.length]), Buffer.from(text, 'latin1')])));
    default:
      throw new DnsFormatError(`records of type ${type} are written as \\# here`);
  }
}

/** `message` whole, since names may point back into it. Throws DnsFormatError. */
export function decodeRdata(type: string, message: Buffer, at: number, length: number): string {
  const end = at + length;
  if (end > message.length) throw new DnsFormatError('a record runs over the end');
  const data = message.subarray(at, end);
  const name = (from: number): string => dotted(readName(message, from).name);
  switch (type) {
    case 'A':
      if (length === 4) return data.join('.');
      break;
    case 'AAAA':
      if (length === 16) return ipv6Text(data);
      break;
    case 'NS':
    case 'CNAME':
    case 'PTR':
      return name(at);
    case 'MX':
      if (length >= 3) return `${data.readUInt16BE(0)} ${name(at + 2)}`;
      break;
    case 'SRV':
      if (length >= 7) return `${data.readUInt16BE(0)} ${data.readUInt16BE(2)} ${data.readUInt16BE(4)} ${name(at + 6)}`;
      break;
    case 'TLSA':
      if (length >= 3) return `${data[0]} ${data[1]} ${data[2]} ${data.toString('hex', 3)}`;
      break;
    case 'CAA': {
      const tagEnd = 2 + (data[1] ?? 0);
      if (length >= 2 && tagEnd <= length) return `${data[0]} ${data.toString('latin1', 2, tagEnd)} ${quoted(data.toString('latin1', tagEnd))}`;
      break;
    }
    case 'TXT':
      return txtText(data);
    default:
      return `\\# ${length} ${data.toString('hex')}`.trim();
  }
  throw new DnsFormatError(`a record of type ${type} has ${length} octets`);
}

function txtText(data: Buffer): string {
  const strings: string[] = [];
  for (let at = 0; at < data.length; ) {
    const end = at + 1 + (data[at] as number);
    if (end > data.length) throw new DnsFormatError('a character-string runs over the end');
    strings.push(quoted(data.toString('latin1', at + 1, end)));
    at = end;
  }
  return strings.join(' ');
}

/** With the trailing dot; the root is `.`. */
function dotted(name: string): string {
  return `${name}.`;
}

function ipv4Bytes(address: string): Buffer {
  if (!isIPv4(address)) throw new DnsFormatError(`"${address}" is not an IPv4 address`);
  return Buffer.from(address.split('.').map(Number));
}

function ipv6Bytes(address: string): Buffer {
  if (!isIPv6(address)) throw new DnsFormatError(`"${address}" is not an IPv6 address`);
  const [head = '', tail] = new URL(`http://[${address}]`).hostname.slice(1, -1).split('::');
  const front = head === '' ? [] : head.split(':');
  const back = tail === undefined || tail === '' ? [] : tail.split(':');
  const groups = tail === undefined ? front : [...front, ...Array<string>(8 - front.length - back.length).fill('0'), ...back];
  return Buffer.from(groups.map((group) => group.padStart(4, '0')).join(''), 'hex');
}

function ipv6Text(data: Buffer): string {
  const groups = Array.from({ length: 8 }, (_, at) => data.readUInt16BE(at * 2).toString(16));
  return new URL(`http://[${groups.join(':')}]`).hostname.slice(1, -1);
}

function number16(text: string): Buffer {
  const value = Number(text);
  if (!/^\d{1,5}$/.test(text) || value > 0xffff) throw new DnsFormatError(`"${text}" is not a number from 0 to 65535`);
  return Buffer.from([value >> 8, value & 0xff]);
}

function number8(text: string): number {
  const value = Number(text);
  if (!/^\d{1,3}$/.test(text) || value > 0xff) throw new DnsFormatError(`"${text}" is not a number from 0 to 255`);
  return value;
}

function hexBytes(text: string): Buffer {
  if (!/^(?:[0-9a-f]{2})+$/i.test(text)) throw new DnsFormatError(`"${text.slice(0, 40)}" is not hexadecimal`);
  return Buffer.from(text, 'hex');
}

function unknownBytes(words: readonly string[]): Buffer {
  const length = Number(words[1]);
  const data = length === 0 ? Buffer.alloc(0) : hexBytes(words.slice(2).join(''));
  if (data.length !== length) throw new DnsFormatError(`the length ${words[1]} is not that of the value`);
  return data;
}
