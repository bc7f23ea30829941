/**
 * The lab's certificate authority: `ca.pem` in the lab's folder for clients that want to verify, its key beside it, both
 * kept when the folder is. Certificates are valid for ten years because the lab's clock may run ahead.
 */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createCertificate, type CertificateAndKey } from '../net/self-signed.ts';

export interface LabAuthority {
  /** PEM file of the CA certificate. */
  readonly caFile: string;
  /** A server certificate for these DNS names or addresses; the first is the subject. */
  issue(names: readonly string[], options?: { readonly expired?: boolean }): CertificateAndKey;
}

const VALID_DAYS = 3650;

export async function openAuthority(dir: string): Promise<LabAuthority> {
  await mkdir(dir, { recursive: true });
  const caFile = join(dir, 'ca.pem');
  const ca = await loadOrCreate(caFile, join(dir, 'ca.key'));
  return {
    caFile,
    issue: (names, options = {}) => createCertificate({ subject: names[0] ?? 'lab', altNames: names, issuer: ca, days: options.expired ? -1 : VALID_DAYS }),
  };
}

async function loadOrCreate(caFile: string, keyFile: string): Promise<CertificateAndKey> {
  try {
    const [certificatePem, keyPem] = await Promise.all([readFile(caFile, 'utf8'), readFile(keyFile, 'utf8')]);
    return { certificatePem, keyPem };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
  const ca = createCertificate({ subject: 'Posthorn lab CA', isCa: true, days: VALID_DAYS });
  await writeFile(keyFile, ca.keyPem, { mode: 0o600 });
  await writeFile(caFile, ca.certificatePem);
  return ca;
}
