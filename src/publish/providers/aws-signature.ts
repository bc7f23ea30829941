/**
 * Signature version 4 of AWS (docs.aws.amazon.com, "Signature Version 4 signing process", read 2026-11), for requests whose
 * path needs no further encoding. Signed are method, path, query in order, host, date and the hash of the body.
 */
import { createHash, createHmac } from 'node:crypto';

export interface SignedRequest {
  readonly method: string;
  readonly host: string;
  /** With the query, both percent-encoded. */
  readonly path: string;
  readonly body: string;
}

export interface AwsScope {
  readonly accessKeyId: string;
  readonly secretKey: string;
  readonly region: string;
  readonly service: string;
  /** Milliseconds since 1970 UTC. */
  readonly now: number;
}

const ALGORITHM = 'AWS4-HMAC-SHA256';
const SIGNED = 'host;x-amz-date';

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
const hmac = (key: string | Buffer, text: string): Buffer => createHmac('sha256', key).update(text).digest();

/** The fields to send besides Host. */
export function awsSignature({ method, host, path, body }: SignedRequest, { accessKeyId, secretKey, region, service, now }: AwsScope): Readonly<Record<string, string>> {
  const time = `${new Date(now).toISOString().replace(/[-:]|\.\d+/g, '')}`;
  const day = time.slice(0, 8);
  const [resource = '', query = ''] = path.split('?');
  const canonical = [method, resource, query.split('&').toSorted().join('&'), `host:${host}\nx-amz-date:${time}\n`, SIGNED, sha256(body)].join('\n');
  const scope = `${day}/${region}/${service}/aws4_request`;
  const key = hmac(hmac(hmac(hmac(`AWS4${secretKey}`, day), region), service), 'aws4_request');
  const signature = hmac(key, [ALGORITHM, time, scope, sha256(canonical)].join('\n')).toString('hex');
  return { 'x-amz-date': time, authorization: `${ALGORITHM} Credential=${accessKeyId}/${scope}, SignedHeaders=${SIGNED}, Signature=${signature}` };
}
