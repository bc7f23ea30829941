/** A record as the panels of DNS providers ask for it: field by field, the name relative to the zone, text without quotes. */
import type { RecordSet } from '../../contract/dns-publishing.ts';
import { txtContent } from '../../publish/record-text.ts';
import { readCaa, readMx, readSrv, readTlsa } from '../../publish/record-value.ts';

export type PanelField = readonly [title: string, content: string];

/** `zone`: what the panel is about; a name outside of it stays whole. */
export function panelFields({ name, type, ttlSeconds }: Pick<RecordSet, 'name' | 'type' | 'ttlSeconds'>, value: string, zone: string): readonly PanelField[] {
  const short = name === zone ? '@' : name.endsWith(`.${zone}`) ? name.slice(0, -zone.length - 1) : name;
  const shown = short === name ? name : `${short}   (a panel that wants it whole: ${name})`;
  return [['Name', shown], ['Type', type], ...valueFields(type, value), ['TTL', `${ttlSeconds}`]];
}

function valueFields(type: RecordSet['type'], value: string): readonly PanelField[] {
  switch (type) {
    case 'TXT':
      return [['Value', txtContent(value)]];
    case 'CNAME':
    case 'PTR':
      return [['Value', host(value)]];
    case 'MX': {
      const mx = readMx(value);
      return mx ? [['Priority', `${mx.preference}`], ['Value', host(mx.host)]] : [['Value', value]];
    }
    case 'SRV': {
      const srv = readSrv(value);
      return srv ? [['Priority', `${srv.priority}`], ['Weight', `${srv.weight}`], ['Port', `${srv.port}`], ['Value', host(srv.host)]] : [['Value', value]];
    }
    case 'CAA': {
      const caa = readCaa(value);
      return caa ? [['Flags', `${caa.flags}`], ['Tag', caa.tag], ['Value', caa.value]] : [['Value', value]];
    }
    case 'TLSA': {
      const tlsa = readTlsa(value);
      return tlsa ? [['Usage', `${tlsa.usage}`], ['Selector', `${tlsa.selector}`], ['Matching', `${tlsa.matching}`], ['Value', tlsa.data]] : [['Value', value]];
    }
    default:
      return [['Value', value]];
  }
}

/** Panels take names without the dot at the end; the root alone is written as one. */
function host(name: string): string {
  return name === '.' ? '.' : name.replace(/\.$/, '');
}
