/**
 * An access token for Google: with a service account's key (RFC 7523, RS256) or a refresh token (RFC 6749 §6). Shapes from
 * developers.google.com/identity/protocols/oauth2/service-account, looked up 2026-11.
 */
import { createPrivateKey, sign } from 'node:crypto';
import type { DashboardConfig } from '../../config/dashboard-settings.ts';
import { ask, dashboardFailure, jsonObject, readSecretFile, type DashboardPorts } from './adapter.ts';

type Google = Extract<DashboardConfig, { provider: 'google' }>;

export const POSTMASTER_SCOPE = 'https://www.googleapis.com/auth/postmaster.traffic.readonly';
const LIFETIME_SECONDS = 3600;
const JWT_GRANT = 'urn:ietf:params:oauth:grant-type:jwt-bearer';

export async function googleToken(ports: DashboardPorts, { login, tokenUrl }: Google): Promise<string> {
  const form = login.kind === 'service-account' ? await assertionForm(login.file, tokenUrl, ports.now) : await refreshForm(login);
  const url = new URL(tokenUrl);
  const answer = await ask(ports, { url, accept: 'application/json', body: { mediaType: 'application/x-www-form-urlencoded', text: form.toString() } });
  const { access_token: token, error, error_description: description } = jsonObject(answer.body) ?? {};
  if (answer.status === 200 && typeof token === 'string' && /^[\x21-\x7e]{1,16384}$/.test(token)) return token;
  const said = [error, description].filter((one) => typeof one === 'string').join(': ').slice(0, 300);
  throw dashboardFailure(`${url.host} gives no token (HTTP ${answer.status}${said === '' ? '' : `, ${said}`}): ${login.kind === 'refresh' ? 'the refresh token has ended or was taken back; make a new one' : 'see that the key of the service account is still valid there'}`);
}

async function refreshForm(login: Extract<Google['login'], { kind: 'refresh' }>): Promise<URLSearchParams> {
  return new URLSearchParams({
    grant_type: 'refresh_token',
    client_id: login.clientId,
    client_secret: await readSecretFile(login.clientSecretFile),
    refresh_token: await readSecretFile(login.refreshTokenFile),
  });
}

async function assertionForm(file: string, audience: string, now: number): Promise<URLSearchParams> {
  const account = jsonObject(await readSecretFile(file));
  const { client_email: issuer, private_key: pem, private_key_id: keyId } = account ?? {};
  if (typeof issuer !== 'string' || typeof pem !== 'string') throw dashboardFailure(`${file} is no key of a service account: take the JSON file that the Google Cloud console gives`);
  const issuedAt = Math.floor(now / 1000);
  const header = { alg: 'RS256', typ: 'JWT', ...(typeof keyId === 'string' ? { kid: keyId } : {}) };
  const claims = { iss: issuer, scope: POSTMASTER_SCOPE, aud: audience, iat: issuedAt, exp: issuedAt + LIFETIME_SECONDS };
  const signed = `${encoded(header)}.${encoded(claims)}`;
  try {
    const signature = sign('RSA-SHA256', Buffer.from(signed), createPrivateKey(pem)).toString('base64url');
    return new URLSearchParams({ grant_type: JWT_GRANT, assertion: `${signed}.${signature}` });
  } catch {
    throw dashboardFailure(`${file} has a private key that cannot be used`);
  }
}

function encoded(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}
